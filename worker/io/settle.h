#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"
#include "worker/io/source.h"

/* Replies, dead letters and offsets, out to Kafka: one transaction for a batch (exactly-once), or produce, flush, commit
 * (at-least-once). librdkafka's transaction calls block, so a thread of its own carries a batch out while the loop collects the
 * next; one batch is under way at a time, which is what keeps the ledgers' snapshots true. */
struct settle;

struct settle_events {
    void (*on_fatal)(void *context, int exit_code, const char *why);
    void *context;
};

struct settle *settle_create(uv_loop_t *loop, const struct settings *settings, struct pipeline *pipeline,
                             struct source *source, const struct settle_events *events, struct error *error);
void settle_destroy(struct settle *settle);

/* The reply stage: the request joins the next batch. Posts OK when it is committed, LOST when its partition has moved, FAILED when the
 * broker refuses the reply even in brief. */
void settle_add(struct settle *settle, struct request *rq, int64_t now_ms);

/* Sends off a batch if one is due and none is under way. From uv_prepare, once a turn. Returns when to be called again, or INT64_MAX. */
int64_t settle_turn(struct settle *settle, int64_t now_ms);
/* Nothing is collected and nothing under way. */
bool settle_is_idle(const struct settle *settle);
