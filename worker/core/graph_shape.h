#pragma once

#include "worker/core/buffer.h"
#include "worker/core/graph_check.h"

/* From what one version of Graph calls things to what the other does, by the table of
 * graph_members.h: names, the case of words (AdminAdd, adminAdd), and a catalogId that v1.0 has as
 * catalog.id. Values are copied byte by byte.
 *
 * What cannot be said in the other version is refused (notTranslated), and never left out: an
 * expirationDateTime that v1.0 has no place for would make a grant without end of one that the dry
 * run had seen end. Refused are members that the other version does not have, members that the
 * table does not know, UserExtend on v1.0, and objects where the facts do not show what is inside
 * (a recurrence, the source of an attribute). null is as good as absent and may be left out. */

/* Members of `data`, checked by graph_check.h: an object's bytes without white space outside of
 * strings, and its tree. */
struct graph_data {
    enum kind kind;
    struct str bytes;
    const cJSON *tree;
};

/* Writes the members that go to Graph, as `to` has them, without the braces around them, without
 * read-only ones and isValidationOnly. False: the fault says which member it is, and what to do. */
bool graph_shape_translate(const struct graph_data *data, enum graph_version to, struct buffer *ret,
                           struct fault *ret_fault);

/* The same, kept in event->body or event->v1_body. False: the fault is event->fault. */
bool graph_shape_keep(struct event *event, struct str bytes, const cJSON *tree,
                      enum graph_version to);

/* Most bytes of a translation: the longest names grow by less than their objects' own size. */
size_t graph_shape_size_max(size_t size);

/* What v1.0 calls it, or NULL: it has none (facts: graph 1.4). request_type_name() is beta's. */
const char *request_type_v1_name(enum request_type request_type);

/* "beta", "v1.0" */
const char *graph_version_name(enum graph_version version);
