#include "worker/io/kafka_record.h"

#include <stdlib.h>

static size_t header_bytes(const rd_kafka_headers_t *headers, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
            bytes += strlen(name) + (value != NULL ? size : 0);
    }
    return bytes;
}

static struct str put(char **at, const void *bytes, size_t size)
{
    if (bytes == NULL)
        return (struct str){0};
    struct str copy = {*at, size};
    if (size > 0)
        memcpy(*at, bytes, size);
    *at += size;
    return copy;
}

bool kafka_record_make(const rd_kafka_message_t *message, const char *topic, struct record *ret)
{
    rd_kafka_headers_t *headers = NULL;
    size_t count = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        count = rd_kafka_header_cnt(headers);
    size_t size = count * sizeof(struct header) + header_bytes(headers, count) + message->key_len +
                  message->len;
    struct header *copies = malloc(size > 0 ? size : 1);
    if (copies == NULL)
        return false;
    char *at = (char *)(copies + count);
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *ret = (struct record){
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .timestamp_is_brokers = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
        .key = put(&at, message->key, message->key_len),
        .value = put(&at, message->payload, message->len),
        .headers = copies,
        .header_count = count,
        .handle = copies,
    };
    for (size_t i = 0; i < count; i++) {
        const char *name = "";
        const void *value = NULL;
        size_t value_size = 0;
        (void)rd_kafka_header_get_all(headers, i, &name, &value, &value_size);
        copies[i].name = put(&at, name, strlen(name));
        copies[i].value = put(&at, value, value_size);
    }
    return true;
}

void kafka_record_finish(struct record *record)
{
    free(record->handle);
    *record = (struct record){0};
}
