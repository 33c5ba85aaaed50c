#pragma once

#include "worker/core/arena.h"
#include "worker/core/event.h"

#include <cjson/cJSON.h>

/* The body for Graph: checked by requestType, then spliced out of the event's own bytes, so that no
 * number and no text is ever printed anew (facts: graph 1.3 to 1.5). An event may be written for
 * beta or for v1.0, as the names of its members say, or its requestType where all of them are of
 * both. One for v1.0 is translated (graph_shape.h): what is kept is always beta's. */

/* Reads `data`, bytes and tree of one object that has passed json_read.h, into event->request_type,
 * version, validation_only, subject and body. event->kind is set before. False: event->fault says
 * which member is missing, mistyped or not allowed, or of the other version. What it keeps is taken
 * from `arena`, at most graph_body_arena_size(); neither bytes nor tree need outlive the call. */
bool graph_body_read(struct event *event, struct str data, const cJSON *tree, struct arena *arena);
size_t graph_body_arena_size(struct str data);

/* Writes the whole body for beta, `{"isValidationOnly":true,…}` or false. `size` must be at least
 * graph_body_size(). Returns its length; no NUL is written. */
size_t graph_body_size(const struct body *body);
size_t graph_body_write(const struct body *body, bool validation_only, char *ret, size_t size);
