#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/* What librdkafka's statistics say of the brokers, which nothing else tells. They are JSON, every
 * five seconds, and name hosts as the brokers do, unescaped: so they are read in place, without
 * memory, and nothing of them becomes a name of ours but the brokers' numbers. */

enum {
    KAFKA_BROKERS_MAX = 64, /* that are told apart; the others are left out */
    KAFKA_PLACES_MAX = 256, /* partitions likewise; the last row stands for the rest */
};

struct kafka_broker {
    int32_t id;
    bool up;        /* there is a connection that can be used */
    int64_t rtt_us; /* of 99 in 100 requests at most, when there were some last; -1: never */
};

struct kafka_stats {
    struct kafka_broker brokers[KAFKA_BROKERS_MAX];
    size_t count;
};

/* A partition that is ours. */
struct kafka_place {
    int32_t partition; /* -1: all others */
    int64_t lag;       /* records behind what was taken in; -1: not known */
    size_t fetched;    /* records that wait in librdkafka */
    int64_t frontier;  /* all below is answered; -1: several partitions */
    int64_t end;       /* all below was read */
    bool held;         /* the window is full, or another row's is */
};

/* Adds a row; where `most` are there already, to the last one, which then stands for the rest.
 * Returns how many there are. */
size_t kafka_place_add(struct kafka_place *places, size_t count, size_t most,
                       struct kafka_place place);

/* Reads one edition. What cannot be read leaves all as it was. */
void kafka_stats_read(struct kafka_stats *stats, struct str json);
