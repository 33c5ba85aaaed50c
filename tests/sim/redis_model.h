#pragma once

#include "tests/sim/redis_state.h"

/* What the scripts of worker/io/redis_scripts.c do, in C: tests/io/test_redis_model.c shows that it
 * is the same, call by call. Keys are numbers, and so are owners, runs, hashes and origins: a
 * script only compares them. Pure; time comes in. */

/* What somebody knows of Redis: its memory's id (0: nothing), and how many writes it had counted of
 * the worker of that slot. */
struct redis_known {
    uint64_t memory, writes;
    unsigned slot;
};

/* The caller of a script: ARGV that all of them have. */
struct redis_caller {
    uint64_t owner, run, fresh_memory;
    struct redis_known known; /* by itself */
    int64_t lease_ms, keep_ms, now_us;
};

enum redis_word {
    REDIS_WORD_NEW,
    REDIS_WORD_TAKEN,
    REDIS_WORD_HELD,
    REDIS_WORD_SEEN,
    REDIS_WORD_INTERRUPTED,
    REDIS_WORD_CONFLICT,
    REDIS_WORD_INTERLOCK,
    REDIS_WORD_OK,
    REDIS_WORD_LOST,
};
const char *redis_word(enum redis_word word);

struct redis_claim {
    uint64_t hash, origin;
    bool replay;
    struct redis_known witness; /* by the owner before it */
};

struct redis_answer {
    enum redis_word word;
    uint64_t fence;
    int64_t held_ms, intent_ms, now_ms;
    char cid[GUID_SIZE];
    struct str stored;
    uint64_t origin;
    unsigned crashes;
    uint64_t memory, writes;
    bool forgot;
};

void redis_model_claim(struct redis_model *redis, int number, const struct redis_caller *caller,
                       const struct redis_claim *claim, struct redis_answer *ret);

struct redis_mark {
    uint64_t fence;
    const char *cid;
    int64_t hint_ms; /* 0: Redis' own clock counts */
};
void redis_model_mark(struct redis_model *redis, int number, const struct redis_caller *caller,
                      const struct redis_mark *mark, struct redis_answer *ret);

struct redis_record {
    uint64_t fence, hash, origin;
    const char *cid;
    int64_t intent_ms;
    struct str stored;
    enum answer out;
};
enum redis_word redis_model_record(struct redis_model *redis, int number,
                                   const struct redis_caller *caller,
                                   const struct redis_record *record);

/* `yield`: the claim stays, but anybody may take it at once; else it is forgotten. */
enum redis_word redis_model_release(struct redis_model *redis, int number,
                                    const struct redis_caller *caller, uint64_t fence, bool yield);
