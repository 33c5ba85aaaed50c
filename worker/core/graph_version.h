#pragma once

/* The two versions of Graph that a request may be written for. Only beta has a dry run (facts:
 * graph 1.2). */
enum graph_version { GRAPH_BETA, GRAPH_V1, GRAPH_VERSIONS };
