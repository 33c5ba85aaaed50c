#pragma once

#include "config/settings.h"
#include "worker/core/histogram.h"
#include "worker/core/pipeline.h"
#include "worker/io/source.h"

/* Replies, dead letters and offsets, out to Kafka: one transaction for a batch (exactly-once), or
 * produce, flush, commit (at-least-once). librdkafka's transaction calls block, so a thread of its
 * own carries a batch out while the loop collects the next; one batch is under way at a time, and
 * ledgers change only when it stands, which is what keeps their snapshots true. */
struct settle;

struct settle_events {
    /* Cannot go on, exit_code as contract 4: 69 Kafka cannot be reached at start, 75 fenced, 77
     * refused, 78 a topic is missing, 70 the watchdog (then leave at once: a call of librdkafka
     * does not come back). */
    void (*on_fatal)(void *context, int exit_code, const char *why);
    void *context;
};

struct settle_stats {
    uint64_t committed;    /* batches */
    uint64_t aborted;      /* batches of which nothing was committed; they are built anew */
    uint64_t recycled;     /* producers replaced: a connection broke, a time-out, a fence */
    uint64_t resumed;      /* times that nobody answered the producer (reachable.h) */
    uint64_t replies;      /* committed */
    uint64_t elsewhere;    /* of those, to topics of kafka.reply_topics_allowed */
    uint64_t dead_letters; /* committed */
    uint64_t unsent;       /* messages of batches of which nothing was committed */
    uint64_t lost;         /* requests whose partition had moved */
    int64_t batch_ms;      /* time under way of all committed batches together */
    size_t waiting;        /* requests that are collected now */
    size_t under_way;      /* and those of the batch */
    size_t messages;       /* that the producer has now */
    /* Of each batch that stands [0] or came to nothing [1], as far as it went. */
    struct histogram send[2], commit[2];
};

/* Reaches Kafka on its thread (30 s at most), and looks at the topics. Settings must outlive it.
 * NULL: out of memory, threads or handles. All `now_ms` below are uv_now() of the loop. */
struct settle *settle_create(uv_loop_t *loop, const struct settings *settings,
                             struct pipeline *pipeline, struct source *source,
                             const struct settle_events *events);
/* What is known of Redis goes into what is committed (worker/core/witness.h). It must outlive it.
 */
void settle_set_witness(struct settle *settle, const struct witness *witness);
/* Before the source; nothing may be under way that matters. Closes its handles on the loop, which
 * must run once more to free all. */
void settle_destroy(struct settle *settle);

/* The reply stage: the request joins the next batch. Posts OK when it is committed, LOST when its
 * partition has moved, FAILED when the broker refuses reply or dead letter even in brief. */
void settle_add(struct settle *settle, struct request *rq, int64_t now_ms);

/* Sends off a batch if one is due and none is under way. From uv_prepare, once a turn, after
 * pipeline_turn(). Returns when to be called again, or INT64_MAX. */
int64_t settle_turn(struct settle *settle, int64_t now_ms);
/* kafka.reply_topics_allowed has changed: from the next batch on the new list counts, and topics
 * that were not on the old one are looked at first. */
void settle_allow(struct settle *settle);
/* Nothing is collected and nothing under way. */
bool settle_is_idle(const struct settle *settle);
/* Kafka was reached, the topics are there, the transactional id is ours. */
bool settle_is_ready(const struct settle *settle);
struct settle_stats settle_stats(const struct settle *settle);
