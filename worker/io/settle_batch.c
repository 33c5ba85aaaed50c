#include "worker/io/settle_batch.h"

#include "worker/io/digest.h"
#include "worker/io/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void free_names(struct strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct strings){0};
}

bool settle_batch_init(struct settle_batch *batch, const struct settings *settings)
{
    *batch = (struct settle_batch){0};
    batch->requests_topic = settings->kafka.requests_topic;
    batch->reply = (struct reply_settings){
        .group = settings->kafka.group,
        .replies_topic = settings->kafka.replies_topic,
        .dead_letters_topic = settings->kafka.dead_letters_topic,
    };
    return settle_batch_allow(batch, &settings->kafka.reply_topics_allowed);
}

bool settle_batch_allow(struct settle_batch *batch, const struct strings *allowed)
{
    struct strings copy = {.items = calloc(allowed->count + 1, sizeof *copy.items)};
    bool good = copy.items != NULL;
    assert(batch->count == 0);
    while (good && copy.count < allowed->count) {
        char *name = strdup(allowed->items[copy.count]);
        good = name != NULL;
        if (good)
            copy.items[copy.count++] = name;
    }
    if (!good) {
        free_names(&copy);
        return false;
    }
    free_names(&batch->allowed);
    batch->allowed = copy;
    batch->reply.allowed_topics = copy.items;
    batch->reply.allowed_count = copy.count;
    return true;
}

void settle_batch_clear(struct settle_batch *batch)
{
    for (size_t i = 0; i < batch->first[batch->count]; i++)
        message_finish(&batch->messages[i]);
    if (batch->batch.offsets != NULL)
        rd_kafka_topic_partition_list_destroy(batch->batch.offsets);
    if (batch->batch.group != NULL)
        rd_kafka_consumer_group_metadata_destroy(batch->batch.group);
    batch->batch = (struct batch){0};
    batch->count = batch->touched_count = 0;
}

void settle_batch_finish(struct settle_batch *batch)
{
    settle_batch_clear(batch);
    for (size_t i = 0; i < batch->touched_size; i++)
        ledger_finish(&batch->touched[i].ledger);
    free(batch->touched);
    free_names(&batch->allowed);
    *batch = (struct settle_batch){0};
}

/* ---- messages ----------------------------------------------------------------------------------
 */

static void send_home(struct message *message, const struct reply_settings *reply)
{
    message->topic = reply->replies_topic;
    message->partition = -1;
}

static bool make_reply(struct settle_batch *batch, struct sending sending,
                       const struct kafka_topics *topics, struct message *ret)
{
    struct reply_warning warning = {""};
    if (!reply_make(sending.rq, &batch->reply, (sending.shape & SHAPE_BRIEF) != 0, ret, &warning))
        return false;
    if (warning.text[0] != '\0')
        log_request(LOG_WARN, "reply.redirected", sending.rq, "%s", warning.text);
    int partitions = kafka_topics_partitions(topics, ret->topic);
    if ((sending.shape & SHAPE_HOME) != 0 || partitions == 0) {
        log_request(LOG_WARN, "reply.redirected", sending.rq,
                    "topic \"%s\" is not to be had; the reply goes to the default topic",
                    ret->topic);
        send_home(ret, &batch->reply);
    } else if (ret->partition >= partitions) {
        log_request(LOG_WARN, "reply.redirected", sending.rq,
                    "topic \"%s\" has no partition %" PRId32 "; the key chooses one", ret->topic,
                    ret->partition);
        ret->partition = -1;
    }
    return true;
}

static bool make_dead_letter(struct settle_batch *batch, struct sending sending,
                             const struct kafka_topics *topics, struct message *ret)
{
    char digest[DIGEST_HEX_SIZE];
    bool cut = (sending.shape & SHAPE_CUT) != 0;
    if (cut && !digest_sha256_hex(&sending.rq->record.value, 1, digest))
        return false;
    if (!dead_letter_make(sending.rq, &batch->reply, cut ? digest : NULL, ret))
        return false;
    if (ret->partition >= kafka_topics_partitions(topics, ret->topic))
        ret->partition = -1;
    return true;
}

/* ---- partitions --------------------------------------------------------------------------------
 */

static struct touched *touch(struct settle_batch *batch, struct partition *partition)
{
    for (size_t i = 0; i < batch->touched_count; i++) {
        if (batch->touched[i].partition == partition)
            return &batch->touched[i];
    }
    if (batch->touched_count == batch->touched_size) {
        struct touched *larger =
            realloc(batch->touched, (batch->touched_size + 1) * sizeof *larger);
        if (larger == NULL)
            return NULL;
        batch->touched = larger;
        if (!ledger_init(&larger[batch->touched_size].ledger, LEDGER_WINDOW_MAX))
            return NULL;
        batch->touched_size++;
    }
    struct touched *touched = &batch->touched[batch->touched_count++];
    touched->partition = partition;
    ledger_copy(&touched->ledger, &partition->ledger);
    return touched;
}

bool settle_batch_add(struct settle_batch *batch, struct sending sending,
                      const struct kafka_topics *topics)
{
    assert(batch->count < BATCH_REQUESTS_MAX);
    size_t first = batch->first[batch->count], at = first;
    struct touched *touched = touch(batch, sending.rq->partition);
    if (touched == NULL || !make_reply(batch, sending, topics, &batch->messages[at]))
        return false;
    at++;
    if (dead_letter_is_due(sending.rq)) {
        if (!make_dead_letter(batch, sending, topics, &batch->messages[at])) {
            message_finish(&batch->messages[first]);
            return false;
        }
        at++;
    }
    ledger_finish_offset(&touched->ledger, sending.rq->record.offset);
    batch->sendings[batch->count++] = sending;
    batch->first[batch->count] = at;
    return true;
}

static const struct witness *witness_for(const struct settle_batch *batch,
                                         const struct touched *touched)
{
    static const struct witness nothing;
    const struct witness *now = batch->witness != NULL ? batch->witness : &nothing;
    return partition_witness(touched->partition, &touched->ledger, now);
}

bool settle_batch_seal(struct settle_batch *batch)
{
    size_t count = batch->first[batch->count];
    for (size_t i = 0; i < count; i++)
        batch->outgoing[i] = (struct outgoing){.message = &batch->messages[i]};
    batch->batch.messages = batch->outgoing;
    batch->batch.count = count;
    batch->batch.offsets = rd_kafka_topic_partition_list_new((int)batch->touched_count);
    for (size_t i = 0; i < batch->touched_count; i++) {
        const struct touched *touched = &batch->touched[i];
        char text[LEDGER_METADATA_MAX];
        size_t length = ledger_metadata_write(&touched->ledger, witness_for(batch, touched), text);
        rd_kafka_topic_partition_t *element =
            rd_kafka_topic_partition_list_add(batch->batch.offsets, batch->requests_topic,
                                              touched->partition->id);
        element->offset = touched->ledger.frontier;
        element->metadata = strndup(text, length); /* librdkafka frees it with the list */
        if (element->metadata == NULL)
            return false;
        element->metadata_size = length;
    }
    return true;
}

void settle_batch_apply(struct settle_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct request *rq = batch->sendings[i].rq;
        /* The ledger of a later assignment has read the batch's offsets from Kafka. */
        if (partition_is_ours(rq->partition, rq->epoch))
            ledger_finish_offset(&rq->partition->ledger, rq->record.offset);
    }
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

static bool is_too_large(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static bool is_about_the_topic(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

bool settle_batch_reshape(const struct settle_batch *batch, size_t i, unsigned *ret_shape)
{
    unsigned shape = batch->sendings[i].shape, more = SHAPE_WHOLE;
    for (size_t at = batch->first[i]; at < batch->first[i + 1]; at++) {
        const struct outgoing *outgoing = &batch->outgoing[at];
        bool is_reply = at == batch->first[i];
        if (is_too_large(outgoing->code)) {
            unsigned smaller = is_reply ? SHAPE_BRIEF : SHAPE_CUT;
            if ((shape & SHAPE_ALONE) == 0 && batch->count > 1)
                more |= SHAPE_ALONE;
            else if ((shape & smaller) == 0)
                more |= SHAPE_ALONE | smaller;
            else
                return false;
        } else if (is_reply && is_about_the_topic(outgoing->code)) {
            bool is_home = strcmp(outgoing->message->topic, batch->reply.replies_topic) == 0 &&
                           outgoing->message->partition < 0;
            more |= is_home ? SHAPE_WHOLE : SHAPE_HOME;
        }
    }
    *ret_shape = shape | more;
    return true;
}
