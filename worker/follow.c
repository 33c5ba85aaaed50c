#include "worker/follow_place.h"

#include "worker/core/status.h"
#include "worker/io/log.h"

#include <stdlib.h>

enum {
    TICK_MS = 1000, /* how often Redis is asked what is due */
    /* An entry that cannot be read is of a newer worker, or nobody's: somebody has to look. */
    UNREADABLE_MS = 3600 * 1000,
};

static int64_t loop_ms(const struct follow *follow)
{
    return (int64_t)uv_now(&follow->worker->loop);
}

int64_t place_now_ms(const struct place *place)
{
    return loop_ms(place->follow) + place->follow->clock_offset_ms;
}

/* ---- leaving ---- */

void place_leave(struct place *place)
{
    struct follow *follow = place->follow;
    follow_look_finish(&place->look);
    followed_finish(&place->followed);
    *place = (struct place){.follow = follow};
    follow->used--;
}

static void on_left(void *context, int64_t lease_ms)
{
    (void)lease_ms;
    struct place *place = context;
    place_leave(place);
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
        place_leave(place);
}

void place_put_back(struct place *place, int64_t delay_ms, bool changed)
{
    put(place, PLACE_LEAVES, delay_ms, changed, on_left);
}

void place_keep(struct place *place, enum place_state state,
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
        place_put_back(place, PLACE_AGAIN_MS, false);
    }
}

static void tell(struct place *place)
{
    const struct follow *follow = place->follow;
    const struct settings *s = follow->worker->settings;
    struct message message;
    if (follow->producer == NULL) {
        place_put_back(place, 0, false);
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
        place_leave(place);
}

void place_keep_word(struct place *place)
{
    place_keep(place, PLACE_KEEPS_WORD, on_word_kept);
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
        place_put_back(place, UNREADABLE_MS, false);
        return;
    }
    place->rq.record = followed->record;
    place->rq.event.id = followed->request_id;
    place->rq.event.source = followed->request_source;
    place->tenant = tenant_named(place->follow->worker, followed->tenant, &place->rq.whose);
    if (followed->word != FOLLOW_NO_WORD)
        tell(place);
    else
        place_look(place);
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
    if (all && follow->producer != NULL) /* there may be more, and we are not leaving */
        uv_timer_start(&follow->timer, follow->timer.timer_cb, TICK_MS / 20, TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct follow *follow = timer->data;
    struct worker *w = follow->worker;
    unsigned room = REDIS_TAKE_MAX - follow->used;
    bool may_take =
        worker_is_at_work(w) && w->pipeline.mode == PIPELINE_RUNS && redis_is_up(w->redis);
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
            place_leave(&w->follow->places[i]);
    }
    uv_close((uv_handle_t *)&w->follow->timer, on_closed);
    w->follow = NULL;
}
