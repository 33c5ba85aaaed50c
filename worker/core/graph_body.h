#pragma once

#include "worker/core/event.h"

#include <cjson/cJSON.h>

/* The body for Graph: checked by requestType, then spliced out of the event's own bytes (facts: graph 1.3 to 1.5). */

/* Reads `data` (already through the strict gate, `tree` is its parse) into event->request_type, validation_only, subject and
 * body. False: event->fault says which member is missing, mistyped or not allowed. Strings go to event->memory's owner through
 * the tree, which the caller keeps as long as the event. */
bool graph_body_read(struct event *event, struct str data, const cJSON *tree);

/* Writes the whole body, `{"isValidationOnly":true,…}` or false. `size` must be at least graph_body_size(). Returns its length (no NUL counted). */
size_t graph_body_size(const struct body *body);
size_t graph_body_write(const struct body *body, bool validation_only, char *ret, size_t size);
