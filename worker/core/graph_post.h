#pragma once

#include "worker/core/event.h"

/* The two POSTs of an event. The dry run goes to beta whatever the settings say: v1.0 has none, and
 * a v1.0 that took no notice of isValidationOnly would grant (facts: graph 1.2). The real request
 * goes where graph.submit_version says. Both bodies are made of the one checked event (guarantee
 * I4): on beta they are the same bytes but for isValidationOnly; on v1.0 the real one is their
 * translation, by the one table of graph_members.h. */

/* Where a POST goes; beta unless it is for real. */
enum graph_version graph_post_version(bool for_real, enum graph_version submit);

/* Makes a good event ready for real requests of that version. False: it is refused; event->worth
 * and event->fault say so, and event->fault names the member that v1.0 does not have. An event that
 * only asks for a dry run is judged no other way: it asks whether the real one would do. To be
 * called once, after event_read(). */
bool graph_post_prepare(struct event *event, enum graph_version submit);

/* Writes the body; `size` must be at least graph_post_size(). `version` is what
 * graph_post_version() said, asserted for a dry run. Returns its length; no NUL is written. */
struct graph_post {
    bool for_real;
    enum graph_version version;
};
size_t graph_post_size(const struct event *event);
size_t graph_post_write(const struct event *event, struct graph_post post, char *ret, size_t size);
