#include "worker/io/sender.h"

#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PAUSE_MS = 200,  /* between two tries to get a producer, or an answer */
    ALLOW_MS = 5000, /* to ask for new reply topics; replies wait meanwhile */
    /* Longer than the consumer's heartbeat (3 s): of two workers with one id the group tells which
       one has to go. */
    FENCED_PAUSE_MS = 5000,
    FENCES_MAX = 3, /* so often in a row without a batch between them, and it is no accident */
};

struct sender {
    struct producer producer;
    struct kafka_topics topics;
    struct kafka_refusal failure;
    void (*on_change)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    _Atomic(enum sender_state) state; /* changed under the mutex */
    atomic_bool leaving;
    atomic_uint recycles;
    unsigned fences;
    const struct strings *allowed; /* LOOKS: what to look for */
    struct batch *batch;
    enum fate fate;
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleeps in short pieces, so that a worker that leaves need not wait. */
static void pause_ms(const struct sender *sender, int64_t ms)
{
    for (int64_t until_ms = clock_ms() + ms; !sender->leaving && clock_ms() < until_ms;)
        usleep(50 * 1000);
}

static void set_state(struct sender *sender, enum sender_state state)
{
    pthread_mutex_lock(&sender->mutex);
    sender->state = state;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
}

static bool give_up(struct sender *sender, int exit_code)
{
    sender->failure.exit_code = exit_code;
    return false;
}

/* ---- a producer --------------------------------------------------------------------------------
 */

/* An error that no waiting will heal. */
static bool is_refusal(struct sender *sender, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        error_set(&sender->failure.error,
                  "kafka: %s; give this user the right to write with its transactional id",
                  sender->producer.trouble);
        sender->failure.exit_code = 77;
        return true;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        error_set(&sender->failure.error, "kafka: %s", sender->producer.trouble);
        sender->failure.exit_code = 78;
        return true;
    default:
        return false;
    }
}

/* Tries until there is a producer, at most `for_ms`. */
static bool open_producer(struct sender *sender, int64_t for_ms)
{
    int64_t since_ms = clock_ms();
    rd_kafka_resp_err_t code;
    while (!producer_open(&sender->producer, &code)) {
        if (is_refusal(sender, code))
            return false;
        if (clock_ms() - since_ms > for_ms) {
            error_set(&sender->failure.error, "kafka.brokers: no transactions with %s: %s",
                      sender->producer.settings->kafka.brokers, sender->producer.trouble);
            return give_up(sender, 69);
        }
        if (sender->leaving)
            return give_up(sender, 0);
        if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)
            producer_close(&sender->producer); /* it may know no broker any more (reachable.h) */
        pause_ms(sender, PAUSE_MS);
    }
    return true;
}

/* Is this fence another worker's doing? Then ours is the id to be given up. */
static bool is_fenced_for_good(struct sender *sender)
{
    pause_ms(sender, FENCED_PAUSE_MS);
    bool consumer_is_fenced = rd_kafka_fatal_error(sender->producer.consumer, NULL, 0) ==
                              RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
    if (!consumer_is_fenced && ++sender->fences < FENCES_MAX)
        return false; /* the broker ended a transaction that took too long: the id is still ours */
    char instance_id[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(sender->producer.settings, instance_id);
    error_set(&sender->failure.error,
              "another worker uses kafka.instance_id \"%s\" in group \"%s\"; give each its own",
              instance_id, sender->producer.settings->kafka.group);
    sender->failure.exit_code = 75;
    return true;
}

/* A new producer with the same id: whatever the old one left under way can no longer do anything.
 */
static bool recycle(struct sender *sender)
{
    if (sender->producer.fenced && is_fenced_for_good(sender))
        return false;
    atomic_fetch_add(&sender->recycles, 1);
    log_write(LOG_WARN, "kafka.producer_replaced", "%s",
              sender->producer.trouble[0] != '\0' ? sender->producer.trouble
                                                  : "a connection broke inside a transaction");
    producer_close(&sender->producer);
    return open_producer(sender, INT64_MAX);
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static bool start(struct sender *sender)
{
    return kafka_topics_ask(&sender->topics, sender->producer.consumer, sender->producer.settings,
                            KAFKA_REACH_MS, &sender->failure) &&
           open_producer(sender, KAFKA_REACH_MS);
}

static enum fate find_out(struct sender *sender)
{
    int committed;
    while ((committed = batch_is_committed(&sender->producer, sender->batch)) < 0 &&
           !sender->leaving)
        pause_ms(sender, PAUSE_MS);
    return committed > 0 ? FATE_COMMITTED : FATE_NOTHING;
}

/* It waited for brokers, and they did not come: so it may know none any more (reachable.h). */
static bool is_alone(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->messages[i].code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
            return true;
    }
    return false;
}

static bool send_batch(struct sender *sender)
{
    /* Has a connection broken since the last one? The producer may hold on to a broker that it has
     * dropped, as the group's coordinator, and wait for it in send_offsets for ever (librdkafka's
     * issue 5511). */
    (void)rd_kafka_poll(sender->producer.rk, 0);
    if (sender->producer.worn && !recycle(sender))
        return false;
    bool exactly_once = sender->producer.settings->kafka.delivery == DELIVERY_EXACTLY_ONCE;
    enum fate fate = exactly_once ? transaction_run(&sender->producer, sender->batch)
                                  : delivery_run(&sender->producer, sender->batch);
    if (fate == FATE_COMMITTED)
        sender->fences = 0;
    else if (is_alone(sender->batch))
        sender->producer.worn = true;
    if (sender->producer.worn && !recycle(sender))
        return false;
    sender->fate = fate == FATE_DOUBTFUL ? find_out(sender) : fate;
    return true;
}

static bool is_due(enum sender_state state)
{
    return state == SENDER_BUSY || state == SENDER_LOOKS;
}

/* False: the worker leaves. */
static bool wait_for_work(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    while (!is_due(sender->state) && !sender->leaving)
        pthread_cond_wait(&sender->changed, &sender->mutex);
    pthread_mutex_unlock(&sender->mutex);
    return !sender->leaving;
}

static void *run(void *context)
{
    struct sender *sender = context;
    bool good = start(sender);
    set_state(sender, good ? SENDER_IDLE : SENDER_FAILED);
    sender->on_change(sender->context);
    while (good && wait_for_work(sender)) {
        enum sender_state next = SENDER_IDLE;
        if (sender->state == SENDER_LOOKS) {
            kafka_topics_allow(&sender->topics, sender->producer.consumer, sender->allowed,
                               ALLOW_MS);
        } else {
            good = send_batch(sender);
            next = good ? SENDER_DONE : SENDER_FAILED;
        }
        set_state(sender, next);
        sender->on_change(sender->context);
    }
    producer_close(&sender->producer);
    return NULL;
}

/* ---- the loop's side ---------------------------------------------------------------------------
 */

struct sender *sender_create(const struct settings *settings, rd_kafka_t *consumer,
                             void (*on_change)(void *context), void *context)
{
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        return NULL;
    if (!kafka_topics_list(&sender->topics, settings)) {
        kafka_topics_finish(&sender->topics);
        free(sender);
        return NULL;
    }
    sender->producer.settings = settings;
    sender->producer.consumer = consumer;
    reachable_init(&sender->producer.reachable, settings, "producer", REACHABLE_PRODUCER_MS);
    sender->on_change = on_change;
    sender->context = context;
    pthread_mutex_init(&sender->mutex, NULL);
    pthread_cond_init(&sender->changed, NULL);
    if (pthread_create(&sender->thread, NULL, run, sender) == 0)
        return sender;
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    reachable_finish(&sender->producer.reachable);
    kafka_topics_finish(&sender->topics);
    free(sender);
    return NULL;
}

void sender_destroy(struct sender *sender, bool stuck)
{
    if (sender == NULL)
        return;
    pthread_mutex_lock(&sender->mutex);
    sender->leaving = true;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    if (stuck) {
        pthread_detach(sender->thread);
        return; /* what it holds ends with the process */
    }
    pthread_join(sender->thread, NULL);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    reachable_finish(&sender->producer.reachable);
    kafka_topics_finish(&sender->topics);
    free(sender);
}

enum sender_state sender_state(const struct sender *sender)
{
    return sender->state;
}

void sender_send(struct sender *sender, struct batch *batch)
{
    assert(sender->state == SENDER_IDLE);
    sender->batch = batch;
    set_state(sender, SENDER_BUSY);
}

enum fate sender_take(struct sender *sender)
{
    assert(sender->state == SENDER_DONE && sender->fate != FATE_DOUBTFUL);
    sender->batch = NULL;
    set_state(sender, SENDER_IDLE);
    return sender->fate;
}

void sender_allow(struct sender *sender, const struct strings *allowed)
{
    assert(sender->state == SENDER_IDLE);
    sender->allowed = allowed;
    set_state(sender, SENDER_LOOKS);
}

const struct kafka_topics *sender_topics(const struct sender *sender)
{
    return &sender->topics;
}

const struct kafka_refusal *sender_failure(const struct sender *sender)
{
    assert(sender->state == SENDER_FAILED);
    return &sender->failure;
}

unsigned sender_calls(const struct sender *sender)
{
    return sender->producer.calls;
}

unsigned sender_recycles(const struct sender *sender)
{
    return sender->recycles;
}

void sender_look(struct sender *sender, int64_t now_ms)
{
    if (sender->state == SENDER_BUSY)
        reachable_turn(&sender->producer.reachable, now_ms);
}

uint64_t sender_resumed(const struct sender *sender)
{
    return sender->producer.reachable.resumed;
}
