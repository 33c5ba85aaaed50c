#include "worker/io/committed.h"

#include "worker/io/failpoint.h"
#include "worker/io/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRY_MS = 2000, PAUSE_MS = 100 };

static bool is_refusal(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

static rd_kafka_resp_err_t ask(const struct committed *committed)
{
    rd_kafka_resp_err_t code =
        rd_kafka_committed(committed->consumer, committed->partitions, TRY_MS);
    code = failpoint(FAILPOINT_REBALANCE) ? RD_KAFKA_RESP_ERR__TIMED_OUT : code;
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < committed->partitions->cnt; i++)
        code = committed->partitions->elems[i].err;
    return code;
}

/* What comes after its end was not there for an earlier owner. */
static void ask_ends(const struct committed *committed)
{
    for (int i = 0; i < committed->partitions->cnt; i++) {
        rd_kafka_topic_partition_t *element = &committed->partitions->elems[i];
        int64_t low = 0, high = -1;
        if (element->offset >= 0 && committed->state == COMMITTED_ASKING)
            (void)rd_kafka_query_watermark_offsets(committed->consumer, element->topic,
                                                   element->partition, &low, &high, TRY_MS);
        element->opaque = (void *)(intptr_t)high;
    }
}

static void *run(void *context)
{
    struct committed *committed = context;
    while ((committed->code = ask(committed)) != RD_KAFKA_RESP_ERR_NO_ERROR &&
           !is_refusal(committed->code) && committed->state == COMMITTED_ASKING) {
        log_write(LOG_WARN, "kafka.committed_wait",
                  "the group's offsets cannot be read yet (%s); asking again",
                  rd_kafka_err2str(committed->code));
        usleep(PAUSE_MS * 1000);
    }
    if (committed->code == RD_KAFKA_RESP_ERR_NO_ERROR)
        ask_ends(committed);
    enum committed_state asking = COMMITTED_ASKING;
    if (atomic_compare_exchange_strong(&committed->state, &asking, COMMITTED_ANSWERED))
        committed->on_answer(committed->context);
    return NULL;
}

bool committed_ask(struct committed *committed, rd_kafka_t *consumer,
                   const rd_kafka_topic_partition_list_t *partitions)
{
    assert(committed->state == COMMITTED_IDLE);
    committed->consumer = consumer;
    committed->partitions = rd_kafka_topic_partition_list_copy(partitions);
    committed->state = COMMITTED_ASKING;
    if (pthread_create(&committed->thread, NULL, run, committed) == 0)
        return true;
    committed->state = COMMITTED_IDLE;
    rd_kafka_topic_partition_list_destroy(committed->partitions);
    committed->partitions = NULL;
    return false;
}

static rd_kafka_topic_partition_list_t *join(struct committed *committed)
{
    rd_kafka_topic_partition_list_t *partitions = committed->partitions;
    pthread_join(committed->thread, NULL);
    committed->partitions = NULL;
    committed->state = COMMITTED_IDLE;
    return partitions;
}

rd_kafka_topic_partition_list_t *committed_take(struct committed *committed,
                                                rd_kafka_resp_err_t *ret_code)
{
    if (committed->state != COMMITTED_ANSWERED)
        return NULL;
    rd_kafka_topic_partition_list_t *partitions = join(committed);
    *ret_code = committed->code;
    return partitions;
}

char *committed_metadata(const rd_kafka_topic_partition_t *element)
{
    size_t size = element->metadata != NULL ? element->metadata_size : 0;
    char *text = calloc(size + 1, 1);
    if (text != NULL && size > 0)
        memcpy(text, element->metadata, size);
    return text;
}

rd_kafka_topic_partition_list_t *committed_leave(struct committed *committed)
{
    if (committed->state == COMMITTED_IDLE)
        return NULL;
    committed->state = COMMITTED_LEAVING;
    return join(committed);
}
