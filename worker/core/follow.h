#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What became of a submitted request: Graph's states in our words, when to look again, and when to
 * say the word (facts: graph 2.2, 2.3). Pure; times are Unix milliseconds, by Redis' clock.
 *
 * A request is final by itself in four states. Two more, PartiallyDelivered and DeliveryFailed,
 * Graph may still leave: it goes on trying by itself for hours, and may be asked to once more
 * (reprocess). They are believed when they have stood for follow.settle. All others are open. What
 * is still open after follow.for is told as stillPending, and not looked at again. */

enum follow_state {
    FOLLOW_UNSEEN, /* the look said nothing of it: an error, a 404, an answer that cannot be read */
    FOLLOW_SUBMITTED,
    FOLLOW_PENDING_APPROVAL,
    FOLLOW_SCHEDULED,
    FOLLOW_DELIVERING,
    FOLLOW_DELIVERED,
    FOLLOW_PARTIALLY_DELIVERED,
    FOLLOW_DELIVERY_FAILED,
    FOLLOW_DENIED,
    FOLLOW_CANCELED,
    FOLLOW_UNKNOWN, /* a state that these pages do not know, unknownFutureValue among them */
    FOLLOW_STATE_COUNT,
};

/* What the status says (contract: `status`). */
enum follow_word {
    FOLLOW_NO_WORD, /* none yet */
    FOLLOW_WORD_DELIVERED,
    FOLLOW_WORD_PARTIALLY_DELIVERED,
    FOLLOW_WORD_DELIVERY_FAILED,
    FOLLOW_WORD_DENIED,
    FOLLOW_WORD_CANCELED,
    FOLLOW_WORD_STILL_PENDING,
    FOLLOW_WORD_COUNT,
};

enum {
    /* Microsoft's tutorial has an assignment delivered after 23 s, clients see them after 10 to 30,
     * so the first looks are 5 s apart; then each comes a quarter of the request's age later, up to
     * the bound of its state (follow.c). */
    FOLLOW_FIRST_MS = 5000,
    FOLLOW_GROWTH = 4,
    /* Graph takes a reprocess for so long after completion, and no longer. */
    FOLLOW_REPROCESS_MOST_MS = 7 * 24 * 3600 * 1000,
};

/* The settings follow.* */
struct follow_rules {
    bool enabled, reprocess;
    int64_t for_ms, settle_ms;
    int looks_per_second, requests; /* at most, by all workers together */
};

/* What is remembered of a request from look to look. */
struct follow_memory {
    int64_t since_ms;        /* when it was submitted */
    enum follow_state state; /* that was seen last; UNSEEN: none so far */
    int64_t failed_ms;       /* since when it stands as failed, in part or whole; 0: it does not */
    int64_t reprocess_ms;    /* when Graph was asked to process it again; 0: never */
    bool can_reprocess;      /* Graph has this for assignment requests only */
};

enum follow_act { FOLLOW_WAIT, FOLLOW_REPROCESS, FOLLOW_TELL };

struct follow_step {
    enum follow_act act;
    enum follow_word word; /* TELL */
    int64_t wait_ms;       /* WAIT: until the next look; REPROCESS: likewise, after it */
};

/* What a look leads to. `completed_ms`: what Graph says of when it was completed; 0: nothing.
 * Writes into `memory` what was seen; REPROCESS stands in it too, for it is to be kept before it is
 * done. */
struct follow_step follow_next(const struct follow_rules *rules, struct follow_memory *memory,
                               enum follow_state seen, int64_t completed_ms, int64_t now_ms);

/* Graph's name of a state, of beta or v1.0, in any case. */
enum follow_state follow_state_of(const char *name);
/* As in the status, and from there; "" and NO_WORD for what is none. */
const char *follow_word_name(enum follow_word word);
enum follow_word follow_word_of(const char *name);
/* Graph's own name, as beta writes it; "" for UNSEEN. */
const char *follow_state_name(enum follow_state state);
/* The word of a state that is final by itself, else NO_WORD: a resource request is normally
 * delivered in the answer to its POST. */
enum follow_word follow_final(enum follow_state state);
