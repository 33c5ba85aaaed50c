#pragma once

#include "worker/core/request.h"
#include "worker/io/http.h"
#include "worker/io/http_loop.h"

/* The inside of worker/io/http.h: a call that was asked for, and a slot: one of the kept easy
 * handles, which carries out one call at a time. */

/* A queued call, in one piece of memory with all that it copied. */
struct queued {
    struct queued *next;
    struct request *rq;
    struct http_call call;  /* its pointers point behind this struct */
    const char *url;        /* base_url and path */
    const char *operation;  /* for the statistics */
    char *trace_headers[2]; /* "traceparent: …", "tracestate: …"; NULL: none */
    bool is_second_try;     /* a 401 was answered with a new token */
};

struct queued *queued_create(const char *base_url, struct request *rq,
                             const struct http_call *call);
void queued_destroy(struct queued *queued);

/* The headers that all calls share while a token lives; wiped when the last call that uses them has
 * ended. */
struct bearer {
    unsigned users;
    unsigned number;            /* of the token (token.h) */
    struct curl_slist nodes[5]; /* Content-Type, Accept, Expect, User-Agent, Authorization */
    size_t size;
    char text[]; /* "Authorization: Bearer …" */
};

/* `token` NULL: without Authorization. NULL: no memory. */
struct bearer *bearer_create(const char *token, unsigned number);
void bearer_release(struct bearer *bearer); /* one user less; NULL is fine */

struct slot {
    struct http_transfer transfer; /* first, so that one is the other */
    struct slot *next, *previous;  /* in the list of the free or of the busy ones */
    struct http *http;
    struct queued *queued; /* what it carries out; NULL: free */
    struct bearer *bearer;
    struct curl_slist nodes[3]; /* of this call: client-request-id, traceparent, tracestate */
    char id_header[sizeof "client-request-id: " + GUID_SIZE];
    bool has_head;   /* the empty line after the answer's headers has come */
    unsigned sends;  /* how often curl was about to send it */
    bool is_refused; /* may_send said no at the first */
    char *body;      /* what was received */
    size_t body_size, body_capacity;
    bool body_is_cut; /* over HTTP_BODY_MAX */
};

/* NULL: no memory. The transfer's on_done is the caller's. */
struct slot *slot_create(struct http *http, struct http_loop *loop,
                         const struct settings *settings);
void slot_destroy(struct slot *slot);

/* How the next transfer finds its connection. */
struct slot_way {
    bool fresh;    /* on a new one */
    bool pipewait; /* wait for one that is being made, if it may turn out to be HTTP/2 */
    CURLU *parsed; /* the address of the call; NULL: curl shall read it from queued->url */
};

/* Makes the handle ready for a call, and takes over one use of the bearer. */
void slot_load(struct slot *slot, struct queued *queued, struct bearer *bearer,
               struct slot_way way);

/* What came of it. `answer` points into the slot and into `text`. */
enum { SLOT_TEXT_SIZE = 512 };
void slot_read_answer(struct slot *slot, CURLcode result, char text[SLOT_TEXT_SIZE],
                      struct http_answer *ret);

/* What the claims challenge of its answer asks for (token_claims.h), for the caller to free; NULL:
 * there is none. */
char *slot_read_claims(const struct slot *slot);

/* Forgets the call (not its memory). */
void slot_unload(struct slot *slot);
