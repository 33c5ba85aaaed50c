#pragma once

#include "worker/core/graph_answer.h"

#include <cjson/cJSON.h>

/* Reading what Graph wrote, and putting into words what went wrong on the way: the parts that the
 * two POSTs (graph_answer.c) and the look-up (look.c) share. */

/* Pauses where the answer names none. */
enum {
    /* No connection, or no token: curl or the token's own backoff has waited already. */
    PAUSE_NOT_SENT_MS = 1000,
    /* 429 or 503 without Retry-After: Graph's SDKs start at 3 s, and the calls of a worker come in
     * numbers. */
    PAUSE_THROTTLED_MS = 5000,
    /* A new token was refused too: somebody must act, and asking faster does not help. */
    PAUSE_REFUSED_TOKEN_MS = 10000,
};

/* Graph's own error body: {"error":{"code","message","details":[{"code"}]}}. The strings live as
 * long as the tree. */
struct graph_error {
    const char *code;    /* printable ASCII, fits a fault; NULL: this is no error body of Graph's */
    const char *message; /* its text, or message.value; "" if there is none */
    const cJSON *details; /* an array, or NULL */
};

/* The answer's body as an object, through the strict gate; the caller deletes it. NULL: the answer
 * is not whole, its body is empty, unreadable, or no object. */
cJSON *graph_body_parse(const struct http_answer *answer);

struct graph_error graph_error_read(const cJSON *tree);

/* Is `code` its error.code or one of its error.details[].code? */
bool graph_error_says(const struct graph_error *error, const char *code);

/* Each of these sets the fault. By Graph's own error; and, where there is none, by reach and status
 * with a code of ours: timeout connectionLost graphUnreachable throttled tokenRefused badGateway
 * redirected notGraph unreadableAnswer claimStale. */
void graph_fault_set(struct fault *fault, enum stage stage, const struct http_answer *answer,
                     const struct graph_error *error);

/* As JSON text, the caller's; NULL: `item` is NULL, longer than `most`, or there is no memory. */
char *graph_print(const cJSON *item, size_t most);

/* The pause that a 429 or 503 asks for. */
int64_t graph_pause_ms(const struct http_answer *answer);

/* Keeps Graph's request-id for the reply. */
void graph_keep_ids(struct request *rq, const struct http_answer *answer);

/* Also keeps the body, if `object`: the reply will show it. The object of an earlier answer is
 * forgotten either way. */
void graph_keep(struct request *rq, const struct http_answer *answer, bool object);
