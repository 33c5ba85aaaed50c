#pragma once

#include "worker/core/history.h"
#include "worker/io/admin.h"
#include "worker/io/redis_look.h"

#include <uv.h>

/* The status page at `/` of admin.listen: what runs now, to be read only. HTML that is made anew
 * for each look, from the worker's own parts; it works without its script, which only asks for the
 * same page again and counts down. Personal data (targets, justifications, answers) is never on it.
 * Everything is bounded, so that one look keeps the loop for a few milliseconds at most. */
struct worker;

enum {
    PAGE_BYTES_MAX = 1 << 20, /* of a page: 200 rows with ids of 256 bytes, six each if escaped */
    PAGE_ROWS_MAX = 200,      /* of a list; what is more is counted, not shown */
    PAGE_SEARCHES_MAX = 4,    /* look-ups under way; each holds one connection of admin.listen */
    PAGE_SOURCES_MAX = 8,     /* tried for an id without its source */
    PAGE_SEARCH_MS = 3000,    /* a look-up that Redis does not answer ends then */
};

/* A look-up under way. */
struct page_search {
    struct worker *worker;
    struct admin_ask *ask; /* NULL: it was answered already, or the worker leaves */
    size_t pending;        /* questions to Redis; the place is free at 0 and without `ask` */
    size_t found;
    int64_t begun_ms;
    char id[EVENT_ID_MAX + 1];
    bool any_source; /* none was given */
    char sources[PAGE_SOURCES_MAX][EVENT_ID_MAX + 1];
    size_t source_count;
    struct redis_look looks[PAGE_SOURCES_MAX];
    struct buffer results;
};

struct page {
    struct admin_view view; /* what /readyz and /metrics say too */
    struct admin_site site;
    struct history_ring history;
    struct page_search searches[PAGE_SEARCHES_MAX];
    int64_t opened_wall_ms;
    uv_timer_t timer; /* the history's, and the end of look-ups */
};

/* Begins to keep a history, and adds the page to what the admin listener shows. */
void page_open(struct worker *worker, struct admin_view *view);
/* Ends the look-ups, before the admin listener is destroyed. Safe where it was not opened. */
void page_close(struct worker *worker);
