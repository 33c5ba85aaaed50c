#include "tests/core/reply_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char allowed_topic[] = "hr-replies";
static char *const allowed[] = {allowed_topic};

const struct reply_settings sample_settings = {
    .group = "usher",
    .replies_topic = "access-replies",
    .dead_letters_topic = "access-requests-dlt",
    .allowed_topics = allowed,
    .allowed_count = 1,
};

void sample_init(struct sample *sample, bool binary)
{
    static const struct record record = {
        .topic = "access-requests",
        .partition = 3,
        .offset = 42,
        .timestamp_ms = 1795299115000,
        .key = {"person-1", 8},
        .value = {"{\"a\":1}", 7},
    };
    *sample = (struct sample){.partition = {.id = 3, .epoch = 1}};
    struct request *rq = &sample->rq;
    request_init(rq, &record, &sample->partition, 1795299120005);
    rq->record.headers = sample->headers;
    rq->event.worth = EVENT_GOOD;
    rq->event.mode = binary ? EVENT_BINARY : EVENT_STRUCTURED;
    rq->event.id = "onb-1";
    rq->event.source = "/hr";
    rq->event.type = "microsoft.graph.accessPackageAssignmentRequest";
    rq->event.ce_subject = "person-1";
    rq->answer = ANSWER_SUBMITTED;
    rq->graph.object = strdup("{\"id\":\"g-1\",\"requestState\":\"Submitted\"}");
    snprintf(rq->graph.request_id, sizeof rq->graph.request_id, "srv-1");
    snprintf(rq->graph.client_request_id, sizeof rq->graph.client_request_id, "cli-1");
    rq->attempts = (struct attempts){.dry_run = 1, .submit = 1};
    rq->finished_wall_ms = 1795299121999;
}

void sample_finish(struct sample *sample)
{
    request_finish(&sample->rq);
}

void sample_add_header(struct sample *sample, const char *name, struct str value)
{
    size_t count = sample->rq.record.header_count;
    assert_true(count < sizeof sample->headers / sizeof *sample->headers);
    sample->headers[count] = (struct header){str_of(name), value};
    sample->rq.record.header_count++;
}

const struct header *message_header(const struct message *message, const char *name)
{
    const struct header *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < message->header_count + message->kept_count; i++) {
        const struct header *header = i < message->header_count
                                          ? &message->headers[i]
                                          : &message->kept[i - message->header_count];
        if (!str_is(header->name, name))
            continue;
        found = header;
        count++;
    }
    if (count > 1)
        fail_msg("header %s stands %zu times", name, count);
    return found;
}

void assert_header(const struct message *message, const char *name, const char *value)
{
    const struct header *header = message_header(message, name);
    if (value == NULL && header != NULL)
        fail_msg("header %s is there", name);
    if (value != NULL && (header == NULL || !str_is(header->value, value)))
        fail_msg("header %s is \"%.*s\", not \"%s\"", name,
                 header != NULL ? (int)header->value.size : 7,
                 header != NULL ? header->value.data : "missing", value);
}
