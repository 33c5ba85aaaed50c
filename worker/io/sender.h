#pragma once

#include "worker/io/transaction.h"

/* The thread that brings batches to Kafka, one at a time, and keeps a healthy producer for it. A
 * part of worker/io/settle.h. */
struct sender;

enum sender_state {
    SENDER_STARTING, /* reaching Kafka, looking at the topics, taking the transactional id */
    SENDER_IDLE,
    SENDER_BUSY,
    SENDER_DONE,   /* sender_take() has the batch's fate */
    SENDER_LOOKS,  /* at the topics, again */
    SENDER_FAILED, /* for good: sender_failure() */
};

/* `on_change` is called on the thread whenever it leaves STARTING, BUSY or LOOKS. NULL: there is no
 * thread to be had. */
struct sender *sender_create(const struct settings *settings, rd_kafka_t *consumer,
                             void (*on_change)(void *context), void *context);
/* Waits for the call that is being made, at most 10 s but where the watchdog has spoken: `stuck`
 * gives the thread up. */
void sender_destroy(struct sender *sender, bool stuck);

enum sender_state sender_state(const struct sender *sender);

/* IDLE -> BUSY. The batch, and all that it points to, is the thread's until it is taken back. */
void sender_send(struct sender *sender, struct batch *batch);
/* DONE -> IDLE. Never FATE_DOUBTFUL. */
enum fate sender_take(struct sender *sender);

/* IDLE -> LOOKS, and by itself back to IDLE: kafka.reply_topics_allowed is another. The list must
 * stay until then. */
void sender_allow(struct sender *sender, const struct strings *allowed);

/* While IDLE: the topics and their partitions. */
const struct kafka_topics *sender_topics(const struct sender *sender);
/* FAILED: exit code and sentence. */
const struct kafka_refusal *sender_failure(const struct sender *sender);
/* A number that changes with each call that may block. */
unsigned sender_calls(const struct sender *sender);
/* Producers that were replaced. */
unsigned sender_recycles(const struct sender *sender);
/* Once a second: a producer that waits for brokers which it no longer knows is told of them
 * (reachable.h), and how often that was so. */
void sender_look(struct sender *sender, int64_t now_ms);
uint64_t sender_resumed(const struct sender *sender);
