/*
 * What came back of the demo's events, compared with what they were made to give: each reply is
 * matched to its record by data.origin, each dead letter by its kafka_dlt-original-* headers, and
 * the sandbox is asked what it really did.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "worker/cli/demo_events.h"

/* What the sandbox says it was asked and did. */
struct demo_graph_counts {
    int64_t dry_runs, submits, looks;
    int64_t applied;         /* of the submits: grants and removals that took place */
    int64_t applied_dry_run; /* 0 is due */
};

struct demo_tally {
    struct demo_events *events;
    uint32_t sent, answered; /* events */
    unsigned strangers;      /* replies and dead letters that belong to no event of ours */
    struct demo_graph_counts graph;
};

/* A record of the replies or dead letters topic: `context` is the tally. */
void demo_tally_take(void *context, rd_kafka_message_t *message);

/* Asks the sandbox at `graph` (http://127.0.0.1:41234). False: it gave no answer. */
bool demo_tally_ask_graph(struct demo_tally *tally, const char *graph);

/* The table of outcomes, to standard output. `took_ms`: from the first event sent to the last one
 * answered. */
void demo_tally_print(const struct demo_tally *tally, int64_t took_ms);

/* True if every event was answered once and as it was made to be; what was not is printed to
 * standard error, the first ten of it. */
bool demo_tally_check(const struct demo_tally *tally);
