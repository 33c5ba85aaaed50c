#pragma once

#include "worker/core/audit_origin.h"
#include "worker/core/event.h"
#include "worker/core/record.h"

/* A dead letter as a person looks at it: one row of a list, from the record's own bytes and
 * headers, whoever wrote them. Nothing of what was asked for is in it (target, justification):
 * those are in the record. Pure. */

enum {
    LETTER_TOPIC_SIZE = 249 + 1,
    LETTER_WORD_SIZE = 24, /* outcomes and stages are shorter; what is longer is cut */
    LETTER_CODE_SIZE = FAULT_CODE_MAX,
    LETTER_MESSAGE_SIZE = FAULT_MESSAGE_MAX,
    LETTER_ID_SIZE = EVENT_ID_MAX + 1,
};

struct letter {
    int32_t partition; /* where it stands among the dead letters */
    int64_t offset;
    int64_t timestamp_ms;    /* of the request record, which it keeps; -1: none */
    char id[LETTER_ID_SIZE]; /* the event's; "": it cannot be read */
    char source[LETTER_ID_SIZE];
    char outcome[LETTER_WORD_SIZE]; /* these, "": the headers do not say */
    char stage[LETTER_WORD_SIZE];
    char code[LETTER_CODE_SIZE];
    char message[LETTER_MESSAGE_SIZE];
    unsigned attempts;
    char topic[LETTER_TOPIC_SIZE]; /* of the first request record; "": it does not say */
    int32_t from_partition;
    int64_t from_offset;
    size_t bytes;   /* of key and value */
    bool truncated; /* only its start is there: it cannot be replayed */
    bool came_back; /* it is what became of a replay */
    bool replayed;  /* it has been replayed: by us, or it has come back since */
};

/* Always fills `ret`; texts are valid UTF-8, cut at a character. */
void letter_read(const struct record *record, struct letter *ret);

/* What a replay says of itself in `usher-replay`: which dead letter it is, in the words of
 * claim_origin(): `<topic>/<partition>/<offset>`. It comes back with the dead letter that may
 * become of it. False: the record has none, or one that is not of `topic`. */
bool letter_replay_of(const struct record *record, const char *topic, struct audit_origin *ret);

/* What to look for; "" is anything. */
struct letter_filter {
    char outcome[LETTER_WORD_SIZE];
    char code[LETTER_CODE_SIZE];
};
/* From what somebody has typed; what is too long is cut. */
struct letter_filter letter_filter_of(const char *outcome, const char *code);
bool letter_matches(const struct letter *letter, const struct letter_filter *filter);

/* Why it must not be replayed, a sentence; NULL: it may be. */
const char *letter_refusal(const struct letter *letter);
