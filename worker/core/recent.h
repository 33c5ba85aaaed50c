#pragma once

#include "worker/core/request.h"

/* The events that were answered last, those that went well and those that did not, for the status
 * page: by their ids, so that a person can look further. Nothing of what they ask for is kept. */

enum { RECENT_MAX = 16 }; /* of each */

struct recent_answer {
    enum answer answer; /* ANSWER_NONE: nothing here yet */
    bool duplicate;
    enum kind kind;
    enum request_type type;
    char id[EVENT_ID_MAX + 1], source[EVENT_ID_MAX + 1]; /* "": could not be read */
    char code[FAULT_CODE_MAX];                           /* "": nothing was wrong */
    enum stage stage;                                    /* where that was */
    int64_t finished_wall_ms, took_ms;
};

struct recent_ring {
    struct recent_answer all[RECENT_MAX];
    uint64_t count; /* that ever came */
};

struct recent {
    struct recent_ring successes, problems;
};

/* The reply is committed. A zeroed `recent` is an empty one. */
void recent_note(struct recent *recent, const struct request *rq, int64_t wall_ms);

/* The one that came `age` answers ago; NULL: there is none so old. */
const struct recent_answer *recent_at(const struct recent_ring *ring, size_t age);

/* Fills the sources of these events, each once, the latest first; returns how many. */
size_t recent_sources(const struct recent *recent, const char *ret[2 * RECENT_MAX]);

/* Does such an answer need somebody's eye? (rejected, expired, failed, unknown) */
bool answer_is_problem(enum answer answer);
