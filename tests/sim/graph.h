#pragma once

#include "tests/sim/workload.h"
#include "worker/core/graph_answer.h"

/* A model of Microsoft Graph: what it has carried out, for each person and package, and what it
 * answers. Shells (http.c) bring calls to it and answers back. */

/* One request that was carried out. */
struct row {
    struct row *next; /* of the same subject, the one after it */
    struct sim_event *event;
    struct sim_record *record;
    enum request_type type;
    unsigned body;
    int64_t applied_ms;   /* when; reads see it later */
    int64_t delivered_ms; /* open until then */
    int64_t created_wall_ms;
    bool was_dry_run; /* it was to be a dry run */
};

struct graph {
    unsigned under_way; /* real requests that have left and have not ended */
    unsigned numbers;   /* for ids */
    uint64_t dry_runs, posts, looks;
    bool is_unsafe; /* it carries out dry runs now */
    int64_t away_until_ms;
    char body[1 << 16]; /* of the answer that is being made */
};

/* What Graph answers; the body is valid until the next call. */
struct graph_said {
    int status;
    struct str body;
    int64_t retry_after_ms; /* -1: not said */
    bool applied;
};

struct graph_said graph_post(struct world *world, struct sim_record *record, bool dry_run);
/* A GET: of assignments, of requests, or of a catalog's resources. */
enum graph_list { GRAPH_ASSIGNMENTS, GRAPH_REQUESTS, GRAPH_RESOURCES };
struct graph_said graph_get(struct world *world, const struct sim_record *record,
                            enum graph_list list);

/* Does what the event asks for stand, as Graph really is, at that time? */
bool graph_stands(const struct sim_event *event, int64_t at_ms);
/* Did it ever, from then on? */
bool graph_stood_since(const struct sim_event *event, int64_t since_ms, int64_t now_ms);
int64_t graph_wall_ms(const struct world *world);
