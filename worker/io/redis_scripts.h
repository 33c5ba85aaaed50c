#pragma once

/*
 * What Redis does for us in one step each, in Lua; and what it keeps.
 *
 * One hash for each event, `<prefix>:event:<SHA-256 of claim_identity()>`:
 *
 *   v      1, the version of this list; a worker leaves alone what another version wrote
 *   st     claimed (being worked on), marked (the real request may have been sent), done (answered)
 *   own    instance id of the worker that holds it, and
 *   fen    its fence, which grows with every claim. It starts from the server's clock in µs, so
 *          that it stays new even where Redis forgot the key in between
 *   lease  until when nobody else may take it, by Redis' clock in ms
 *   hash   SHA-256 of the body, its type, and whether only a dry run is asked
 *   at     when it was claimed anew, ms
 *   mark   when the intent was first written, ms
 *   cid    client-request-id of the last real request that the intent stood for
 *   res    done: the stored answer (reply.h); out: its outcome
 *   org    done: the record that was answered (claim_origin())
 *
 * and `<prefix>:interlock` (contract 6). A key lives redis.keep after its last write; one that is
 * not done yet never less than two leases.
 * The clock is the server's: workers need not agree on the time.
 */
enum redis_script {
    /* KEYS event, interlock. ARGV owner, lease ms, keep ms, body hash, origin, replay (1 or 0).
     * Returns eight texts: word, fence, held ms, intent ms, now ms, client-request-id, stored
     * answer, its origin: struct claim_answer. */
    REDIS_CLAIM,
    /* KEYS event, interlock. ARGV owner, lease ms, keep ms, fence, client-request-id. Returns two
     * texts: "ok" and when the intent was first written; "lost" or "interlock" and 0. */
    REDIS_MARK,
    /* KEYS event. ARGV owner, keep ms, fence, body hash, client-request-id or "", intent ms or 0,
     * stored answer, its outcome, origin. Returns one text: "ok" or "lost". */
    REDIS_RECORD,
    /* KEYS event. ARGV owner, fence. Forgets a claim, for an owner that knows that its real
       request was not sent. Returns one text: "ok" or
       "lost". */
    REDIS_RELEASE,
    /* KEYS probe, interlock. Does once all that the others do, so that a right that is missing
     * shows before an event needs it; leaves nothing behind. Returns one text: "ok". */
    REDIS_PROBE,
    REDIS_SCRIPT_COUNT,
};

enum { REDIS_PREFIX_MAX = 200 }; /* redis.key_prefix; config/rules.c has the same */

/* The rights that a user of Redis' ACL needs on the keys ~<prefix>:*, or more narrowly on
 * ~<prefix>:event:* and ~<prefix>:interlock. In a script Redis asks for the right to each of its
 * commands. Beyond these: +wait where redis.wait_replicas is set, +select where redis.url names a
 * database other than 0; and +client|setname, if the list of clients is to show the name usher.
 * config/README.md has the same. */
#define REDIS_RIGHTS "+evalsha +script|load +time +exists +hmget +hset +hdel +pexpire +set +del"

const char *redis_script_text(enum redis_script script);
