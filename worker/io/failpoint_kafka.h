#pragma once

#include "worker/io/failpoint.h"

#include <librdkafka/rdkafka.h>

/* The failpoint commit.sent: between librdkafka and its socket, where no call of ours stands. To be
 * put into the producer's configuration. Nothing in a build without failpoints. */
#ifdef USHER_FAILPOINTS
void failpoint_watch_commits(rd_kafka_conf_t *conf);
#else
static inline void failpoint_watch_commits(rd_kafka_conf_t *conf)
{
    (void)conf;
}
#endif
