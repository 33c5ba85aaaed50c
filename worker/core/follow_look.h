#pragma once

#include "worker/core/followed.h"
#include "worker/core/graph_answer.h"

/* The calls of a followed request: paths out, answers in. Pure, as look.h. */

enum { FOLLOW_PATH_MAX = 2048 }; /* as look.h has it */

/* The path and query of the GET, below graph.base_url: on beta, as all look-ups are. `requests` is
 * where requests of this kind are there (graph.beta_assignment_path, graph.beta_resource_path). An
 * assignment request is read by its id. A resource request is filtered for: Microsoft describes no
 * other way to read one (facts: graph 2.3). */
void follow_look_path(const struct followed *followed, const char *requests,
                      char ret[FOLLOW_PATH_MAX]);
/* The path of the POST, which has no body. */
void follow_reprocess_path(const struct followed *followed, const char *requests,
                           char ret[FOLLOW_PATH_MAX]);

/* What a look has shown. */
struct follow_look {
    /* OK, or FAILED, which is a look too, and saw nothing; PACED is none: ask again after
     * `pause_ms`. */
    enum outcome outcome;
    int64_t pause_ms;
    enum follow_state state; /* UNSEEN: `fault` says why */
    int64_t completed_ms;    /* 0: Graph does not say */
    char *object;            /* owned; Graph's; NULL: none, or over GRAPH_OBJECT_MAX */
    struct fault fault;
};

void follow_look_read(const struct followed *followed, const struct http_answer *answer,
                      struct follow_look *ret);
void follow_look_finish(struct follow_look *look);

/* What follows from the look, or, with NULL, from an id that cannot be looked at. TELL: the word
 * and what goes with it stand in `followed`, which points into `look` from then on. */
struct follow_step follow_look_heed(const struct follow_rules *rules, struct followed *followed,
                                    const struct follow_look *look, int64_t now_ms);

/* The answer to the POST. True: it was not applied, and may be asked for another time. */
bool follow_reprocess_is_undone(const struct http_answer *answer);
