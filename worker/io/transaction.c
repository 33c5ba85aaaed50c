#include "worker/io/transaction.h"

#include "worker/io/failpoint_kafka.h"
#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
    CALL_MS =
        10000, /* most time of one call that takes a time; the transaction's own is the same */
    QUEUE_FULL_POLL_MS = 10,
    REFUSAL_MS = 2000, /* most time that a commit waits to hear of a refusal first */
    REFUSAL_POLL_MS = 100,
};

static void step(struct producer *producer)
{
    atomic_fetch_add(&producer->calls, 1);
}

/* What librdkafka would say where an answer does not come; NULL: no failpoint is hit. */
static rd_kafka_error_t *no_answer(enum failpoint point)
{
    return failpoint(point) ? rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "failpoint") : NULL;
}

static void complain(struct producer *producer, const char *what, const char *why)
{
    (void)snprintf(producer->trouble, sizeof producer->trouble, "%s: %.400s", what, why);
    log_write(LOG_WARN, "kafka.transaction_failed", "%s", producer->trouble);
}

/* ---- the handle --------------------------------------------------------------------------------
 */

/* Served inside rd_kafka_poll(), _flush() and _commit_transaction(), so on the thread of the calls.
 */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct producer *producer = opaque;
    /* A request that was under way may reach the broker late and end the next transaction. */
    if (code != RD_KAFKA_RESP_ERR__FATAL)
        producer->worn = true;
    log_write(LOG_WARN, "kafka.trouble", "%s", reason);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct producer *producer = opaque;
    struct outgoing *outgoing = message->_private;
    outgoing->code = message->err;
    producer->undelivered--;
    producer->refused = producer->refused || message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool create(struct producer *producer)
{
    struct error error;
    rd_kafka_conf_t *conf = kafka_conf_producer(producer->settings, &error);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, producer);
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        failpoint_watch_commits(conf);
        reachable_watch(&producer->reachable, conf);
        producer->rk = kafka_create(RD_KAFKA_PRODUCER, conf, &error);
        reachable_set(&producer->reachable, producer->rk);
    }
    if (producer->rk == NULL)
        complain(producer, "producer", error.text);
    return producer->rk != NULL;
}

bool producer_open(struct producer *producer, rd_kafka_resp_err_t *ret_code)
{
    *ret_code = RD_KAFKA_RESP_ERR__INVALID_ARG;
    if (producer->rk == NULL && !create(producer))
        return false;
    rd_kafka_error_t *error = NULL;
    if (producer->settings->kafka.delivery == DELIVERY_EXACTLY_ONCE) {
        step(producer);
        error = rd_kafka_init_transactions(producer->rk, CALL_MS);
    }
    error = error == NULL ? no_answer(FAILPOINT_RECYCLE) : error;
    producer->worn = producer->fenced = false;
    if (error == NULL)
        return true;
    *ret_code = rd_kafka_error_code(error);
    complain(producer, "init_transactions", rd_kafka_error_string(error));
    if (!rd_kafka_error_is_retriable(error))
        producer_close(producer);
    rd_kafka_error_destroy(error);
    return false;
}

void producer_close(struct producer *producer)
{
    if (producer->rk == NULL)
        return;
    step(producer);
    reachable_set(&producer->reachable, NULL);
    rd_kafka_destroy(producer->rk);
    producer->rk = NULL;
}

/* ---- messages ----------------------------------------------------------------------------------
 */

static void add_headers(rd_kafka_headers_t *headers, const struct header *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)rd_kafka_header_add(headers, from[i].name.data, (ssize_t)from[i].name.size,
                                  from[i].value.data, (ssize_t)from[i].value.size);
}

static rd_kafka_resp_err_t produce_one(struct producer *producer, struct outgoing *outgoing)
{
    const struct message *message = outgoing->message;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->kept_count + message->header_count);
    add_headers(headers, message->kept, message->kept_count);
    add_headers(headers, message->headers, message->header_count);
    rd_kafka_resp_err_t code;
    do {
        code = rd_kafka_producev(
            producer->rk, RD_KAFKA_V_TOPIC(message->topic),
            RD_KAFKA_V_PARTITION(message->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(message->key.data, message->key.size),
            /* librdkafka reads it only: it makes a copy */
            RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value.data, message->value.size),
            RD_KAFKA_V_TIMESTAMP(message->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_OPAQUE(outgoing), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            (void)rd_kafka_poll(producer->rk, QUEUE_FULL_POLL_MS);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

/* False: one was refused at once; its `code` says why. */
static bool produce(struct producer *producer, struct batch *batch)
{
    producer->undelivered = 0;
    producer->refused = false;
    for (size_t i = 0; i < batch->count; i++)
        batch->messages[i].code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < batch->count; i++) {
        rd_kafka_resp_err_t code = produce_one(producer, &batch->messages[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            batch->messages[i].code = code;
            complain(producer, batch->messages[i].message->topic, rd_kafka_err2str(code));
            return false;
        }
        producer->undelivered++;
    }
    return true;
}

/* Names the message that was refused, after it was produced. */
static bool find_refused(struct producer *producer, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->messages[i].code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            complain(producer, batch->messages[i].message->topic,
                     rd_kafka_err2str(batch->messages[i].code));
            return true;
        }
    }
    return false;
}

/* And from now on. */
static int64_t ms_since(uint64_t *since_ns)
{
    uint64_t before_ns = *since_ns;
    *since_ns = uv_hrtime();
    return (int64_t)((*since_ns - before_ns) / 1000000);
}

/* ---- exactly-once ------------------------------------------------------------------------------
 */

/* Errors that say what happened and leave the connection as it was. */
static bool is_definite(rd_kafka_resp_err_t code)
{
    return code != RD_KAFKA_RESP_ERR__TRANSPORT && code != RD_KAFKA_RESP_ERR__TIMED_OUT &&
           code != RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && code != RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE &&
           code != RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
}

/* Takes the error. True: the transaction can, and must, be aborted with this producer. */
static bool may_abort(struct producer *producer, const char *what, rd_kafka_error_t *error)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    bool abortable = rd_kafka_error_txn_requires_abort(error) != 0;
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        code = rd_kafka_fatal_error(producer->rk, NULL, 0);
    producer->fenced = producer->fenced || code == RD_KAFKA_RESP_ERR__FENCED;
    producer->worn = producer->worn || !abortable || !is_definite(code);
    complain(producer, what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return abortable;
}

static void abort_transaction(struct producer *producer)
{
    if (producer->worn)
        return; /* its successor's init_transactions() ends it */
    step(producer);
    rd_kafka_error_t *error = rd_kafka_abort_transaction(producer->rk, -1);
    if (error != NULL) {
        (void)may_abort(producer, "abort", error);
        producer->worn = true;
    }
}

static enum fate fail(struct producer *producer, const char *what, rd_kafka_error_t *error)
{
    if (error != NULL)
        (void)may_abort(producer, what, error);
    abort_transaction(producer);
    return FATE_NOTHING;
}

/* A commit waits for all messages. But where one was refused, those behind it stand on a hole in
 * the sequence numbers until they time out, 8 s later, and the commit with them. So the refusal
 * comes first. */
static bool is_refused(struct producer *producer, const struct batch *batch)
{
    uint64_t until_ns = uv_hrtime() + REFUSAL_MS * 1000000ULL;
    step(producer);
    while (producer->undelivered > 0 && !producer->refused && !producer->worn &&
           rd_kafka_fatal_error(producer->rk, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           uv_hrtime() < until_ns)
        (void)rd_kafka_poll(producer->rk, REFUSAL_POLL_MS);
    return producer->refused && find_refused(producer, batch);
}

enum fate transaction_run(struct producer *producer, struct batch *batch)
{
    uint64_t since_ns = uv_hrtime();
    batch->send_ms = batch->commit_ms = -1;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(producer->rk);
    if (error != NULL)
        return fail(producer, "begin", error);
    if (!produce(producer, batch))
        return fail(producer, "produce", NULL);
    step(producer);
    error = rd_kafka_send_offsets_to_transaction(producer->rk, batch->offsets, batch->group, -1);
    error = error == NULL ? no_answer(FAILPOINT_TRANSACTION_OPEN) : error;
    if (error != NULL)
        return fail(producer, "send_offsets", error);
    if (is_refused(producer, batch)) {
        producer->worn = true; /* of the hole; see below */
        return FATE_NOTHING;
    }
    batch->send_ms = ms_since(&since_ns);
    step(producer);
    error = rd_kafka_commit_transaction(producer->rk, -1);
    batch->commit_ms = ms_since(&since_ns);
    error = error == NULL ? no_answer(FAILPOINT_COMMIT_ANSWER) : error;
    if (error == NULL) {
        (void)rd_kafka_poll(producer->rk, 0); /* did a connection break meanwhile? */
        producer->worn = producer->worn || failpoint(FAILPOINT_COMMIT_DONE);
        producer->trouble[0] = '\0';
        return FATE_COMMITTED;
    }
    bool abortable = may_abort(producer, "commit", error);
    /* Also where it could be aborted: a message that was refused leaves a hole in the producer's
     * sequence numbers, on which the next transaction would fail as well. */
    producer->worn = true;
    return abortable ? FATE_NOTHING : FATE_DOUBTFUL;
}

/* ---- at-least-once -----------------------------------------------------------------------------
 */

/* Sends the offsets, until they stand or the group says that they are not ours to send. */
static rd_kafka_resp_err_t commit_offsets(struct producer *producer, const struct batch *batch)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(producer->consumer);
    step(producer);
    rd_kafka_resp_err_t code =
        rd_kafka_commit_queue(producer->consumer, batch->offsets, answers, NULL, NULL);
    rd_kafka_event_t *answer =
        code == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_queue_poll(answers, CALL_MS) : NULL;
    if (answer != NULL)
        code = rd_kafka_event_error(answer);
    else if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(answers);
    return code;
}

enum fate delivery_run(struct producer *producer, struct batch *batch)
{
    uint64_t since_ns = uv_hrtime();
    bool good = produce(producer, batch);
    batch->commit_ms = -1;
    do {
        step(producer);
    } while (rd_kafka_flush(producer->rk, CALL_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT);
    batch->send_ms = ms_since(&since_ns);
    good = good && !find_refused(producer, batch);
    producer->worn = rd_kafka_fatal_error(producer->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!good)
        return FATE_NOTHING;
    rd_kafka_resp_err_t code = commit_offsets(producer, batch);
    batch->commit_ms = ms_since(&since_ns);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->trouble[0] = '\0';
        return FATE_COMMITTED;
    }
    complain(producer, "commit", rd_kafka_err2str(code));
    return is_definite(code) ? FATE_NOTHING : FATE_DOUBTFUL;
}

/* ---- what was committed? -----------------------------------------------------------------------
 */

static bool is_same(const rd_kafka_topic_partition_t *a, const rd_kafka_topic_partition_t *b)
{
    return a->offset == b->offset && a->metadata_size == b->metadata_size &&
           (a->metadata_size == 0 || memcmp(a->metadata, b->metadata, a->metadata_size) == 0);
}

int batch_is_committed(struct producer *producer, const struct batch *batch)
{
    rd_kafka_topic_partition_list_t *found = rd_kafka_topic_partition_list_new(batch->offsets->cnt);
    for (int i = 0; i < batch->offsets->cnt; i++)
        rd_kafka_topic_partition_list_add(found, batch->offsets->elems[i].topic,
                                          batch->offsets->elems[i].partition);
    step(producer);
    rd_kafka_resp_err_t code = rd_kafka_committed(producer->consumer, found, CALL_MS);
    int same = code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1;
    /* All or none were committed. One that has moved to another worker may stand further on
     * already, so one that is the same is enough. */
    for (int i = 0; same >= 0 && i < found->cnt; i++) {
        if (found->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            same = -1;
        else if (is_same(&found->elems[i], &batch->offsets->elems[i]))
            same = 1;
    }
    rd_kafka_topic_partition_list_destroy(found);
    return same;
}
