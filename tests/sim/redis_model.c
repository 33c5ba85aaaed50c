#include "tests/sim/redis_model.h"

#include <assert.h>
#include <string.h>

/* ---- the scripts --------------------------------------------------------------------------------
 */

const char *redis_word(enum redis_word word)
{
    static const char *const words[] = {
        [REDIS_WORD_NEW] = "new",
        [REDIS_WORD_TAKEN] = "taken",
        [REDIS_WORD_HELD] = "held",
        [REDIS_WORD_SEEN] = "seen",
        [REDIS_WORD_INTERRUPTED] = "interrupted",
        [REDIS_WORD_CONFLICT] = "conflict",
        [REDIS_WORD_INTERLOCK] = "interlock",
        [REDIS_WORD_OK] = "ok",
        [REDIS_WORD_LOST] = "lost",
    };
    return words[word];
}

static int64_t keep_until(const struct redis_caller *caller)
{
    int64_t keep_ms =
        caller->keep_ms > 2 * caller->lease_ms ? caller->keep_ms : 2 * caller->lease_ms;
    return caller->now_us / 1000 + keep_ms;
}

static struct redis_key *look_up(struct redis_model *redis, int number, int64_t now_ms)
{
    struct redis_key *key = &redis->keys[number];
    if (key->state != REDIS_FREE && key->expire_ms <= now_ms)
        *key = (struct redis_key){0};
    return key;
}

static bool has_lost(const struct redis_model *redis, const struct redis_known *known,
                     uint64_t found)
{
    return known->memory != 0 && redis->memory == known->memory && found < known->writes;
}

static uint64_t count_of(struct redis_model *redis, unsigned slot, int64_t now_ms)
{
    if (redis->writes_expire_ms[slot] <= now_ms)
        redis->writes[slot] = 0;
    return redis->writes[slot];
}

/* What every claim and every mark does first: whose memory is this, has it all that it was told,
 * and how often was it written? */
static void count_write(struct redis_model *redis, const struct redis_caller *caller,
                        const struct redis_known *witness, struct redis_answer *ret)
{
    int64_t now_ms = caller->now_us / 1000;
    uint64_t writes = count_of(redis, caller->known.slot, now_ms);
    if (redis->memory == 0 || has_lost(redis, &caller->known, writes) ||
        has_lost(redis, witness, count_of(redis, witness->slot, now_ms)))
        redis->memory = caller->fresh_memory;
    redis->writes[caller->known.slot] = ++writes;
    redis->writes_expire_ms[caller->known.slot] = keep_until(caller);
    ret->memory = redis->memory;
    ret->writes = writes;
    ret->forgot = witness->memory != 0 && redis->memory != witness->memory;
}

static void hold(struct redis_key *key, const struct redis_caller *caller, uint64_t fence)
{
    key->owner = caller->owner;
    key->run = caller->run;
    key->fence = fence;
    key->lease_ms = caller->now_us / 1000 + caller->lease_ms;
    key->expire_ms = keep_until(caller);
}

static void begin(struct redis_key *key, const struct redis_caller *caller,
                  const struct redis_claim *claim, unsigned crashes, struct redis_answer *ret)
{
    hold(key, caller, ret->fence);
    key->state = REDIS_CLAIMED;
    key->hash = claim->hash;
    key->at_ms = caller->now_us / 1000;
    key->crashes = crashes;
    key->mark_ms = 0;
    key->cid[0] = '\0';
    key->stored = (struct str){0};
    key->out = ANSWER_NONE;
    key->origin = 0;
    ret->crashes = crashes;
}

static void resume(struct redis_key *key, const struct redis_caller *caller, unsigned crashes,
                   struct redis_answer *ret)
{
    ret->word = REDIS_WORD_INTERRUPTED;
    ret->intent_ms = key->mark_ms != 0 ? key->mark_ms : key->at_ms;
    memcpy(ret->cid, key->cid, sizeof ret->cid);
    hold(key, caller, ret->fence);
    key->state = REDIS_MARKED;
    key->mark_ms = ret->intent_ms;
    key->crashes = crashes;
    key->stored = (struct str){0};
    key->out = ANSWER_NONE;
    key->origin = 0;
    ret->crashes = crashes;
}

static void answer_seen(const struct redis_key *key, struct redis_answer *ret)
{
    ret->word = REDIS_WORD_SEEN;
    ret->fence = 0;
    ret->stored = key->stored;
    ret->origin = key->origin;
}

/* The event is finished. */
static void claim_finished(struct redis_key *key, const struct redis_caller *caller,
                           const struct redis_claim *claim, struct redis_answer *ret)
{
    bool same = key->hash == claim->hash;
    unsigned crashes = same && !claim->replay ? key->crashes : 0;
    if (key->origin == claim->origin) {
        answer_seen(key, ret);
    } else if (key->out == ANSWER_FAILED || key->out == ANSWER_EXPIRED) {
        ret->word = REDIS_WORD_NEW;
        begin(key, caller, claim, crashes, ret);
    } else if (same && key->out == ANSWER_UNKNOWN && claim->replay) {
        resume(key, caller, crashes, ret);
    } else if (same) {
        answer_seen(key, ret);
    } else if (key->out == ANSWER_REJECTED || key->out == ANSWER_VALIDATED) {
        ret->word = REDIS_WORD_NEW;
        begin(key, caller, claim, crashes, ret);
    } else {
        ret->word = REDIS_WORD_CONFLICT;
        ret->fence = 0;
    }
}

void redis_model_claim(struct redis_model *redis, int number, const struct redis_caller *caller,
                       const struct redis_claim *claim, struct redis_answer *ret)
{
    int64_t now_ms = caller->now_us / 1000;
    struct redis_key *key = look_up(redis, number, now_ms);
    *ret = (struct redis_answer){.now_ms = now_ms, .word = REDIS_WORD_INTERLOCK};
    redis_model_note(redis, number, caller->now_us);
    count_write(redis, caller, &claim->witness, ret);
    if (redis->interlock)
        return;
    uint64_t micros = (uint64_t)caller->now_us;
    ret->fence = key->fence + 1 > micros ? key->fence + 1 : micros;
    bool mine = key->owner == caller->owner || key->lease_ms <= now_ms;
    unsigned crashed = key->run != 0 && key->run != caller->run ? 1 : 0;
    if (claim->replay && (key->state == REDIS_FREE || key->state == REDIS_CLAIMED))
        ret->forgot = true; /* it was answered once */
    if (key->state == REDIS_FREE) {
        ret->word = REDIS_WORD_NEW;
        begin(key, caller, claim, 0, ret);
    } else if (key->state == REDIS_FINISHED) {
        claim_finished(key, caller, claim, ret);
    } else if (key->state == REDIS_CLAIMED && mine) {
        ret->word = REDIS_WORD_TAKEN;
        begin(key, caller, claim, key->crashes + crashed, ret);
    } else if (key->state == REDIS_MARKED && key->hash == claim->hash && mine) {
        resume(key, caller, key->crashes + crashed, ret);
    } else {
        ret->word = key->lease_ms > now_ms ? REDIS_WORD_HELD : REDIS_WORD_CONFLICT;
        ret->held_ms = key->lease_ms > now_ms ? key->lease_ms - now_ms : 0;
        ret->fence = 0;
    }
}

void redis_model_mark(struct redis_model *redis, int number, const struct redis_caller *caller,
                      const struct redis_mark *mark, struct redis_answer *ret)
{
    int64_t now_ms = caller->now_us / 1000;
    struct redis_key *key = look_up(redis, number, now_ms);
    *ret = (struct redis_answer){.now_ms = now_ms, .word = REDIS_WORD_INTERLOCK};
    redis_model_note(redis, number, caller->now_us);
    count_write(redis, caller, &(struct redis_known){0}, ret);
    if (redis->interlock)
        return;
    bool open = key->state == REDIS_CLAIMED || key->state == REDIS_MARKED;
    ret->word = REDIS_WORD_LOST;
    if (!open || key->owner != caller->owner || key->fence != mark->fence)
        return;
    if (key->mark_ms == 0)
        key->mark_ms = mark->hint_ms != 0 ? mark->hint_ms : now_ms;
    key->state = REDIS_MARKED;
    memcpy(key->cid, mark->cid, sizeof key->cid);
    key->lease_ms = now_ms + caller->lease_ms;
    key->expire_ms = keep_until(caller);
    ret->word = REDIS_WORD_OK;
    ret->intent_ms = key->mark_ms;
}

enum redis_word redis_model_record(struct redis_model *redis, int number,
                                   const struct redis_caller *caller,
                                   const struct redis_record *record)
{
    int64_t now_ms = caller->now_us / 1000;
    struct redis_key *key = look_up(redis, number, now_ms);
    bool mine = key->owner == caller->owner && key->fence == record->fence;
    if (key->state == REDIS_CLAIMED && record->out == ANSWER_SUBMITTED && key->hash == record->hash)
        mine = true;
    if (key->state == REDIS_MARKED && record->cid[0] != '\0' && strcmp(key->cid, record->cid) == 0)
        mine = true;
    if (key->state == REDIS_CLAIMED && record->out == ANSWER_SUBMITTED && key->hash == record->hash)
        mine = true;
    bool is_there = key->state != REDIS_FREE;
    if (is_there && !mine) {
        bool same = key->origin == record->origin && key->out == record->out;
        return key->state == REDIS_FINISHED && same ? REDIS_WORD_OK : REDIS_WORD_LOST;
    }
    bool sent = record->out == ANSWER_SUBMITTED || record->out == ANSWER_EXISTING ||
                record->out == ANSWER_UNKNOWN;
    if (!is_there && !sent)
        return REDIS_WORD_LOST;
    if (key->state == REDIS_FINISHED && record->out == ANSWER_UNKNOWN && key->out != record->out)
        return REDIS_WORD_LOST;
    redis_model_note(redis, number, caller->now_us);
    key->state = REDIS_FINISHED;
    key->hash = record->hash;
    key->stored = record->stored;
    key->out = record->out;
    key->origin = record->origin;
    if (!is_there) {
        key->owner = caller->owner;
        key->fence = record->fence;
        key->at_ms = now_ms;
    }
    if (record->cid[0] != '\0')
        memcpy(key->cid, record->cid, sizeof key->cid);
    if (record->intent_ms != 0 && key->mark_ms == 0)
        key->mark_ms = record->intent_ms;
    key->expire_ms = now_ms + caller->keep_ms;
    return REDIS_WORD_OK;
}

enum redis_word redis_model_release(struct redis_model *redis, int number,
                                    const struct redis_caller *caller, uint64_t fence, bool yield)
{
    struct redis_key *key = look_up(redis, number, caller->now_us / 1000);
    bool open = key->state == REDIS_CLAIMED || key->state == REDIS_MARKED;
    if (!open || key->owner != caller->owner || key->fence != fence)
        return REDIS_WORD_LOST;
    redis_model_note(redis, number, caller->now_us);
    if (yield) {
        key->lease_ms = 0;
        key->run = 0;
    } else {
        *key = (struct redis_key){0};
    }
    return REDIS_WORD_OK;
}
