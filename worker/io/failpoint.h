#pragma once

#include <stdbool.h>

/* Failpoints: places where a test lets the program die, freeze or meet a failure, and says which
 * time. They are in builds with the CMake option USHER_FAILPOINTS only; in all others failpoint()
 * is false, and nothing of it is left.
 *
 *     USHER_FAILPOINT=submit.answer:kill:37
 *
 * At the 37th pass of that point:
 *     kill  the process kills itself with SIGKILL
 *     stop  it stops itself with SIGSTOP; the test sends SIGCONT when it likes to
 *     fail  failpoint() is true this once, and the caller does what stands behind `fail` below
 * Several have commas between them. What cannot be read ends the process with 2 before main().
 * Each that is hit says so on stderr, in a line of its own: `failpoint submit.answer:kill:37`.
 *
 * The first thirteen are the crash points of the guarantees in their order. What is left behind by
 * a process that ends there: */
enum failpoint {
    /* claim.start: nothing. fail: no memory for the call. */
    FAILPOINT_CLAIM_START,
    /* claim.answer: a claim of this worker. fail: the answer is lost; it claims again. */
    FAILPOINT_CLAIM_ANSWER,
    /* dry_run.answer: a claim; Graph has done a dry run. fail: the answer is lost. */
    FAILPOINT_DRY_RUN_ANSWER,
    /* mark.start: a claim; the dry run has passed. fail: no memory for the call. */
    FAILPOINT_MARK_START,
    /* mark.answer: an intent, perhaps not durable; nothing sent. fail: the answer is lost. */
    FAILPOINT_MARK_ANSWER,
    /* submit.start: a durable intent, nothing sent; curl is about to send. fail: it may not. */
    FAILPOINT_SUBMIT_START,
    /* submit.answer: an intent, and Graph has decided. fail: the answer is lost. */
    FAILPOINT_SUBMIT_ANSWER,
    /* record.start: the same, the answer known to this process. fail: no memory for the call. */
    FAILPOINT_RECORD_START,
    /* record.answer: the answer in Redis, no reply. fail: Redis' answer is lost. */
    FAILPOINT_RECORD_ANSWER,
    /* transaction.open: the same, and an open transaction. fail: send_offsets runs out of time. */
    FAILPOINT_TRANSACTION_OPEN,
    /* commit.sent: the request to end the transaction is in the socket, done by the broker or not;
       on librdkafka's thread (failpoint_kafka.h). fail: the connection is cut; librdkafka sends it
       again by itself, and the producer is replaced. */
    FAILPOINT_COMMIT_SENT,
    /* commit.answer: a committed reply. fail: the answer is lost; the producer is replaced, and the
       group's offsets say what became of it. */
    FAILPOINT_COMMIT_ANSWER,
    /* commit.done: a committed reply, of which the loop has not heard. fail: the connection breaks
       just then, and the producer is replaced. */
    FAILPOINT_COMMIT_DONE,
    /* rebalance: partitions are offered, their offsets read, nothing taken up; on a thread of its
       own. fail: reading the offsets runs out of time. */
    FAILPOINT_REBALANCE,
    /* revoke: partitions are to be given away, with requests of theirs at work. fail: the pipeline
       is not told; their requests find out one by one. */
    FAILPOINT_REVOKE,
    /* lost: the same, and another may have the partitions already. */
    FAILPOINT_LOST,
    /* sigterm: the first signal is about to start the drain. fail: it is not heard. */
    FAILPOINT_SIGTERM,
    /* recycle: a new producer has ended what its predecessor left. The first pass is the start's.
       fail: init_transactions runs out of time. */
    FAILPOINT_RECYCLE,
    /* look.answer: an intent of unknown fate, asked for. fail: the answer is lost. */
    FAILPOINT_LOOK_ANSWER,
    FAILPOINT_COUNT
};

#ifdef USHER_FAILPOINTS
/* To be called from any thread. True: behave as if it had failed here. */
bool failpoint(enum failpoint point);
#else
static inline bool failpoint(enum failpoint point)
{
    (void)point;
    return false;
}
#endif
