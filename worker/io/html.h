#pragma once

#include "worker/core/buffer.h"

/* The only way for a text that is not ours into a page, be it between tags or in an attribute in
 * quotes. */

/* & < > " ' become entities. What no page may hold, or what would turn the text around it (control
 * characters, broken UTF-8, marks of direction), becomes U+FFFD; line feeds and tabs stay. */
void html_put(struct buffer *ret, struct str text);
void html_text(struct buffer *ret, const char *text);

/* At most `most` bytes of it, with an ellipsis where it is cut. */
void html_cut(struct buffer *ret, struct str text, size_t most);

/* A value in the query of a link: all but letters, digits and -._~ becomes %XX. */
void html_query(struct buffer *ret, const char *text);
