#pragma once

#include "worker/core/graph_answer.h"

/* The look-up: GETs that find out what became of a real request (doubt: sent), or what is in the
 * way of one (doubt: open). Pure, as graph_answer.h: paths out, answers in.
 *
 * An assignment is looked up by its package and target, or by its own id, and then in the package's
 * requests, page by page: in that order, so that what is delivered between the two is not missed. A
 * resource is looked up in its catalog; its requests carry neither time nor resource on beta.
 *
 *                       doubt: sent                             doubt: open
 *   add (assignment)    our request: ok; stands: exists         an open one of the type: exists; of
 *                                                               another: undecided
 *   removal             our request: ok; gone: exists           likewise; gone: exists
 *   update              our request: ok                         open: undecided (it may say other
 * things) add (resource)      in this catalog: exists                 the same removal (resource)
 * not in the catalog: exists              the same update (resource)   cannot be looked up cannot
 * be looked up
 *
 * Else absent; undecided where the list is too long or a row cannot be read. Our request is one of
 * the same type for the same target, made since the intent was written. */

enum {
    LOOK_PATH_MAX = 2048, /* an address that every server and proxy takes */
    /* GETs of one look-up: 3,000 requests of one package at Graph's usual page of 100. */
    LOOK_STEPS_MAX = 32,
    /* Redis' clock wrote the intent, Graph's the request: hosts with NTP are this close by far. */
    LOOK_CLOCK_SKEW_MS = 5000,
};

/* Writes the path and query of GET number `step` (from 0), below graph.base_url, values escaped.
 * False: there is nothing (more) to ask; at step 0 it cannot be looked up: post undecided. */
bool look_path(const struct request *rq, unsigned step, char ret[LOOK_PATH_MAX]);

/* Reads its answer: OUTCOME_COUNT means "ask the next step", else ok exists absent undecided paced
 * failed. What was found is kept in rq->graph.object, between the steps too. The fault of the
 * submit stays where the look-up leaves the question open. */
enum outcome look_read(struct request *rq, unsigned step, const struct http_answer *answer);
