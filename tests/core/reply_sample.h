#pragma once

#include "worker/core/reply.h"

/* A request that can be answered, for the tests of replies and dead letters. */
struct sample {
    struct partition partition;
    struct header headers[8];
    struct request rq;
};

/* A submitted assignment of record access-requests/3/42, in binary mode if `binary`; Graph was
 * called twice. */
void sample_init(struct sample *sample, bool binary);
void sample_finish(struct sample *sample);
void sample_add_header(struct sample *sample, const char *name, struct str value);

extern const struct reply_settings sample_settings; /* group "usher", allowed: "hr-replies" */

/* The header of that name, our own first, then the kept ones; NULL if there is none. Fails the test
 * if it stands twice. */
const struct header *message_header(const struct message *message, const char *name);
void assert_header(const struct message *message, const char *name, const char *value);
