/* Stands for worker/io/http.h: the calls of one worker to the model of Graph. */
#include "tests/sim/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    QUEUE_MOST_MS = 4000, /* a call may wait for a connection, so that its claim grows too old */
    LOST_MOST_MS = 2000,  /* until one hears that a connection is broken */
};

/* A call, until its answer is read. */
struct call {
    struct letter message;
    struct call *next; /* of those that wait for a connection */
    struct request *rq;
    struct sim_record *record;
    bool for_real, dry_run, is_back;
    enum graph_list list;
    bool (*may_send)(void *context, struct request *rq);
    void (*on_answer)(void *context, struct request *rq, const struct http_answer *answer);
    void *context;
    uint64_t body_hash;
    struct http_answer answer;
    struct sim_post *post;
    char text[160]; /* a short body */
};
static_assert(sizeof(struct call) <= SLOT_SIZE, "calls are slots");

/* What is on its way to Graph. */
struct flight {
    struct call *call; /* NULL: nobody waits for the answer any more */
    struct sim_record *record;
    struct sim_post *post;
    bool dry_run, is_lost, answer_is_lost;
    enum graph_list list;
    bool is_get;
    int64_t latency_ms;
};

static struct world *world_of(const struct call *call)
{
    return call->message.node->world;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

static void on_answer(struct letter *message)
{
    struct call *call = (struct call *)message;
    struct node *node = message->node;
    struct http_answer *answer = &call->answer;
    if (answer->reach == HTTP_ANSWERED && (answer->status == 429 || answer->status == 503)) {
        int64_t pause_ms = answer->retry_after_ms >= 0 ? answer->retry_after_ms : 0;
        if (!call->for_real || answer->retry_after_ms >= 0 || answer->status == 429)
            check_throttled(node, pause_ms);
    }
    if (call->post != NULL && answer->reach == HTTP_ANSWERED && call->post->fate == POST_REFUSED)
        call->post->proved = true;
    if (call->dry_run && answer->status == 200)
        check_dry_run_passed(node, call->rq, call->body_hash);
    if (node->world->sabotage->ignores_throttle)
        answer->retry_after_ms = answer->status == 429 ? 0 : answer->retry_after_ms;
    call->on_answer(call->context, call->rq, answer);
    world_slot_free(node->world, call);
}

static void answer_at(struct call *call, int64_t at_ms, enum http_reach reach)
{
    call->answer.reach = reach;
    call->message.deliver = on_answer;
    world_send(world_of(call), at_ms, &call->message);
}

static void give_answer(struct world *world, struct call *call, const struct graph_said *said)
{
    struct http_answer *answer = &call->answer;
    answer->status = said->status;
    answer->retry_after_ms = said->retry_after_ms;
    int64_t date_ms = graph_wall_ms(world);
    answer->date_wall_ms = date_ms - date_ms % 1000;
    if (said->body.size <= sizeof call->text) {
        memcpy(call->text, said->body.data, said->body.size);
        answer->body = (struct str){call->text, said->body.size};
    } else {
        answer->body = world_text(world, said->body.data, said->body.size);
    }
}

/* ---- the way there ------------------------------------------------------------------------------
 */

static void end_post(struct world *world, struct sim_post *post, bool applied)
{
    if (post == NULL)
        return;
    world->graph.under_way--;
    post->fate = applied ? POST_APPLIED : POST_REFUSED;
    post->ended_ms = world->now_ms;
}

static void on_arrival(struct world *world, void *what)
{
    struct flight *flight = what;
    struct call *call = flight->call;
    struct graph_said said = {0};
    if (!flight->is_lost) {
        said = flight->is_get ? graph_get(world, flight->record, flight->list)
                              : graph_post(world, flight->record, flight->dry_run);
        world_trace(world, "graph: %s of event %d (record %d): %d%s",
                    flight->is_get    ? "get"
                    : flight->dry_run ? "dry run"
                                      : "POST",
                    flight->record->event->number, flight->record->number, said.status,
                    said.applied ? ", carried out" : "");
    }
    end_post(world, flight->post, said.applied);
    if (call != NULL && (flight->is_lost || flight->answer_is_lost)) {
        answer_at(call, world->now_ms + world_between(world, 1, LOST_MOST_MS), HTTP_LOST);
        world->counts.graph_lost++;
    } else if (call != NULL) {
        give_answer(world, call, &said);
        answer_at(call, world->now_ms + flight->latency_ms, HTTP_ANSWERED);
    }
    world_slot_free(world, flight);
}

static struct flight *take_off(struct call *call, int64_t latency_ms)
{
    struct world *world = world_of(call);
    struct flight *flight = world_slot(world);
    *flight = (struct flight){
        .call = call,
        .record = call->record,
        .post = call->post,
        .dry_run = call->dry_run,
        .is_get = !call->for_real && !call->dry_run,
        .list = call->list,
        .latency_ms = latency_ms,
        .is_lost = world_fault(world, FAULT_GRAPH_LOST),
        .answer_is_lost = world_fault(world, FAULT_GRAPH_LOST),
    };
    return flight;
}

static void fly(struct call *call)
{
    struct world *world = world_of(call);
    int64_t latency_ms = world_between(world, 1, world->mix.latency_ms);
    int64_t arrives_ms = world->now_ms + latency_ms;
    struct flight *flight = take_off(call, latency_ms);
    if (world_fault(world, FAULT_GRAPH_LATE)) {
        arrives_ms += world_between(world, 0, world->mix.late_ms);
        world->counts.graph_late++;
    }
    int64_t ends_ms = world->now_ms + call->message.node->settings.graph.timeout_ms;
    if (arrives_ms + latency_ms > ends_ms) { /* Graph gets it, and nobody waits any more */
        flight->call = NULL;
        call->answer.timed_out = true;
        answer_at(call, ends_ms, HTTP_LOST);
    }
    world_plan(world, arrives_ms, on_arrival, flight);
    if (call->for_real && world->sabotage->sends_again && flight->is_lost == false &&
        flight->answer_is_lost && flight->call != NULL) {
        struct flight *again = world_slot(world); /* as libcurl does by itself (trap 1) */
        *again = *flight;
        again->post = NULL;
        again->answer_is_lost = false;
        flight->call = NULL;
        world_plan(world, arrives_ms + 1, on_arrival, again);
    }
}

/* ---- it leaves ----------------------------------------------------------------------------------
 */

static void note_post(struct call *call)
{
    struct world *world = world_of(call);
    struct sim_event *event = call->record->event;
    check_post(call->message.node, call->rq, call->body_hash);
    struct sim_post *post = world_scrap(world, sizeof *post);
    *post = (struct sim_post){.sent_ms = world->now_ms, .record = call->record};
    call->post = event->post = post;
    event->posts++;
    world->graph.under_way++;
}

static void leave(struct call *call)
{
    struct world *world = world_of(call);
    struct node *node = call->message.node;
    if (world->graph.away_until_ms > world->now_ms) {
        answer_at(call, world->now_ms + 1, HTTP_NOT_SENT);
        return;
    }
    if (call->may_send != NULL && !world->sabotage->sends_late &&
        !call->may_send(&node->worker, call->rq)) {
        world->counts.stale_claims++;
        answer_at(call, world->now_ms + 1, HTTP_REFUSED);
        return;
    }
    check_call(node, call->rq);
    if (call->for_real)
        note_post(call);
    (void)node_enters(node, NULL); /* if it dies: what was sent was sent */
    fly(call);
}

static void forget_waiting(struct http *http, struct call *call)
{
    struct call **at = &http->waiting;
    while (*at != NULL && *at != call)
        at = &(*at)->next;
    if (*at != NULL)
        *at = call->next;
}

/* It has its connection, or has been sent back meanwhile. */
static void on_leave(struct letter *message)
{
    struct call *call = (struct call *)message;
    struct http *http = &message->node->http;
    forget_waiting(http, call);
    if (call->is_back) {
        call->answer.untried = true;
        answer_at(call, http->node->world->now_ms, HTTP_NOT_SENT);
    } else {
        leave(call);
    }
}

void http_send_back(struct http *http, const char *why)
{
    (void)why;
    for (struct call *call = http->waiting; call != NULL; call = call->next)
        call->is_back = true;
}

/* Bytes behind `{"isValidationOnly":true,`, or false. */
static uint64_t hash_of_rest(struct str body)
{
    const char *comma = memchr(body.data, ',', body.size);
    assert(comma != NULL);
    return lane_hash(1, comma, body.size - (size_t)(comma - body.data));
}

static enum graph_list list_of(const char *path)
{
    if (strstr(path, "accessPackageAssignmentRequests?") != NULL)
        return GRAPH_REQUESTS;
    return strstr(path, "accessPackageAssignments?") != NULL ? GRAPH_ASSIGNMENTS : GRAPH_RESOURCES;
}

/* Tokens are no part of a history: there is always one. */
bool token_is_ready(struct token *token)
{
    (void)token;
    return true;
}

bool token_is_away(const struct token *token)
{
    (void)token;
    return false;
}

const char *token_trouble(const struct token *token)
{
    (void)token;
    return "";
}

/* The worker's own question whether Graph is there (worker/pacing.c). */
static void probe(struct call *this)
{
    struct world *world = world_of(this);
    bool away = world->graph.away_until_ms > world->now_ms;
    this->answer.status = away ? 0 : 200;
    answer_at(this, world->now_ms + world_between(world, 1, world->mix.latency_ms),
              away ? HTTP_NOT_SENT : HTTP_ANSWERED);
}

void http_start(struct http *http, struct request *rq, const struct http_call *call)
{
    struct node *node = http->node;
    struct world *world = node->world;
    bool is_probe = rq->partition == NULL;
    if (!node_enters(node, is_probe ? NULL : rq))
        return;
    struct call *this = world_slot(world);
    this->message = (struct letter){.node = node, .life = node->life, .deliver = on_leave};
    this->rq = rq;
    this->on_answer = call->on_answer;
    this->context = call->context;
    this->answer = (struct http_answer){.error = "", .retry_after_ms = -1};
    if (is_probe) {
        probe(this);
        return;
    }
    this->record = record_of(rq);
    this->for_real = call->for_real;
    this->dry_run = call->method == HTTP_POST && !call->for_real;
    this->may_send = call->may_send;
    if (call->method == HTTP_POST)
        this->body_hash = hash_of_rest(call->body);
    else
        this->list = list_of(call->path);
    if (call->for_real)
        memcpy(rq->graph.client_request_id, rq->claim.client_request_id, GUID_SIZE);
    int64_t queue_ms =
        world->mix.queues && world_chance(world, 500) ? world_between(world, 0, QUEUE_MOST_MS) : 0;
    if (queue_ms == 0)
        leave(this);
    else {
        this->next = http->waiting;
        http->waiting = this;
        world_send(world, world->now_ms + queue_ms, &this->message);
    }
}
