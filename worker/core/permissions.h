#pragma once

#include "worker/core/event.h"
#include "worker/core/token_roles.h"

/* May we ask Graph for what we are here to ask for (facts: graph 6)? Judged by the token's
 * permissions and by what Graph says to reads that change nothing. Right to read is no right to
 * request, and a role of entitlement management shows in no token: so the answer may be that it
 * cannot be told. */

enum permission {
    PERMISSION_GOOD,
    PERMISSION_MISSING,
    PERMISSION_OPEN, /* only a request will tell */
};

/* What Graph said to reads. */
struct permission_view {
    bool list_is_allowed;          /* the list of all requests of the kind; else 403 */
    unsigned parts_allowed, parts; /* and by package or catalog, of those that policy lists */
};

enum { PERMISSION_TEXT_SIZE = 512 };

/* May requests of this kind be sent? `text`: a sentence without full stop: by what right, or what
 * is missing and what to do. */
enum permission permission_of_kind(enum kind kind, const struct token_roles *roles,
                                   const struct permission_view *view,
                                   char text[PERMISSION_TEXT_SIZE]);

/* Are the parts worth asking for? Where a permission does not cover all. */
bool permission_may_be_of_parts(const struct token_roles *roles,
                                const struct permission_view *view);

/* Resources come from three places, each with a permission of its own. */
enum { PERMISSION_ORIGINS = 3 };
const char *permission_origin_name(size_t origin); /* "groups" … */
enum permission permission_of_origin(size_t origin, const struct token_roles *roles,
                                     char text[PERMISSION_TEXT_SIZE]);
