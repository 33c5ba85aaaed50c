#include "worker/io/log_line.h"

enum { CORRELATION_MAX = 64 }; /* of a header that anybody may fill; a UUID has 36 letters */

static void put_if_set(struct log_line *line, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        log_line_text(line, name, str_of(value));
}

/* One that is followed has its record's place only, and Graph's probe has no record at all. */
static void put_record(struct log_line *line, const struct record *record)
{
    if (record->topic == NULL || record->topic[0] == '\0')
        return;
    log_line_text(line, "usher.topic", str_of(record->topic));
    log_line_number(line, "usher.partition", record->partition);
    log_line_number(line, "usher.offset", record->offset);
}

/* Spring's correlation id is a UUID in 16 raw bytes; others are text. */
static void put_correlation_id(struct log_line *line, const struct record *record)
{
    const struct header *header = record_header(record, "kafka_correlationId");
    if (header == NULL || header->value.data == NULL)
        return;
    struct str value = header->value;
    char guid[GUID_SIZE];
    if (value.size == 16) {
        guid_write((const uint8_t *)value.data, guid);
        value = str_of(guid);
    } else if (value.size > CORRELATION_MAX) {
        value.size = CORRELATION_MAX;
    }
    log_line_text(line, "usher.correlation_id", value);
}

void log_line_request(struct log_line *line, const struct request *rq)
{
    put_record(line, &rq->record);
    put_if_set(line, "usher.tenant", rq->whose.name);
    put_if_set(line, "usher.event_source", rq->event.source);
    put_if_set(line, "usher.event_id", rq->event.id);
    put_correlation_id(line, &rq->record);
    /* 00-<32 hex>-<16 hex>-01 */
    if (rq->event.traceparent != NULL && strlen(rq->event.traceparent) >= 35)
        log_line_text(line, "trace.id", (struct str){rq->event.traceparent + 3, 32});
    put_if_set(line, "usher.graph_request_id", rq->graph.request_id);
    put_if_set(line, "usher.client_request_id", rq->graph.client_request_id);
}
