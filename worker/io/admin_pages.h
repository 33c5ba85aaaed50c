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
