#pragma once

#include "worker/core/graph_answer.h"

// clang-format off: the table below
/* The look-up: GETs that find out what became of a real request (doubt: sent), or what is in the
 * way of one (doubt: open). Pure, as graph_answer.h: paths out, answers in.
 *
 * An assignment is looked up by its package and target, or by its own id, and then in the package's
 * requests, page by page: in that order, so that what is delivered between the two is not missed. A
 * resource is looked up in its catalog; its requests carry neither time nor resource on beta.
 *
 * It asks beta, also for what was posted to v1.0 (graph.submit_version): the two are views of the
 * same objects, the facts name what finds a lost POST on beta only (graph 2.3), beta alone says
 * when a resource came (addedOn), and the dry run needs beta in any case. Rows in v1.0's shape are
 * read all the same. Should beta not show what v1.0 has made, the look ends in `absent` after
 * graph.settle, and Graph's own InvalidRequestExistingGrant is the last word, as ever.
 *
 * Reads lag behind writes. So with doubt sent no list is believed at once for what it shows of old:
 * what is gone may not be there yet, what stands may be gone. That is `absent`; the plan believes
 * it after graph.settle, and the new dry run that follows has Graph's definite word
 * (InvalidRequestExistingGrant, InvalidRequestNoActiveGrant …). With doubt open, `absent` leads to
 * a new dry run on the schedule of graph.eventual.
 *
 * Doubt "forgotten" is looked up as "sent": the time of the intent is that of the first record.
 *
 *                        doubt: sent                          doubt: open
 *   add (assignment)     our request: ok                      one of the type is open: exists
 *                        perhaps ours: undecided              of another type: undecided
 *                        stands: absent, later (*) exists     else absent
 *   removal              our request: ok                      as for an add; gone: absent
 *                        perhaps ours: undecided
 *                        gone: absent
 *   update               our request: ok                      any is open: undecided (it may say
 *                        perhaps ours: undecided                  other things)
 *                        no assignment: undecided             no assignment: undecided
 *   add (resource)       in the catalog since the intent:     in the catalog: exists (Graph has
 *                            exists                               said so too)
 *                        in the catalog: absent, later (*)
 *                            exists
 *   removal (resource)   absent                               absent
 *   update (resource)    cannot be looked up                  cannot be looked up
 *
 * (*) Once "absent" has been believed: what was of old is over by then.
 *
 * Else absent; undecided where the list is too long or a row cannot be read. Our request is one of
 * the same type for the same target, made at or after the intent; it is perhaps ours if it was made
 * less than the clocks' skew before, or if its time cannot be read, or if it gives another reason.
 */
// clang-format on

enum {
    LOOK_PATH_MAX = 2048, /* an address that every server and proxy takes */
    /* GETs of one look-up: 3,000 requests of one package at Graph's usual page of 100. */
    LOOK_STEPS_MAX = 32,
    /* Graph's clock as the dry run told it, or Redis', wrote the intent, Graph's the request: hosts
     * with NTP are this close by far. It is never counted in our favour. */
    LOOK_CLOCK_SKEW_MS = 5000,
    /* Where Redis forgot the intent, the record's time stands for it: a producer's clock is
     * anybody's. */
    LOOK_RECORD_SKEW_MS = 10 * 60 * 1000,
};

/* Writes the path and query of GET number `step` (from 0), below graph.base_url, values escaped.
 * `requests` is where assignment requests are on beta (graph.beta_assignment_path). False: there is
 * nothing (more) to ask; at step 0 it cannot be looked up: post undecided. */
bool look_path(const struct request *rq, const char *requests, unsigned step,
               char ret[LOOK_PATH_MAX]);

/* Reads its answer: OUTCOME_COUNT means "ask the next step", else ok exists absent undecided paced
 * failed. What was found is kept in rq->graph.object, between the steps too. The fault of the
 * submit stays where the look-up leaves the question open. */
enum outcome look_read(struct request *rq, const char *requests, unsigned step,
                       const struct http_answer *answer);
