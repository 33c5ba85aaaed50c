#pragma once

#include "worker/core/buffer.h"

/*
 * Writes JSON text at the end of a buffer, without white space. Commas come by themselves. What
 * comes out is valid UTF-8 whatever goes in: a byte that is none becomes U+FFFD.
 *
 * `name` is the member's name, our own literal in plain ASCII; NULL in an array, or for the
 * outermost value. Calls must be well nested; nothing else has to be checked before buffer_take().
 */
void json_begin_object(struct buffer *json, const char *name);
void json_end_object(struct buffer *json);
void json_begin_array(struct buffer *json, const char *name);
void json_end_array(struct buffer *json);

/* A piece with data NULL is null. */
void json_put_text(struct buffer *json, const char *name, struct str value);
void json_put_integer(struct buffer *json, const char *name, int64_t value);
void json_put_bool(struct buffer *json, const char *name, bool value);
/* Text that is JSON already: a whole value. The caller has checked it. */
void json_put_raw(struct buffer *json, const char *name, struct str value);
/* Likewise, but members without the braces around them, into an open object; none if empty. */
void json_put_members(struct buffer *json, struct str members);

/* RFC 3339 in UTC with milliseconds. */
void json_put_time(struct buffer *json, const char *name, int64_t unix_ms);
