#pragma once

/* Every member that the facts name (graph 1.3, 1.5), typed from there and not from the worker's
 * table, in its order: what beta calls it, a blank, and what v1.0 does; - where one has none. NULL
 * at the end. */
extern const char *const assignment_pairs[];
extern const char *const resource_pairs[];
