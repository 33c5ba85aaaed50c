#include "worker/io/letter_desk.h"

#include "worker/io/kafka_record.h"
#include "worker/io/log.h"
#include "worker/io/replay.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPLAYS_KEPT = 4 * DESK_ORDER_MAX };

enum desk_state { DESK_ASLEEP, DESK_AWAKE, DESK_ENDED /* to be joined */ };

struct letter_desk {
    const struct settings *settings;
    atomic_bool stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex: */
    enum desk_state state;
    int64_t looked_ms;
    struct letter_list fresh;
    bool has_fresh;
    struct error trouble;
    struct audit_origin *order; /* to be carried out; NULL: nothing is */
    size_t order_count;
    struct letter_progress progress;
    /* The loop's: */
    struct letter_list list;
    bool has_list;
    struct error shown_trouble;
    /* The thread's; those that were replayed, the last REPLAYS_KEPT of them: */
    struct letter_reader reader;
    bool is_open;
    struct audit_origin *replayed;
    size_t replayed_count;
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the thread: the list -------------------------------------------------------------------- */

static void close_reader(struct letter_desk *desk)
{
    letter_reader_finish(&desk->reader);
    desk->is_open = false;
}

static bool open_reader(struct letter_desk *desk, struct kafka_refusal *refusal)
{
    if (desk->is_open)
        return true;
    desk->is_open = letter_reader_init(&desk->reader, desk->settings, &desk->stop, refusal);
    if (!desk->is_open)
        close_reader(desk);
    return desk->is_open;
}

static void mark_replayed(const struct letter_desk *desk, const struct letter_list *list)
{
    size_t count = desk->replayed_count < REPLAYS_KEPT ? desk->replayed_count : REPLAYS_KEPT;
    for (size_t i = 0; i < count; i++) {
        struct letter *letter = letter_list_find(list, desk->replayed[i]);
        if (letter != NULL)
            letter->replayed = true;
    }
}

static void read_list(struct letter_desk *desk)
{
    struct kafka_refusal refusal = {0};
    struct letter_list list = {0};
    bool good = open_reader(desk, &refusal) && letter_reader_list(&desk->reader, &list, &refusal);
    if (good)
        mark_replayed(desk, &list);
    else if (desk->is_open)
        close_reader(desk); /* the next one asks anew for the topics */
    pthread_mutex_lock(&desk->mutex);
    desk->trouble = refusal.error;
    if (good) {
        letter_list_finish(&desk->fresh);
        desk->fresh = list;
        desk->has_fresh = true;
        desk->trouble.text[0] = '\0';
    }
    pthread_mutex_unlock(&desk->mutex);
}

/* ---- the thread: an order -------------------------------------------------------------------- */

static void note_end(struct letter_desk *desk, enum replay_end end, const struct error *error)
{
    pthread_mutex_lock(&desk->mutex);
    struct letter_progress *progress = &desk->progress;
    progress->sent += end == REPLAY_SENT ? 1 : 0;
    progress->refused += end == REPLAY_REFUSED ? 1 : 0;
    progress->left -= end != REPLAY_AWAY ? 1 : 0;
    if (end != REPLAY_SENT)
        progress->trouble = *error;
    pthread_mutex_unlock(&desk->mutex);
}

/* The audit's line: who did what to which event. */
static void log_end(const struct letter_desk *desk, struct audit_origin place,
                    const struct letter *letter, const struct error *error)
{
    const char *topic = desk->settings->kafka.dead_letters_topic;
    if (error->text[0] == '\0')
        log_write(LOG_INFO, "letter.replayed",
                  "%s replays %s/%" PRId32 "/%" PRId64 ": event %s of %s, %s %s",
                  desk->progress.who, topic, place.partition, place.offset, letter->id,
                  letter->source, letter->outcome, letter->code);
    else
        log_write(LOG_INFO, "letter.not_replayed",
                  "%s wants to replay %s/%" PRId32 "/%" PRId64 ": %s", desk->progress.who, topic,
                  place.partition, place.offset, error->text);
}

static enum replay_end replay_one(struct letter_desk *desk, struct replay *replay,
                                  struct audit_origin place)
{
    struct kafka_refusal refusal = {0};
    struct record record;
    struct letter letter = {0};
    enum replay_end end = REPLAY_AWAY;
    if (letter_reader_fetch(&desk->reader, place, &record, &refusal)) {
        letter_read(&record, &letter);
        end = replay_send(replay, &record, &letter, &refusal.error);
        kafka_record_finish(&record);
    } else if (refusal.exit_code == 66) {
        end = REPLAY_REFUSED;
    }
    log_end(desk, place, &letter, &refusal.error);
    note_end(desk, end, &refusal.error);
    if (end == REPLAY_SENT)
        desk->replayed[desk->replayed_count++ % REPLAYS_KEPT] = place;
    return end;
}

static void carry_out(struct letter_desk *desk)
{
    struct kafka_refusal refusal = {0};
    struct replay replay = {0};
    const char *topic = desk->settings->kafka.requests_topic;
    bool good = open_reader(desk, &refusal) &&
                replay_init(&replay, desk->settings,
                            kafka_topics_partitions(&desk->reader.client.topics, topic),
                            &desk->stop, &refusal.error);
    if (!good)
        note_end(desk, REPLAY_AWAY, &refusal.error);
    for (size_t i = 0; good && i < desk->order_count && !atomic_load(&desk->stop); i++)
        good = replay_one(desk, &replay, desk->order[i]) != REPLAY_AWAY;
    replay_finish(&replay);
    pthread_mutex_lock(&desk->mutex);
    free(desk->order);
    desk->order = NULL;
    desk->progress.is_running = false;
    log_write(LOG_INFO, "letter.order_ended",
              "%s: of %zu dead letters %zu were replayed, %zu refused, %zu left",
              desk->progress.who, desk->progress.wanted, desk->progress.sent,
              desk->progress.refused, desk->progress.left);
    pthread_mutex_unlock(&desk->mutex);
}

/* ---- the thread: its life -------------------------------------------------------------------- */

static void sleep_until(struct letter_desk *desk, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&desk->changed, &desk->mutex, &until);
}

static void *run(void *context)
{
    struct letter_desk *desk = context;
    int64_t read_ms = INT64_MIN;
    pthread_mutex_lock(&desk->mutex);
    while (!atomic_load(&desk->stop)) {
        int64_t now_ms = clock_ms();
        bool is_due = desk->looked_ms > read_ms && now_ms - DESK_REFRESH_MS >= read_ms;
        bool is_idle = desk->order == NULL && !is_due && now_ms - desk->looked_ms >= DESK_IDLE_MS;
        if (is_idle && !desk->is_open)
            break;
        if (is_idle) { /* takes its time, and somebody may come meanwhile: look again then */
            pthread_mutex_unlock(&desk->mutex);
            close_reader(desk);
            pthread_mutex_lock(&desk->mutex);
            continue;
        }
        if (desk->order == NULL && !is_due) {
            bool is_wanted = desk->looked_ms > read_ms;
            sleep_until(desk,
                        is_wanted ? read_ms + DESK_REFRESH_MS : desk->looked_ms + DESK_IDLE_MS);
            continue;
        }
        bool has_order = desk->order != NULL;
        pthread_mutex_unlock(&desk->mutex);
        if (has_order)
            carry_out(desk);
        read_list(desk);
        read_ms = clock_ms();
        pthread_mutex_lock(&desk->mutex);
    }
    desk->state = DESK_ENDED;
    pthread_mutex_unlock(&desk->mutex);
    if (desk->is_open) /* it is told to stop: nobody wakes it any more */
        close_reader(desk);
    return NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

struct letter_desk *letter_desk_create(const struct settings *settings)
{
    struct letter_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return NULL;
    desk->settings = settings;
    desk->replayed = calloc(REPLAYS_KEPT, sizeof *desk->replayed);
    if (desk->replayed == NULL) {
        free(desk);
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&desk->mutex, NULL);
    pthread_cond_init(&desk->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return desk;
}

void letter_desk_destroy(struct letter_desk *desk)
{
    if (desk == NULL)
        return;
    pthread_mutex_lock(&desk->mutex);
    atomic_store(&desk->stop, true);
    pthread_cond_signal(&desk->changed);
    enum desk_state state = desk->state;
    pthread_mutex_unlock(&desk->mutex);
    if (state != DESK_ASLEEP)
        pthread_join(desk->thread, NULL);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->mutex);
    letter_list_finish(&desk->fresh);
    letter_list_finish(&desk->list);
    free(desk->order);
    free(desk->replayed);
    free(desk);
}

/* The mutex is held. */
static bool wake(struct letter_desk *desk)
{
    desk->looked_ms = clock_ms();
    if (desk->state == DESK_ENDED) {
        pthread_join(desk->thread, NULL); /* it is at its very end */
        desk->state = DESK_ASLEEP;
    }
    if (desk->state == DESK_ASLEEP && pthread_create(&desk->thread, NULL, run, desk) == 0)
        desk->state = DESK_AWAKE;
    pthread_cond_signal(&desk->changed);
    return desk->state == DESK_AWAKE ||
           error_set(&desk->trouble, "no thread can be made to read the dead letters");
}

const struct letter_list *letter_desk_look(struct letter_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    (void)wake(desk);
    if (desk->has_fresh) {
        letter_list_finish(&desk->list);
        desk->list = desk->fresh;
        desk->fresh = (struct letter_list){0};
        desk->has_fresh = false;
        desk->has_list = true;
    }
    desk->shown_trouble = desk->trouble;
    pthread_mutex_unlock(&desk->mutex);
    return desk->has_list ? &desk->list : NULL;
}

const char *letter_desk_trouble(const struct letter_desk *desk)
{
    return desk->shown_trouble.text;
}

static int in_order(const void *a, const void *b)
{
    const struct audit_origin *x = a, *y = b;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The mutex is held. */
static bool take_order(struct letter_desk *desk, const struct letter_order *order,
                       struct error *error)
{
    if (desk->order != NULL)
        return error_set(error, "dead letters are being replayed already; wait until that is done");
    if (order->count == 0 || order->count > DESK_ORDER_MAX)
        return error_set(error, "1 to %d dead letters can be replayed at once", DESK_ORDER_MAX);
    struct audit_origin *places = calloc(order->count, sizeof *places);
    if (places == NULL)
        return error_set(error, "out of memory");
    memcpy(places, order->places, order->count * sizeof *places);
    qsort(places, order->count, sizeof *places, in_order);
    desk->order = places;
    desk->order_count = order->count;
    desk->progress =
        (struct letter_progress){.is_running = true, .wanted = order->count, .left = order->count};
    (void)snprintf(desk->progress.who, sizeof desk->progress.who, "%s", order->who);
    return true;
}

bool letter_desk_replay(struct letter_desk *desk, const struct letter_order *order,
                        struct error *error)
{
    pthread_mutex_lock(&desk->mutex);
    bool good =
        wake(desk) ? take_order(desk, order, error) : error_set(error, "%s", desk->trouble.text);
    pthread_mutex_unlock(&desk->mutex);
    return good;
}

struct letter_progress letter_desk_progress(struct letter_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    struct letter_progress progress = desk->progress;
    pthread_mutex_unlock(&desk->mutex);
    return progress;
}
