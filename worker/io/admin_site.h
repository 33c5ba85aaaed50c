#pragma once

#include "worker/core/buffer.h"

/* What an admin listener serves beside the fixed paths of admin_pages.h: the status page
 * (worker/page.h). On the loop's thread. */
struct admin;

enum {
    ADMIN_LATER_MAX = 5, /* HTTP requests in the hands of a site at once; more are answered 503 */
};

enum admin_verdict {
    ADMIN_NOT_FOUND, /* it has no such page */
    ADMIN_ANSWERED,  /* the answer stands in the request */
    ADMIN_LATER,     /* the page has kept the request and calls admin_ask_end() once */
};

/* One HTTP request, GET or HEAD, and what it is answered. */
struct admin_ask {
    const char *path;
    void *connection; /* microhttpd's */
    struct admin *admin;
    unsigned status;
    const char *content_type;
    const char *cache; /* Cache-Control */
    struct buffer body;
    bool waits; /* ADMIN_LATER, and not ended */
};

struct admin_site {
    enum admin_verdict (*answer)(void *context, struct admin_ask *ask);
    void *context;
};

/* A value of its query, decoded; NULL: there is none of that name, or it has a NUL in it. It lives
 * until the answer. */
const char *admin_ask_query(const struct admin_ask *ask, const char *name);

/* The answer that was to come later stands now. The request is not the caller's any more. */
void admin_ask_end(struct admin_ask *ask);
