#pragma once

#include "config/settings.h"

#include <librdkafka/rdkafka.h>

/* Finds partitions that belong to no worker though the group is at rest, and says when to join
 * again because of them. A part of worker/io/source.h; on the loop's thread.
 *
 * A cooperative rebalance has two phases: first partitions are given up, then the one that gave
 * them up joins again, and they are handed out. If that one is restarted in between, the broker
 * gives a static member its old assignment back without a rebalance, and nobody ever asks for the
 * second phase. So a while after each assignment, and then each minute, the members' assignments
 * are held against the topic's partitions. What is missing twice in a row is an orphan, and the
 * member with the fewest partitions joins again, as it has least to lose; if it does not, the next
 * one does, one look later.
 *
 * It needs the right to describe group and topic, which the right to read them brings. Without an
 * answer nothing is done. */

enum orphans_state { ORPHANS_AT_REST, ORPHANS_ASK_TOPIC, ORPHANS_ASK_GROUP };

struct orphans {
    rd_kafka_t *rk;
    const struct settings *settings;
    rd_kafka_queue_t *queue; /* answers */
    enum orphans_state state;
    int64_t due_ms;  /* of the next look; INT64_MAX: none is due */
    int64_t soon_ms; /* how soon after an assignment; doubled each time that joining again was of
                        no use */
    rd_kafka_topic_partition_list_t *unowned; /* in this look */
    rd_kafka_topic_partition_list_t *missing; /* in the last one */
    unsigned looks;                           /* in a row that missed the same */
};

/* on_event: an answer has come; from any thread. */
void orphans_init(struct orphans *orphans, rd_kafka_t *rk, const struct settings *settings,
                  void (*on_event)(rd_kafka_t *rk, void *context), void *context);
/* Before the client handle's end. A zeroed struct is fine. */
void orphans_finish(struct orphans *orphans);

/* The assignment has changed: forgets what was seen, and looks soon. All `now_ms` are uv_now(). */
void orphans_expect(struct orphans *orphans, int64_t now_ms);
/* Looks if it is time to. True: join the group again, now; the log says for which partitions. */
bool orphans_turn(struct orphans *orphans, int64_t now_ms);
