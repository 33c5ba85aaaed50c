#include "worker/follow.h"

#include "worker/core/claim.h"
#include "worker/core/follow_look.h"
#include "worker/core/graph_error.h"
#include "worker/core/status.h"
#include "worker/io/log.h"
#include "worker/io/redis_follow.h"
#include "worker/io/status_producer.h"
#include "worker/pacing.h"

#include <stdlib.h>

enum {
    TICK_MS = 1000, /* how often Redis is asked what is due */
    /* Redis or Kafka did not take it: about as long as either is away when it restarts. */
    AGAIN_MS = 5000,
    /* An entry that cannot be read is of a newer worker, or nobody's: somebody has to look. */
    UNREADABLE_MS = 3600 * 1000,
};

enum place_state {
    PLACE_FREE,
    PLACE_LOOKS,       /* a GET is under way */
    PLACE_KEEPS_WORD,  /* Redis is told the word … */
    PLACE_TELLS,       /* … then Kafka */
    PLACE_KEEPS_ASKED, /* Redis is told that Graph will be asked to reprocess … */
    PLACE_REPROCESSES, /* … and Graph is */
    PLACE_LEAVES,      /* Redis is told when it is due again, or that it is over */
};

/* An entry that is ours until its lease ends. */
struct place {
    struct status_delivery delivery; /* first, so that one is the other */
    struct follow *follow;
    enum place_state state;
    char name[ORIGIN_SIZE];
    int64_t lease_ms; /* the fence */
    struct followed followed;
    struct follow_look look; /* `followed` may point into it */
    struct request rq;       /* its part in calls to Graph, and in log lines */
};

struct follow {
    struct worker *worker;
    struct status_producer *producer; /* NULL: stopped, and so is the timer */
    uv_timer_t timer;
    struct place places[REDIS_TAKE_MAX];
    unsigned used;
    unsigned asked;          /* for how many Redis is being asked; 0: it is not */
    int64_t clock_offset_ms; /* from the loop's clock to Redis' */
    struct follow_stats stats;
};

static int64_t loop_ms(const struct follow *follow)
{
    return (int64_t)uv_now(&follow->worker->loop);
}

/* Redis' clock, by which entries live. */
static int64_t now_ms(const struct follow *follow)
{
    return loop_ms(follow) + follow->clock_offset_ms;
}

/* ---- leaving ---- */

static void leave(struct place *place)
{
    struct follow *follow = place->follow;
    follow_look_finish(&place->look);
    followed_finish(&place->followed);
    *place = (struct place){.follow = follow};
    follow->used--;
}

static void on_left(void *context, int64_t lease_ms)
{
    (void)lease_ms; /* where Redis did not take it, the lease ends by itself */
    struct place *place = context;
    leave(place);
}

static void put(struct place *place, enum place_state state, int64_t delay_ms, bool changed,
                void (*on_put)(void *context, int64_t lease_ms))
{
    struct redis_put asked = {.name = place->name,
                              .lease_ms = place->lease_ms,
                              .delay_ms = delay_ms,
                              .followed = changed ? &place->followed : NULL};
    place->state = state;
    if (!redis_follow_put(place->follow->worker->redis, &asked, on_put, place))
        leave(place);
}

/* Due again later; `changed`: with what it says now. */
static void put_back(struct place *place, int64_t delay_ms, bool changed)
{
    put(place, PLACE_LEAVES, delay_ms, changed, on_left);
}

/* What is written is held on, so that the next step is ours too. */
static void keep(struct place *place, enum place_state state,
                 void (*on_kept)(void *context, int64_t lease_ms))
{
    put(place, state, redis_follow_lease_ms(place->follow->worker->redis), true, on_kept);
}

/* ---- telling ---- */

static void tell(struct place *place);

static void on_told(struct status_delivery *delivery, rd_kafka_resp_err_t code)
{
    struct place *place = (struct place *)delivery;
    const struct followed *followed = &place->followed;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        place->follow->stats.told[followed->word]++;
        log_request(LOG_INFO, "follow.told", &place->rq, "%s, %lld s after it was submitted",
                    follow_word_name(followed->word),
                    (long long)(followed->seen_ms - followed->memory.since_ms) / 1000);
        put(place, PLACE_LEAVES, REDIS_FOLLOW_DONE, false, on_left);
    } else if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && followed->object != NULL) {
        place->followed.object = NULL;
        tell(place);
    } else {
        log_request(LOG_WARN, "follow.not_told", &place->rq,
                    "kafka.status_topic: the status is not delivered (%s); it is sent again",
                    rd_kafka_err2str(code));
        put_back(place, AGAIN_MS, false);
    }
}

static void tell(struct place *place)
{
    const struct follow *follow = place->follow;
    const struct settings *s = follow->worker->settings;
    struct message message;
    if (follow->producer == NULL) {
        put_back(place, 0, false);
        return;
    }
    place->state = PLACE_TELLS;
    place->delivery.on_end = on_told;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__FAIL;
    if (status_make(&place->followed, s->kafka.group, s->kafka.status_topic, &message)) {
        code = status_producer_send(follow->producer, &message, &place->delivery);
        message_finish(&message);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        on_told(&place->delivery, code);
}

static void on_word_kept(void *context, int64_t lease_ms)
{
    struct place *place = context;
    place->lease_ms = lease_ms;
    if (lease_ms > 0)
        tell(place);
    else
        leave(place);
}

/* ---- asking Graph ---- */

/* The one question before each call: do we work, is Graph there, and does it take calls of this
 * scope? 0: yes, else when to ask again. */
static int64_t hold_ms(struct place *place, enum gate_scope scope)
{
    struct worker *w = place->follow->worker;
    if (w->phase != WORKER_WORKS || w->pipeline.mode != PIPELINE_RUNS || !token_is_ready(w->token))
        return AGAIN_MS;
    return scope == GATE_WRITES ? pacing_take(w, &place->rq, 1, loop_ms(place->follow))
                                : pacing_hold(w, &place->rq, scope, loop_ms(place->follow));
}

static void on_reprocess(void *context, struct request *rq, const struct http_answer *answer)
{
    struct place *place = context;
    struct worker *w = place->follow->worker;
    bool undone = follow_reprocess_is_undone(answer);
    rq->pause_ms = undone ? graph_pause_ms(answer) : 0;
    (void)pacing_heed(w, rq, answer, undone ? OUTCOME_PACED : OUTCOME_OK);
    bool taken = answer->reach == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
    place->follow->stats.reprocessed += taken;
    log_request(taken ? LOG_INFO : LOG_WARN, "follow.reprocess", rq,
                "Graph was asked to process it again: status %d", answer->status);
    if (undone)
        place->followed.memory.reprocess_ms = 0;
    put_back(place, FOLLOW_FIRST_MS, undone);
}

static void on_reprocess_kept(void *context, int64_t lease_ms)
{
    struct place *place = context;
    char path[FOLLOW_PATH_MAX];
    place->lease_ms = lease_ms;
    if (lease_ms <= 0) {
        leave(place);
        return;
    }
    int64_t pause_ms = hold_ms(place, GATE_WRITES);
    if (pause_ms > 0) {
        place->followed.memory.reprocess_ms = 0;
        put_back(place, pause_ms, true);
        return;
    }
    place->state = PLACE_REPROCESSES;
    place->rq.writes--;
    pacing_called(place->follow->worker, &place->rq);
    follow_reprocess_path(&place->followed, path);
    http_start(place->follow->worker->http, &place->rq,
               &(struct http_call){.method = HTTP_POST,
                                   .path = path,
                                   .operation = "reprocess",
                                   .for_real = true, /* curl must not send it twice */
                                   .on_answer = on_reprocess,
                                   .context = place});
}

/* `look` NULL: there is nothing to look at. */
static void go_on(struct place *place, const struct follow_look *look)
{
    const struct follow *follow = place->follow;
    struct follow_step step =
        follow_look_heed(&follow->worker->settings->follow, &place->followed, look, now_ms(follow));
    if (step.act == FOLLOW_TELL)
        keep(place, PLACE_KEEPS_WORD, on_word_kept);
    else if (step.act == FOLLOW_REPROCESS)
        keep(place, PLACE_KEEPS_ASKED, on_reprocess_kept);
    else
        put_back(place, step.wait_ms, true);
}

static void on_look(void *context, struct request *rq, const struct http_answer *answer)
{
    struct place *place = context;
    struct follow_look *look = &place->look;
    follow_look_read(&place->followed, answer, look);
    rq->pause_ms = look->pause_ms;
    look->outcome = pacing_heed(place->follow->worker, rq, answer, look->outcome);
    if (look->outcome == OUTCOME_FAILED)
        log_request(LOG_DEBUG, "follow.unseen", rq, "%s: %s", look->fault.code,
                    look->fault.message);
    if (look->outcome == OUTCOME_PACED)
        put_back(place, rq->pause_ms, false);
    else
        go_on(place, look);
}

static void look(struct place *place)
{
    struct follow *follow = place->follow;
    char path[FOLLOW_PATH_MAX];
    int64_t pause_ms = hold_ms(place, GATE_READS);
    if (pause_ms > 0) {
        put_back(place, pause_ms, false);
        return;
    }
    place->state = PLACE_LOOKS;
    follow->stats.looks++;
    pacing_called(follow->worker, &place->rq);
    follow_look_path(&place->followed, path);
    http_start(follow->worker->http, &place->rq,
               &(struct http_call){.method = HTTP_GET,
                                   .path = path,
                                   .operation = "follow",
                                   .traceparent = place->followed.traceparent,
                                   .tracestate = place->followed.tracestate,
                                   .on_answer = on_look,
                                   .context = place});
}

/* ---- taking ---- */

static struct place *free_place(struct follow *follow)
{
    size_t i = 0;
    while (follow->places[i].state != PLACE_FREE)
        i++;
    return &follow->places[i];
}

static void begin(struct place *place, const struct redis_taken_one *taken)
{
    struct followed *followed = &place->followed;
    place->follow->used++;
    place->lease_ms = taken->lease_ms;
    memcpy(place->name, taken->name.data, taken->name.size); /* the rest is zero */
    bool known = followed_read(taken->entry, followed);
    place->rq.stage = STAGE_LOOK;
    if (!known) {
        log_write(LOG_WARN, "follow.unreadable",
                  "the entry %s in Redis cannot be read; a newer usher may have written it",
                  place->name);
        put_back(place, UNREADABLE_MS, false);
        return;
    }
    place->rq.record = followed->record;
    place->rq.event.id = followed->request_id;
    place->rq.event.source = followed->request_source;
    if (followed->word != FOLLOW_NO_WORD)
        tell(place);
    else if (followed->graph_id[0] == '\0')
        go_on(place, NULL);
    else
        look(place);
}

static void on_taken(void *context, const struct redis_taken *taken)
{
    struct follow *follow = context;
    bool all = taken != NULL && taken->count == follow->asked;
    follow->asked = 0;
    if (taken == NULL)
        return;
    follow->stats.entries = taken->entries;
    follow->clock_offset_ms = taken->now_ms - loop_ms(follow);
    for (size_t i = 0; i < taken->count; i++) {
        if (taken->items[i].name.size < ORIGIN_SIZE)
            begin(free_place(follow), &taken->items[i]);
    }
    if (all) /* there may be more */
        uv_timer_start(&follow->timer, follow->timer.timer_cb, TICK_MS / 20, TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct follow *follow = timer->data;
    struct worker *w = follow->worker;
    unsigned room = REDIS_TAKE_MAX - follow->used;
    bool may_take =
        w->phase == WORKER_WORKS && w->pipeline.mode == PIPELINE_RUNS && redis_is_up(w->redis);
    status_producer_look(follow->producer, loop_ms(follow));
    if (may_take && room > 0 && follow->asked == 0 &&
        redis_follow_take(w->redis, room, on_taken, follow))
        follow->asked = room;
}

/* ---- life ---- */

const struct follow_stats *follow_stats(const struct worker *w)
{
    return w->follow != NULL ? &w->follow->stats : NULL;
}

bool follow_open(struct worker *w, struct error *error)
{
    if (!w->settings->follow.enabled)
        return true;
    struct follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL)
        return error_set(error, "follow.enabled: no memory");
    follow->worker = w;
    follow->producer = status_producer_create(&w->loop, w->settings, error);
    if (follow->producer == NULL) {
        free(follow);
        return false;
    }
    for (size_t i = 0; i < REDIS_TAKE_MAX; i++)
        follow->places[i].follow = follow;
    uv_timer_init(&w->loop, &follow->timer);
    follow->timer.data = follow;
    uv_timer_start(&follow->timer, on_tick, TICK_MS, TICK_MS);
    w->follow = follow;
    return true;
}

bool follow_is_idle(const struct worker *w)
{
    return w->follow == NULL || (w->follow->used == 0 && w->follow->asked == 0);
}

void follow_stop(struct worker *w)
{
    if (w->follow == NULL)
        return;
    uv_timer_stop(&w->follow->timer);
    status_producer_destroy(w->follow->producer);
    w->follow->producer = NULL;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void follow_close(struct worker *w)
{
    if (w->follow == NULL)
        return;
    for (size_t i = 0; i < REDIS_TAKE_MAX; i++) {
        if (w->follow->places[i].state != PLACE_FREE)
            leave(&w->follow->places[i]);
    }
    uv_close((uv_handle_t *)&w->follow->timer, on_closed);
    w->follow = NULL;
}
