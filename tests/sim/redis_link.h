#pragma once

#include "tests/sim/node.h"

/* One worker's connection to the model of Redis, and its commands: what the calls of redis.c are
 * made of. */

enum redis_what {
    COMMAND_CLAIM,
    COMMAND_MARK,
    COMMAND_WAIT,
    COMMAND_RECORD,
    COMMAND_RELEASE,
    COMMAND_RAISE
};

struct redis_command {
    struct letter message;
    struct redis_command *next, *previous; /* of the connection, while it waits for the answer */
    enum redis_what what;
    struct request *rq; /* NULL: nobody waits */
    int key;
    bool is_lost;     /* never arrives */
    bool is_detached; /* its connection is broken: nobody hears the answer */
    bool other_server, confirms, yields;
    int64_t sent_ms, intent_ms;
    struct redis_caller caller;
    union {
        struct redis_claim claim;
        struct redis_record record;
        int64_t hint_ms;
    } script;
    uint64_t fence;
    char cid[GUID_SIZE];
    struct redis_answer answer;
};
static_assert(sizeof(struct redis_command) <= SLOT_SIZE, "commands are slots");

/* A command with all that every script is told. `rq` NULL: nobody waits. */
struct redis_command *redis_make(struct redis *redis, enum redis_what what, struct request *rq);
/* Sends it, and paces its request where there is no connection. */
void redis_send(struct redis *redis, struct redis_command *command,
                void (*on_reply)(struct letter *), int64_t latency_ms);
int64_t redis_latency_ms(struct redis *redis);
/* The answer has come: who asked? NULL: the connection broke meanwhile. */
struct request *redis_take_answer(struct redis_command *command);
/* For commands whose answer nobody waits for. */
void redis_on_done(struct letter *message);
struct redis_known redis_known_of(const struct witness *witness, uint64_t writes);
void redis_pace(struct redis *redis, struct request *rq, int64_t pause_ms);
void redis_see_interlock(struct redis *redis, bool stands);
/* What the answer says of Redis' memory. */
void redis_see_memory(struct redis *redis, const struct redis_command *command);
void redis_server_text(const struct redis *redis, char ret[WITNESS_SERVER_SIZE]);
