#pragma once

#include "worker/io/html.h"
#include "worker/page.h"
#include "worker/worker.h"

/* The inside of the status page, for worker/page*.c only. What is not ours goes through
 * worker/io/html.h; the rest is written as it stands. */

/* One look: the same moment for all of it. */
struct look {
    struct worker *worker;
    int64_t now_ms, wall_ms; /* the loop's clock, and the wall's */
    struct buffer *out;
    const struct admin_ask *ask;
};

/* The pages. Each writes what stands in <main>. */
void page_overview(const struct look *look);
void page_in_flight(const struct look *look);
void page_retries(const struct look *look);
void page_letters(const struct look *look);
void page_partitions(const struct look *look);
void page_settings(const struct look *look);

/* page_look.c: the form, or the beginning of a search (ADMIN_LATER). */
enum admin_verdict page_look_up(const struct look *look, struct admin_ask *ask);
/* Ends those that Redis keeps waiting; `all`: each of them, as the worker leaves. */
void page_searches_turn(struct worker *worker, bool all);

/* page.c: what stands around <main>. `path` is the page's own. */
void page_begin(const struct look *look, const char *path);
void page_end(const struct look *look);
/* The page is whole, or is answered as one that is not. */
void page_check(struct admin_ask *ask);

/* ---- words (page_parts.c) ---- */

void put(const struct look *look, const char *markup);
void put_escaped(const struct look *look, const char *text);
/* With spaces of a third of an em between thousands. */
void put_count(const struct look *look, uint64_t number);
/* "3.2 s", "4 min 5 s", "14 min", "2 h 5 min", "3 d". */
void put_span(const struct look *look, int64_t ms);
/* How long ago; and how long until, which the script counts down. 0: a dash. */
void put_since(const struct look *look, int64_t wall_ms);
void put_until(const struct look *look, int64_t wall_ms);
/* A moment in UTC. 0: a dash. */
void put_moment(const struct look *look, int64_t wall_ms);
/* A coloured word; `mood` is good, fair, bad or quiet. */
void put_pill(const struct look *look, const char *mood, const char *word);
/* A bar that is filled so far. */
void put_meter(const struct look *look, uint64_t value, uint64_t most, const char *label);
/* An event's id, as a link to its look-up, and its source below. NULL or "": could not be read. */
void put_event(const struct look *look, const char *id, const char *source);
/* "AdminAdd of an assignment". */
void put_type(const struct look *look, enum kind kind, enum request_type type);
/* An error's code, and what we know of it. */
void put_code(const struct look *look, const char *code, enum stage stage);

/* A table: its columns' names stand at each cell too, for narrow screens. */
struct table {
    const struct look *look;
    const char *const *heads; /* NULL at the end */
    size_t at;
};
struct table table_begin(const struct look *look, const char *caption, const char *const *heads);
void table_row(struct table *table);
void table_cell(struct table *table);
void table_end(struct table *table);

/* JSON for people: what names persons, and all that is not known to be harmless, is hidden. False:
 * it is no JSON, and nothing was written. */
bool put_json(const struct look *look, struct str json);

/* page_chart.c */
void put_answers_chart(const struct look *look);
enum chart { CHART_ANSWERS, CHART_IN_FLIGHT, CHART_LAG };
void put_sparkline(const struct look *look, enum chart chart);
