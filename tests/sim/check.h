#pragma once

#include "tests/sim/mix.h"
#include "worker/core/request.h"

/* The checker: hears of everything that happens in the world, keeps its own account, and says when
 * a promise is broken (the invariants I1 to I13 of the design). It believes the models only, never
 * the worker.
 *
 * What cannot be promised, and so is counted instead of called a violation:
 *
 * - Forgotten: Redis has lost what it knew of an event (its claim, intent or answer was written,
 * and is gone), and so it is granted a second time, or answered as if nothing had happened. For
 * another record of the same source and id Redis' memory is all there is. For one and the same
 * record it takes more: its worker must have ended or lost its partition, and the next one not have
 * noticed the loss (no offset of the partition was committed since Redis' first claim, or Redis
 * does not tell its server and had as many writes again), or not have found what was sent, since
 * the clocks of Kafka and Graph differ by more than LOOK_CLOCK_SKEW_MS. With one kind of fault on
 * it is a violation.
 * - Late: an event is granted a second time, and reads and writes of Graph lagged by more than
 *   graph.settle together.
 * - Dry: Graph carried out a dry run.
 */

struct world;
struct node;
struct batch;
struct sim_record;
struct sim_event;
struct sim_post;

/* What was exercised, over many histories. */
struct counts {
    uint64_t histories, events, happenings;
    uint64_t crashes, freezes, drains, bounces, rebalances, sessions_lost, poisoned;
    uint64_t lost_answers, lost_requests, recycled, doubtful, fenced;
    uint64_t redis_breaks, redis_losses, redis_flushes, forgotten, clock_jumps;
    uint64_t graph_lost, graph_late, throttles, errors, interlocks, stale_claims;
    uint64_t looks, absences, interrupted;
    uint64_t answers[ANSWER_COUNT], duplicates, crash_loops;
    uint64_t twice_forgotten, twice_again, twice_late, twice_dry; /* granted twice, see above */
    uint64_t lies_forgotten,
        mistaken;          /* answers: see above; another event's request taken for ours */
    uint64_t late_commits; /* of workers that had lost the partition: refused */
};
void counts_add(struct counts *to, const struct counts *from);

struct check {
    bool failed;
    char invariant[16];
    char text[512];
    struct ledger ledger; /* to read metadata with */
    int64_t throttled_until_ms[NODES_MAX];
};

void check_init(struct check *check);
void check_reset(struct check *check);
void check_finish(struct check *check);

/* A promise is broken: the first one counts. */
void check_fail(struct world *world, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A call to Graph leaves a worker. `body_hash`: of all of the body but isValidationOnly. */
void check_call(struct node *node, const struct request *rq);
void check_post(struct node *node, const struct request *rq, uint64_t body_hash);
/* An answer of Graph reaches a worker. */
void check_dry_run_passed(struct node *node, const struct request *rq, uint64_t body_hash);
void check_throttled(struct node *node, int64_t pause_ms);
/* Graph carries something out. */
void check_applied(struct world *world, struct sim_record *record, bool was_dry_run);
/* An intent was confirmed to a worker. */
void check_marked(struct node *node, const struct request *rq, int64_t sent_ms);
/* A reply was handed to a transaction. */
void check_handed_over(struct node *node, const struct request *rq);
/* Redis has lost what it knew of that event. */
void check_forgotten(void *context, int event);
/* Redis lost what it knew of the event, and more than one fault came together; see above. */
bool check_is_excused(const struct world *world, const struct sim_event *event);
/* A worker's turn is over. */
void check_turn(struct node *node);

/* A reply as it stands in a transaction. */
struct sim_reply {
    struct sim_reply *next;
    struct sim_record *record;
    enum answer answer;
    bool duplicate;
    bool seen;        /* the stored answer, again */
    uint64_t members; /* its hash, then */
    char code[32];
};
/* Replies and offsets are committed. */
void check_reply(struct world *world, const struct sim_reply *reply);
void check_offset(struct world *world, unsigned partition, int64_t before, int64_t offset,
                  const char *metadata);
/* The history is over: all that can be said only now. */
void check_end(struct world *world);
