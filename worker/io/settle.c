#include "worker/io/settle.h"

#include "worker/io/log.h"
#include "worker/io/sender.h"
#include "worker/io/settle_batch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENOUGH = 256,   /* so many do not wait for kafka.commit_interval: a reply costs little more in a
                       larger batch */
    TICK_MS = 1000, /* the watchdog's */
    STUCK_TICKS = 60,    /* no call may take longer; send_offsets is known to block for ever
                            (guarantees, trap 4) */
    AGAIN_MIN_MS = 20,   /* after a batch that failed … */
    AGAIN_MAX_MS = 2000, /* … doubled each time */
};

struct settle {
    const struct settings *settings;
    struct pipeline *pipeline;
    struct source *source;
    struct settle_events events;
    struct sender *sender;
    struct sending *waiting; /* room for all requests there are */
    size_t waiting_count;
    struct settle_batch batch;
    int64_t due_ms;   /* when what waits is to be sent; while nothing waits: not before */
    int64_t again_ms; /* how long to wait after the next failure; AGAIN_MIN_MS while all is well */
    int64_t sent_ms;  /* of the batch under way, by the loop's clock */
    unsigned last_calls, stuck_ticks;
    bool allow_anew; /* kafka.reply_topics_allowed is another; seen to between two batches */
    struct settle_stats stats;
    uv_async_t async;
    uv_timer_t timer;
    unsigned open_handles;
};

static void fatal(struct settle *settle, int exit_code, const char *why)
{
    log_write(LOG_ERROR, "kafka.fatal", "%s", why);
    settle->events.on_fatal(settle->events.context, exit_code, why);
}

/* ---- a batch is over ---------------------------------------------------------------------------
 */

static void count_times(struct settle *settle, bool failed)
{
    const struct batch *batch = &settle->batch.batch;
    if (batch->send_ms >= 0)
        histogram_add(&settle->stats.send[failed], &call_bounds, batch->send_ms);
    if (batch->commit_ms >= 0)
        histogram_add(&settle->stats.commit[failed], &call_bounds, batch->commit_ms);
}

static void conclude_committed(struct settle *settle)
{
    struct settle_batch *batch = &settle->batch;
    settle_batch_apply(batch);
    size_t messages = batch->first[batch->count];
    settle->stats.committed++;
    settle->stats.replies += batch->count;
    settle->stats.dead_letters += messages - batch->count;
    for (size_t i = 0; i < batch->count; i++)
        settle->stats.elsewhere += strcmp(batch->messages[batch->first[i]].topic,
                                          settle->settings->kafka.replies_topic) != 0;
    settle->stats.batch_ms += (int64_t)uv_now(settle->timer.loop) - settle->sent_ms;
    settle->again_ms = AGAIN_MIN_MS;
    for (size_t i = 0; i < batch->count; i++)
        pipeline_post(settle->pipeline, batch->sendings[i].rq, OUTCOME_OK);
}

/* Back to the front, in the same order, each in the shape that the broker may take. */
static void conclude_nothing(struct settle *settle)
{
    struct settle_batch *batch = &settle->batch;
    struct sending again[BATCH_REQUESTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct sending sending = batch->sendings[i];
        if (settle_batch_reshape(batch, i, &sending.shape)) {
            again[count++] = sending;
        } else {
            log_request(LOG_ERROR, "reply.refused", sending.rq,
                        "the broker refuses the reply, or its dead letter, as too large, even in "
                        "brief");
            pipeline_post(settle->pipeline, sending.rq, OUTCOME_FAILED);
        }
    }
    memmove(settle->waiting + count, settle->waiting, settle->waiting_count * sizeof *again);
    memcpy(settle->waiting, again, count * sizeof *again);
    settle->waiting_count += count;
    settle->stats.aborted++;
    settle->stats.unsent += batch->first[batch->count];
    settle->due_ms = (int64_t)uv_now(settle->timer.loop) + settle->again_ms;
    settle->again_ms = settle->again_ms * 2 < AGAIN_MAX_MS ? settle->again_ms * 2 : AGAIN_MAX_MS;
}

static void log_ended(const struct settle *settle, bool failed)
{
    const struct settle_batch *batch = &settle->batch;
    log_write(LOG_DEBUG, failed ? "kafka.not_committed" : "kafka.committed",
              "%zu records, %zu messages; sent for %lld ms, committed for %lld ms", batch->count,
              batch->first[batch->count], (long long)batch->batch.send_ms,
              (long long)batch->batch.commit_ms);
}

static void on_change(uv_async_t *async)
{
    struct settle *settle = async->data;
    if (sender_state(settle->sender) == SENDER_FAILED) {
        const struct kafka_refusal *failure = sender_failure(settle->sender);
        fatal(settle, failure->exit_code, failure->error.text);
    } else if (sender_state(settle->sender) == SENDER_DONE) {
        bool failed = sender_take(settle->sender) != FATE_COMMITTED;
        log_ended(settle, failed);
        count_times(settle, failed);
        if (!failed)
            conclude_committed(settle);
        else
            conclude_nothing(settle);
        settle_batch_clear(&settle->batch);
    }
}

/* On the sender's thread. */
static void wake(void *context)
{
    struct settle *settle = context;
    (void)uv_async_send(&settle->async);
}

static void on_tick(uv_timer_t *timer)
{
    struct settle *settle = timer->data;
    sender_look(settle->sender, (int64_t)uv_now(timer->loop));
    unsigned calls = sender_calls(settle->sender);
    bool quiet = sender_state(settle->sender) != SENDER_BUSY || calls != settle->last_calls;
    settle->stuck_ticks = quiet ? 0 : settle->stuck_ticks + 1;
    settle->last_calls = calls;
    if (settle->stuck_ticks == STUCK_TICKS)
        fatal(settle, 70, "a transaction has been stuck in one call for a minute");
}

/* ---- a batch is made ---------------------------------------------------------------------------
 */

/* Those whose partition has moved leave; they are answered by its new owner. */
static void drop_lost(struct settle *settle)
{
    size_t kept = 0;
    for (size_t i = 0; i < settle->waiting_count; i++) {
        struct request *rq = settle->waiting[i].rq;
        if (partition_is_ours(rq->partition, rq->epoch)) {
            settle->waiting[kept++] = settle->waiting[i];
        } else {
            settle->stats.lost++;
            pipeline_post(settle->pipeline, rq, OUTCOME_LOST);
        }
    }
    if (kept < settle->waiting_count)
        wake(settle); /* so that the loop does not sleep on what was posted */
    settle->waiting_count = kept;
}

static bool fill(struct settle *settle)
{
    struct settle_batch *batch = &settle->batch;
    const struct kafka_topics *topics = sender_topics(settle->sender);
    size_t count = 0;
    while (count < settle->waiting_count && count < BATCH_REQUESTS_MAX) {
        struct sending sending = settle->waiting[count];
        bool alone = (sending.shape & SHAPE_ALONE) != 0;
        if (alone && count > 0)
            break;
        if (!settle_batch_add(batch, sending, topics))
            return false;
        count++;
        if (alone)
            break;
    }
    return count > 0;
}

/* False: not now. */
static bool send_batch(struct settle *settle)
{
    /* Trap 2 of the guarantees: first the metadata, then the epochs (drop_lost), both on the thread
     * of the rebalance. */
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(source_consumer(settle->source));
    source_see_member(settle->source, group);
    drop_lost(settle);
    if (settle->waiting_count == 0 || group == NULL ||
        rd_kafka_consumer_group_metadata_generation_id(group) < 0) {
        if (group != NULL)
            rd_kafka_consumer_group_metadata_destroy(group);
        return false;
    }
    settle->batch.batch.group = group;
    if (!fill(settle) || !settle_batch_seal(&settle->batch)) {
        settle_batch_clear(&settle->batch);
        return false;
    }
    settle->waiting_count -= settle->batch.count;
    memmove(settle->waiting, settle->waiting + settle->batch.count,
            settle->waiting_count * sizeof *settle->waiting);
    settle->sent_ms = (int64_t)uv_now(settle->timer.loop);
    sender_send(settle->sender, &settle->batch.batch);
    return true;
}

void settle_add(struct settle *settle, struct request *rq, int64_t now_ms)
{
    assert(settle->waiting_count + settle->batch.count < settle->pipeline->pool->size);
    int64_t due_ms = now_ms + settle->settings->kafka.commit_interval_ms;
    if (settle->waiting_count == 0 && settle->due_ms < due_ms)
        settle->due_ms = due_ms;
    settle->waiting[settle->waiting_count++] = (struct sending){.rq = rq};
}

void settle_allow(struct settle *settle)
{
    settle->allow_anew = true;
}

/* Between two batches nothing points to the old names. */
static void allow_anew(struct settle *settle)
{
    settle->allow_anew = false;
    if (settle_batch_allow(&settle->batch, &settle->settings->kafka.reply_topics_allowed))
        sender_allow(settle->sender, &settle->batch.allowed);
    else
        log_write(LOG_ERROR, "kafka.topic_missing",
                  "kafka.reply_topics_allowed: out of memory; the topics are those of before");
}

int64_t settle_turn(struct settle *settle, int64_t now_ms)
{
    if (settle->allow_anew && sender_state(settle->sender) == SENDER_IDLE)
        allow_anew(settle);
    if (settle->waiting_count == 0 || sender_state(settle->sender) != SENDER_IDLE)
        return INT64_MAX; /* an addition, or the sender's word, comes first */
    bool all_is_well = settle->again_ms == AGAIN_MIN_MS;
    bool enough = all_is_well && settle->waiting_count >= ENOUGH;
    if (now_ms < settle->due_ms && !enough)
        return settle->due_ms;
    settle->due_ms = now_ms + settle->settings->kafka.commit_interval_ms;
    if (send_batch(settle) || settle->waiting_count == 0)
        return INT64_MAX;
    settle->due_ms = now_ms + AGAIN_MIN_MS;
    return settle->due_ms;
}

/* ---- life --------------------------------------------------------------------------------------
 */

static bool open_handles(struct settle *settle, uv_loop_t *loop)
{
    settle->async.data = settle->timer.data = settle;
    if (uv_async_init(loop, &settle->async, on_change) != 0)
        return false;
    settle->open_handles++;
    if (uv_timer_init(loop, &settle->timer) != 0)
        return false;
    settle->open_handles++;
    return uv_timer_start(&settle->timer, on_tick, TICK_MS, TICK_MS) == 0;
}

struct settle *settle_create(uv_loop_t *loop, const struct settings *settings,
                             struct pipeline *pipeline, struct source *source,
                             const struct settle_events *events)
{
    struct settle *settle = calloc(1, sizeof *settle);
    if (settle == NULL)
        return NULL;
    settle->settings = settings;
    settle->pipeline = pipeline;
    settle->source = source;
    settle->events = *events;
    settle->again_ms = AGAIN_MIN_MS;
    settle->waiting = calloc(pipeline->pool->size, sizeof *settle->waiting);
    bool good = settle_batch_init(&settle->batch, settings);
    good = open_handles(settle, loop) && good && settle->waiting != NULL;
    if (good)
        settle->sender = sender_create(settings, source_consumer(source), wake, settle);
    if (settle->sender != NULL)
        return settle;
    settle_destroy(settle);
    return NULL;
}

void settle_set_witness(struct settle *settle, const struct witness *witness)
{
    settle->batch.witness = witness;
}

static void on_close(uv_handle_t *handle)
{
    struct settle *settle = handle->data;
    if (--settle->open_handles > 0)
        return;
    settle_batch_finish(&settle->batch);
    free(settle->waiting);
    free(settle);
}

void settle_destroy(struct settle *settle)
{
    if (settle == NULL)
        return;
    bool stuck = settle->stuck_ticks >= STUCK_TICKS;
    sender_destroy(settle->sender, stuck);
    if (stuck)
        return;
    settle_batch_clear(&settle->batch);
    if (settle->open_handles > 1)
        uv_close((uv_handle_t *)&settle->timer, on_close);
    if (settle->open_handles > 0)
        uv_close((uv_handle_t *)&settle->async, on_close);
}

bool settle_is_idle(const struct settle *settle)
{
    return settle->waiting_count == 0 && settle->batch.count == 0;
}

bool settle_is_ready(const struct settle *settle)
{
    enum sender_state state = sender_state(settle->sender);
    return state != SENDER_STARTING && state != SENDER_FAILED;
}

struct settle_stats settle_stats(const struct settle *settle)
{
    struct settle_stats stats = settle->stats;
    stats.recycled = sender_recycles(settle->sender);
    stats.resumed = sender_resumed(settle->sender);
    stats.waiting = settle->waiting_count;
    stats.under_way = settle->batch.count;
    stats.messages = settle->batch.first[settle->batch.count];
    return stats;
}
