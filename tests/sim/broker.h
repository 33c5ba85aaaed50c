#pragma once

#include "tests/sim/node.h"

/* Requests of a worker's producer to the brokers (kafka.h), and what may befall them. */

/* One request to the brokers, and its answer. */
enum ask { ASK_INIT, ASK_REPLIES, ASK_OFFSETS, ASK_END, ASK_ABORT, ASK_COMMITTED };
struct broker_call {
    struct letter message;
    enum ask ask;
    unsigned id;
    int epoch;
    bool is_lost, answer_is_lost; /* the request; the answer */
    int64_t latency_ms;
    struct sim_reply *replies;
    const struct group_commit *commit; /* in the history's scrap */
    enum broker_error error;
    bool stands; /* ASK_COMMITTED: the batch */
};
static_assert(sizeof(struct broker_call) <= SLOT_SIZE, "calls are slots");

/* Asks, and has settle_on_answer() called with the answer, or, where it is lost,
 * settle_on_silence() after a while; the request may still arrive, late. */
void broker_ask(struct settle *settle, enum ask what);
void settle_on_answer(struct letter *message);
void settle_on_silence(struct letter *message);
