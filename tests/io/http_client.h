#pragma once

#include "worker/io/http.h"
#include "worker/io/token.h"

#include <uv.h>

/* What the tests of worker/io/http.h and token.h share: settings, a loop, and calls whose answers
 * are kept. */

struct client {
    uv_loop_t loop;
    struct settings settings;
    struct token *token;
    struct http *http;
    char base_url[128];
    unsigned answers; /* calls that were answered */
};

/* One call and what came of it. */
struct call {
    struct request rq;
    struct client *client;
    unsigned answered; /* must end at 1 */
    enum http_reach reach;
    bool timed_out;
    int status;
    char body[256];
    char error[512];
    char request_id[GRAPH_REQUEST_ID_MAX];
    char diagnostic[GRAPH_DIAGNOSTIC_MAX];
    int64_t retry_after_ms;
    int used_permille;
    enum gate_scope scope;
    bool may_send;  /* what may_send() says */
    unsigned asked; /* how often it was */
};

/* No token, timeout 2 s, 64 in flight; `base` is "http://127.0.0.1" or https. Change
 * client->settings before client_open(). */
void client_init(struct client *client, const char *base, unsigned port);
void client_open(struct client *client, bool with_token);
void client_close(struct client *client);

/* Starts a POST (or, `path` given, a GET). */
void call_start(struct call *call, struct client *client, bool for_real);
void call_post(struct call *call, struct client *client, const char *body, bool for_real);
void call_post_to_v1(struct call *call, struct client *client); /* for real */
void call_get(struct call *call, struct client *client, const char *path);
/* Turns the loop until so many calls have been answered, at most 20 s. */
void client_wait(struct client *client, unsigned answers);
/* Starts one and waits for it. */
void call_make(struct call *call, struct client *client, bool for_real);
