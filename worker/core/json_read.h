#pragma once

#include "worker/core/json_gate.h"

#include <cjson/cJSON.h>

/* From bytes to a cJSON tree, and back to the bytes a member stands in: what is sent on is copied,
 * never printed anew. */

/* The gate, then cJSON. The caller deletes the tree. NULL: `ret` says why. */
cJSON *json_parse(struct str bytes, struct json_fault *ret);

/* What only the tree shows: names that stand twice in one object once escapes are decoded (code
 * duplicateMember), numbers that no double holds (invalidNumber). */
bool json_check(const cJSON *tree, struct json_fault *ret);

/* Both. */
cJSON *json_read(struct str bytes, struct json_fault *ret);

/* Walks the members of an object whose bytes have passed the gate, in their order, which is also
 * that of the tree's children. */
struct json_walk {
    const char *at, *end;
};

struct json_walk json_walk_object(struct str object);
/* The next member's bytes, from its name's first quote to its value's last byte, and those of the
 * value alone; false at the end. */
bool json_walk_next(struct json_walk *walk, struct str *ret_member, struct str *ret_value);

/* The same for the values of a list. */
struct json_walk json_walk_list(struct str list);
bool json_walk_next_value(struct json_walk *walk, struct str *ret_value);

/* Copies JSON without the white space outside of strings; `ret` has room for all of it. Returns
 * how many bytes were written. */
size_t json_compact(struct str bytes, char *ret);

/* How much of item->string, which is not NULL, to show in a sentence, for `%.*s`: what stands
 * before the first control character, and no more than 64 bytes. */
int json_name_size(const cJSON *item);
