/* The simulation's model of Redis is the scripts: the same random calls through both, and every
 * text of every answer compared. The scripts' clock is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/io/redis_server.h"
#include "tests/sim/redis_model.h"
#include "worker/io/redis_scripts.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALLS = 30000,
    KEYS = 5,
    WORKERS = 3,
    BODIES = 2,
    ORIGINS = 3,
    LEASE_MS = 2000,
    STEP_MOST_MS = 900,
    KEEP_MS = 1000000000, /* a key's end is Redis' own doing, by its own clock */
    SCRIPT_SIZE = 8192,
    WORD_SIZE = 64,
};
#define START_US INT64_C(1760000000000000)

static struct redis_server server;
static redisContext *redis;
static struct redis_model model;
static int64_t now_us = START_US;
static uint64_t state = 88172645463325252U;

static struct worker {
    struct redis_known known;
    uint64_t run;
    uint64_t fences[KEYS];
    char cids[KEYS][GUID_SIZE];
} workers[WORKERS];

static unsigned claims[REDIS_WORD_LOST + 1], forgotten, crashed; /* what was answered */

static uint64_t chance(uint64_t most)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % (most + 1);
}

/* ---- the real one ---- */

struct words {
    const char *items[32];
    char texts[32][WORD_SIZE];
    int count;
};

static void add_text(struct words *words, const char *text)
{
    assert_in_range(words->count, 0, 31);
    words->items[words->count++] = text;
}

static void add_number(struct words *words, uint64_t number)
{
    char *text = words->texts[words->count];
    (void)snprintf(text, WORD_SIZE, "%" PRIu64, number);
    add_text(words, text);
}

static void add_name(struct words *words, const char *name, uint64_t number)
{
    char *text = words->texts[words->count];
    (void)snprintf(text, WORD_SIZE, "m:%s%" PRIu64, name, number);
    add_text(words, text);
}

/* A run, a memory's id: "" for 0. */
static void add_id(struct words *words, uint64_t id)
{
    char *text = words->texts[words->count];
    (void)snprintf(text, WORD_SIZE, "%016" PRIx64, id);
    add_text(words, id != 0 ? text : "");
}

/* The script with our clock, which are its last two arguments. */
static const char *script_text(enum redis_script script)
{
    static char text[SCRIPT_SIZE];
    static const char clock[] = "redis.call('TIME')";
    const char *from = redis_script_text(script), *at = strstr(from, clock);
    if (at == NULL)
        return from;
    (void)snprintf(text, sizeof text, "%.*s{ARGV[#ARGV - 1], ARGV[#ARGV]}%s", (int)(at - from),
                   from, at + strlen(clock));
    return text;
}

static redisReply *call(enum redis_script script, struct words *words, int keys)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "5"};
    const char *arguments[40] = {"EVAL", script_text(script), numbers[keys]};
    add_number(words, (uint64_t)(now_us / 1000000));
    add_number(words, (uint64_t)(now_us % 1000000));
    memcpy(arguments + 3, words->items, (size_t)words->count * sizeof *arguments);
    redisReply *reply = redisCommandArgv(redis, words->count + 3, arguments, NULL);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", reply->str);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    return reply;
}

static void expect_text(const redisReply *reply, size_t index, const char *expected)
{
    if (strcmp(reply->element[index]->str, expected) != 0)
        fail_msg("text %zu is \"%s\", and the model says \"%s\"", index, reply->element[index]->str,
                 expected);
}

static void expect_number(const redisReply *reply, size_t index, uint64_t expected)
{
    char text[WORD_SIZE];
    (void)snprintf(text, sizeof text, "%" PRIu64, expected);
    expect_text(reply, index, text);
}

static void expect_id(const redisReply *reply, size_t index, uint64_t expected)
{
    char text[WORD_SIZE];
    (void)snprintf(text, sizeof text, "%016" PRIx64, expected);
    expect_text(reply, index, text);
}

/* ---- both ---- */

/* The worker's fence for the key, or sometimes an old one. */
static uint64_t fence_of(unsigned worker, unsigned key)
{
    uint64_t fence = workers[worker].fences[key];
    return fence > 0 && chance(5) == 0 ? fence - 1 : fence;
}

static struct redis_caller caller_of(unsigned worker)
{
    return (struct redis_caller){
        .owner = worker + 1,
        .run = workers[worker].run,
        .fresh_memory = chance(UINT32_MAX) + 1,
        .known = workers[worker].known,
        .lease_ms = LEASE_MS,
        .keep_ms = KEEP_MS,
        .now_us = now_us,
    };
}

static void add_keys(struct words *words, unsigned key, const struct redis_caller *caller)
{
    add_name(words, "event:", key);
    add_text(words, "m:interlock");
    add_text(words, "m:memory");
    add_name(words, "writes:", caller->known.slot);
}

static void see_memory(unsigned worker, const struct redis_answer *answer)
{
    workers[worker].known.memory = answer->memory;
    workers[worker].known.writes = answer->writes;
}

static void claim(unsigned worker, unsigned key)
{
    struct redis_caller caller = caller_of(worker);
    struct redis_claim claim = {
        .hash = chance(BODIES - 1) + 1,
        .origin = chance(ORIGINS - 1) + 1,
        .replay = chance(4) == 0,
    };
    if (chance(3) == 0) { /* what somebody else has seen, now or a while ago */
        claim.witness = workers[chance(WORKERS - 1)].known;
        claim.witness.writes -= claim.witness.writes > 0 ? chance(1) : 0;
    }
    struct words words = {.count = 0};
    add_keys(&words, key, &caller);
    add_name(&words, "writes:", claim.witness.memory != 0 ? claim.witness.slot : caller.known.slot);
    add_number(&words, caller.owner);
    add_number(&words, LEASE_MS);
    add_number(&words, KEEP_MS);
    add_number(&words, claim.hash);
    add_number(&words, claim.origin);
    add_number(&words, claim.replay);
    add_id(&words, caller.run);
    add_id(&words, caller.fresh_memory);
    add_id(&words, claim.witness.memory);
    add_number(&words, claim.witness.writes);
    add_id(&words, caller.known.memory);
    add_number(&words, caller.known.writes);
    redisReply *reply = call(REDIS_CLAIM, &words, 5);
    struct redis_answer answer;
    redis_model_claim(&model, (int)key, &caller, &claim, &answer);
    expect_text(reply, 0, redis_word(answer.word));
    expect_number(reply, 1, answer.fence);
    expect_number(reply, 2, (uint64_t)answer.held_ms);
    expect_number(reply, 3, (uint64_t)answer.intent_ms);
    expect_number(reply, 4, (uint64_t)answer.now_ms);
    expect_text(reply, 5, answer.cid);
    expect_text(reply, 6, answer.stored.data != NULL ? answer.stored.data : "");
    if (answer.origin != 0)
        expect_number(reply, 7, answer.origin);
    expect_number(reply, 8, answer.crashes);
    expect_id(reply, 9, answer.memory);
    expect_number(reply, 10, answer.writes);
    expect_number(reply, 11, answer.forgot);
    freeReplyObject(reply);
    see_memory(worker, &answer);
    claims[answer.word]++;
    forgotten += answer.forgot;
    crashed += answer.crashes > 1;
    if (answer.fence != 0)
        workers[worker].fences[key] = answer.fence;
}

static void mark(unsigned worker, unsigned key)
{
    struct redis_caller caller = caller_of(worker);
    char *cid = workers[worker].cids[key];
    (void)snprintf(cid, GUID_SIZE, "cid-%u", (unsigned)chance(1000));
    struct redis_mark mark = {
        .fence = fence_of(worker, key),
        .cid = cid,
        .hint_ms = chance(1) == 0 ? now_us / 1000 - (int64_t)chance(500) : 0,
    };
    struct words words = {.count = 0};
    add_keys(&words, key, &caller);
    add_number(&words, caller.owner);
    add_number(&words, LEASE_MS);
    add_number(&words, KEEP_MS);
    add_number(&words, mark.fence);
    add_text(&words, mark.cid);
    add_number(&words, (uint64_t)mark.hint_ms);
    add_id(&words, caller.fresh_memory);
    add_id(&words, caller.known.memory);
    add_number(&words, caller.known.writes);
    redisReply *reply = call(REDIS_MARK, &words, 4);
    struct redis_answer answer;
    redis_model_mark(&model, (int)key, &caller, &mark, &answer);
    expect_text(reply, 0, redis_word(answer.word));
    expect_number(reply, 1, (uint64_t)answer.intent_ms);
    expect_id(reply, 2, answer.memory);
    expect_number(reply, 3, answer.writes);
    freeReplyObject(reply);
    see_memory(worker, &answer);
}

static void record(unsigned worker, unsigned key)
{
    static const char *const answers[] = {"answer a", "answer b"};
    struct redis_caller caller = caller_of(worker);
    const char *stored = answers[chance(1)];
    struct redis_record record = {
        .fence = fence_of(worker, key),
        .hash = chance(BODIES - 1) + 1,
        .origin = chance(ORIGINS - 1) + 1,
        .cid = chance(2) == 0 ? "" : workers[worker].cids[key],
        .intent_ms = chance(1) == 0 ? now_us / 1000 : 0,
        .stored = str_of(stored),
        .out = (enum answer)(ANSWER_SUBMITTED + chance(ANSWER_COUNT - ANSWER_SUBMITTED - 1)),
    };
    struct words words = {.count = 0};
    add_name(&words, "event:", key);
    add_number(&words, caller.owner);
    add_number(&words, KEEP_MS);
    add_number(&words, record.fence);
    add_number(&words, record.hash);
    add_text(&words, record.cid);
    add_number(&words, (uint64_t)record.intent_ms);
    add_text(&words, stored);
    add_text(&words, answer_name(record.out));
    add_number(&words, record.origin);
    redisReply *reply = call(REDIS_RECORD, &words, 1);
    expect_text(reply, 0, redis_word(redis_model_record(&model, (int)key, &caller, &record)));
    freeReplyObject(reply);
}

static void release(unsigned worker, unsigned key)
{
    struct redis_caller caller = caller_of(worker);
    bool yield = chance(1) == 0;
    uint64_t fence = fence_of(worker, key);
    struct words words = {.count = 0};
    add_name(&words, "event:", key);
    add_number(&words, caller.owner);
    add_number(&words, fence);
    add_text(&words, yield ? "yield" : "forget");
    redisReply *reply = call(REDIS_RELEASE, &words, 1);
    enum redis_word word = redis_model_release(&model, (int)key, &caller, fence, yield);
    expect_text(reply, 0, redis_word(word));
    freeReplyObject(reply);
}

static void ignore(void *context, int key)
{
    (void)context;
    (void)key;
}

/* What is not a script's: the interlock, a restarted worker, a Redis that was emptied or has lost
 * count. */
static void disturb(unsigned worker)
{
    switch (chance(9)) {
    case 0:
        model.interlock = !model.interlock;
        redis_server_say(&server, model.interlock ? "SET m:interlock x" : "DEL m:interlock");
        break;
    case 1:
        redis_server_say(&server, "FLUSHALL");
        redis_model_flush(&model, ignore, NULL);
        break;
    case 2:
    case 3:
        model.writes[worker] /= 2;
        redis_server_ask(&server, "SET m:writes:%u %" PRIu64, worker, model.writes[worker]);
        model.writes_expire_ms[worker] = INT64_MAX;
        break;
    default:
        workers[worker].run++;
    }
}

static void a_random_call(void)
{
    unsigned worker = (unsigned)chance(WORKERS - 1), key = (unsigned)chance(KEYS - 1);
    now_us += (int64_t)chance(STEP_MOST_MS) * 1000 + (int64_t)chance(999);
    switch (chance(9)) {
    case 0:
    case 1:
    case 2:
    case 3:
        claim(worker, key);
        break;
    case 4:
    case 5:
        mark(worker, key);
        break;
    case 6:
    case 7:
        record(worker, key);
        break;
    case 8:
        release(worker, key);
        break;
    default:
        disturb(worker);
    }
}

static void the_model_is_the_scripts(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i] = (struct worker){.known.slot = i, .run = 100 * (i + 1)};
    redis_model_init(&model, 0);
    for (int i = 0; i < CALLS; i++)
        a_random_call();
    redis_model_finish(&model);
    for (enum redis_word word = REDIS_WORD_NEW; word <= REDIS_WORD_INTERLOCK; word++)
        assert_in_range(claims[word], 100, CALLS); /* all of it was tried */
    assert_in_range(forgotten, 100, CALLS);
    assert_in_range(crashed, 100, CALLS);
}

static int set_up(void **unused)
{
    (void)unused;
    if (!redis_server_init(&server) || !redis_server_start(&server, NULL))
        return -1;
    redis = redisConnectUnix(server.path);
    return redis != NULL && redis->err == 0 ? 0 : -1;
}

static int tear_down(void **unused)
{
    (void)unused;
    redisFree(redis);
    redis_server_finish(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_model_is_the_scripts)};
    return cmocka_run_group_tests_name("redis_model", tests, set_up, tear_down);
}
