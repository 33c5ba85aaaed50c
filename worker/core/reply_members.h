#pragma once

#include "worker/core/buffer.h"
#include "worker/core/request.h"
#include "worker/core/rfc3339.h"

/* What reply.c and dead_letter.c share: the stored members, written and read again. */

/* Writes the members into the open object. `brief`: without `graph` and error.details. */
void reply_members_write(struct buffer *json, const struct request *rq, bool brief);

/* An answer in short: of the request itself, or of the stored answer where it has one. */
struct reply_facts {
    enum answer answer;
    struct fault fault; /* code "" after a success; details and whole NULL */
    unsigned calls;     /* to Graph, all kinds */
    char finished[RFC3339_SIZE];
};
/* False: rq->stored is no such members. */
bool reply_facts_read(const struct request *rq, struct reply_facts *ret);
