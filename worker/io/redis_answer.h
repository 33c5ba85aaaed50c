#pragma once

#include "worker/core/claim.h"
#include "worker/core/error.h"

#include <hiredis/hiredis.h>

/* What a reply of Redis means for the one who asked. */
enum redis_meaning {
    REDIS_ANSWERED,  /* an array of texts, as asked */
    REDIS_LOST,      /* the connection broke: it may have been carried out or not */
    REDIS_NOT_NOW,   /* Redis serves nobody at the moment: full, loading, busy, forbidden … */
    REDIS_REPLICA,   /* Redis takes no writes: it has become a replica */
    REDIS_FORGOT,    /* Redis has forgotten the scripts */
    REDIS_UNFIT_KEY, /* Redis works, and fails at this key alone */
};

/* `texts`: how many an answer has. */
enum redis_meaning redis_answer_meaning(const redisReply *reply, size_t texts);

/* Text number `index` of an answer, and the same as a number (0 where it is none). Valid as long as
 * the reply. */
struct str redis_answer_text(const redisReply *reply, size_t index);
int64_t redis_answer_number(const redisReply *reply, size_t index);

enum {
    REDIS_CLAIM_TEXTS = 12,
    REDIS_MARK_TEXTS = 4,
    REDIS_RECORD_TEXTS = 1,
    REDIS_SHARE_TEXTS = 5,
};

/* Where the last texts of a claim or a mark begin: the memory's id, and the count of our writes. */
enum { REDIS_CLAIM_MEMORY = 9, REDIS_MARK_MEMORY = 2 };

/* The answer of the claim script, which has REDIS_CLAIM_TEXTS. */
struct claim_answer redis_answer_claim(const redisReply *reply);

/* Our user may not do this: no event's fault, and nothing that passes by itself. */
bool redis_answer_is_forbidden(const redisReply *reply);

/* Redis' words in an error, and what to do about it, as a sentence. */
void redis_answer_explain(const redisReply *reply, struct error *ret);
