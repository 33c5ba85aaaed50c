#pragma once

/*
 * What Redis does for us in one step each, in Lua; and what it keeps.
 *
 * One hash for each event, `<prefix>:event:<SHA-256 of claim_identity()>`:
 *
 *   v      1, the least version of this list that can handle it. A worker leaves alone what needs
 *          a higher one, and leaves in place the fields that it does not know
 *   st     claimed (being worked on), marked (the real request may have been sent), done (answered)
 *   own    instance id of the worker that holds it, and
 *   fen    its fence, which grows with every claim. It starts from the server's clock in µs, so
 *          that it stays new even where Redis forgot the key in between
 *   run    the process that holds it, a random name; "" once that has left it in good order
 *   crash  how many processes ended while they held it
 *   lease  until when nobody else may take it, by Redis' clock in ms
 *   hash   SHA-256 of the body, its type, and whether only a dry run is asked
 *   at     when it was claimed anew, ms
 *   mark   when the intent was first written, ms; by Graph's clock where the dry run told it
 *   cid    client-request-id of the last real request that the intent stood for
 *   res    done: the stored answer (reply.h); out: its outcome
 *   org    done: the record that was answered (claim_origin())
 *
 * `<prefix>:interlock` (contract 6); and to see whether Redis has lost anything (witness.h)
 *
 *   <prefix>:memory         a random id, written where there is none. It never ends. Who finds out
 *                           that writes are lost gives it another, so that all others see it too
 *   <prefix>:writes:<slot>  how many claims and marks a worker has made
 *
 * The share of graph.writes_per_second that each replica has (pace.h):
 *
 *   <prefix>:pace   "<writes closed until> <reads closed until>;" as Graph throttles, and for each
 *                   replica "<run> <belief> <demand> <grant> <its end>;". Closed for ten minutes at
 *                   most, as retry_after.h has it. It ends when all in it has
 *
 * `<prefix>:follow:…`, with follow.enabled: redis_follow.h
 *
 * The others live redis.keep after their last write; what is not done yet never less than two
 * leases. The clock is the server's: workers need not agree on the time.
 */
enum redis_script {
    /* KEYS event, interlock, memory, own writes, the witness' writes.
     * ARGV owner, lease ms, keep ms, body hash, origin, replay (1 or 0), run, an id for a new
     * memory, the witness' memory ("": no witness) and writes, the memory that we saw last ("":
     * none) and the writes that it must have at least.
     * Returns twelve texts: word, fence, held ms, intent ms, now ms, client-request-id, stored
     * answer, its origin, crashes, memory, own writes, forgot (1 or 0): struct claim_answer. */
    REDIS_CLAIM,
    /* KEYS event, interlock, memory, own writes. ARGV owner, lease ms, keep ms, fence,
     * client-request-id, intent ms (0: now by Redis' clock), an id for a new memory, the memory
     * that we saw last and its least writes.
     * Returns four texts: "ok" and when the intent was first written, or "lost" or "interlock" and
     * 0; memory, own writes. */
    REDIS_MARK,
    /* KEYS event. ARGV owner, keep ms, fence, body hash, client-request-id or "", intent ms or 0,
     * stored answer, its outcome, origin. Returns one text: "ok"; or "lost": another has or had
     * the claim, or nobody knows any more.
     * To be followed, it has more of both, and a third answer: redis_follow.h. */
    REDIS_RECORD,
    /* KEYS event. ARGV owner, fence, "forget" or "yield". Forgets a claim, for an owner that knows
     * that its real request was not sent; or ends its lease and leaves all else, for one that does
     * not know. Returns one text: "ok" or "lost". */
    REDIS_RELEASE,
    /* KEYS pace. ARGV owner, run, belief, demand, how long a grant holds in ms, for how long Graph
     * takes no writes and no reads in ms. What others hold is not granted twice; of the rest each
     * gets what it needs, and where that is too much, none more than any that needs as much.
     * Returns five texts: the grant, the least belief of all, for how long writes and reads are
     * closed, how many replicas share. */
    REDIS_SHARE,
    /* Both: redis_follow.h. */
    REDIS_FOLLOW_TAKE,
    REDIS_FOLLOW_PUT,
    /* KEYS probe, interlock, memory, writes of nobody, pace; a sixth, probe of follow, only if that
     * is enabled. Does once all that the others do, so that a right that is missing shows before an
     * event needs it; leaves nothing behind. Returns one text: "ok". */
    REDIS_PROBE,
    REDIS_SCRIPT_COUNT,
};

enum { REDIS_PREFIX_MAX = 200 }; /* redis.key_prefix; config/rules.c has the same */

/* The rights that a user of Redis' ACL needs on the keys ~<prefix>:*, or more narrowly on
 * ~<prefix>:event:* ~<prefix>:interlock ~<prefix>:memory ~<prefix>:writes:* ~<prefix>:pace (with
 * tenants
 * ~<prefix>:pace:*). In a script Redis asks for the right to each of its commands. Beyond these:
 * +wait where redis.wait_replicas is set, +select where redis.url names a database other than 0;
 * +info and +waitaof, without which less is known and waited for (redis_facts.h); and
 * +client|setname, if the list of clients is to show the name usher. config/README.md has the same.
 */
#define REDIS_RIGHTS \
    "+evalsha +script|load +time +exists +mget +hmget +hset +hdel +pexpire +set +del"
/* With follow.enabled these too, and ~<prefix>:follow:*. */
#define REDIS_FOLLOW_RIGHTS "+zadd +zrem +zscore +zrangebyscore +hlen"

const char *redis_script_text(enum redis_script script);
