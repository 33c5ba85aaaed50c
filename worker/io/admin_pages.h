#pragma once

#include "worker/io/admin.h"

/* What the admin listener answers. Each page writes its body and returns the HTTP status. */
struct admin_page {
    const char *path;
    const char *content_type;
    unsigned (*write)(const struct admin_view *view, bool verbose, struct buffer *ret);
};

/* NULL: there is no such page. */
const struct admin_page *admin_page_find(const char *path);

/* Nothing but our own files; a page goes into nobody's frame and sends nothing elsewhere. */
#define ADMIN_CONTENT_POLICY                                                    \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " \
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define ADMIN_NO_SUCH_PAGE "not found; there are / /livez /readyz /metrics /status\n"
