#pragma once

#include "config/settings.h"
#include "worker/io/kafka_stats.h"
#include "worker/io/settle.h"
#include "worker/io/source.h"

/* The part of metrics.h that is about Kafka. */
struct kafka_view {
    const struct settings *settings; /* names of topics and of the group */
    size_t assigned;                 /* partitions that are ours */
    int64_t lag;                     /* records; -1: not known, so left out */
    const struct kafka_place *places;
    size_t place_count;
    struct source_stats source;
    struct settle_stats settle;
    uint64_t statuses; /* sent to kafka.status_topic */
};

/* Partitions of which nothing is taken in now. Nothing is ever paused in the sense of librdkafka
 * (source.h). */
static inline size_t kafka_view_paused(const struct kafka_view *kafka)
{
    return kafka->source.intake == INTAKE_SHUT ? kafka->assigned : kafka->source.held;
}
