/* A line about a request, whatever the request, its record and Graph say. Input: the message,
 * Graph's request-id, the topic, a tenant, an id for an event without one, a line each; then a
 * record (input.h). */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/utf8.h"
#include "worker/io/log_line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct log_stamp stamp = {"2026-11-21T22:12:05.123Z"};

static void make(struct log_line *line, const struct request *rq, const char *message)
{
    log_line_start(line, &stamp, LOG_WARN, "fuzz.line", message);
    log_line_request(line, rq);
    log_line_text(line, "usher.graph_diagnostic", str_of(rq->graph.diagnostic));
    log_line_number(line, "usher.took_ms", 250);
    log_line_end(line);
}

/* One line, and nothing in it that a terminal would obey or that breaks who reads it. */
static struct str check_harmless(const struct log_line *line)
{
    assert(line->size > 1 && line->size <= LOG_LINE_MAX && line->text[line->size - 1] == '\n');
    struct str text = {line->text, line->size - 1};
    assert(utf8_is_printable(text));
    return text;
}

/* What stands in the line is what it was made of, where that needs no escaping and is short. */
static void check_same(const cJSON *tree, const char *name, const char *text)
{
    const char *said = check_text(tree, name);
    assert(said != NULL);
    if (strlen(text) > 80 || !utf8_is_printable(str_of(text)))
        return;
    for (size_t i = 0; text[i] != '\0'; i++)
        if ((unsigned char)text[i] >= 0x7F)
            return; /* signs that turn text around are escaped as well */
    assert(strcmp(said, text) == 0);
}

static void check_json_line(const struct request *rq, const char *message)
{
    static struct log_line line;
    line.json = true;
    make(&line, rq, message);
    cJSON *tree = check_json(check_harmless(&line));
    check_same(tree, "message", message);
    assert(strcmp(check_text(tree, "log.level"), "warn") == 0);
    assert(strcmp(check_text(tree, "event.action"), "fuzz.line") == 0);
    if (rq->record.topic[0] != '\0')
        check_same(tree, "usher.topic", rq->record.topic);
    if (rq->event.id != NULL && rq->event.id[0] != '\0')
        check_same(tree, "usher.event_id", rq->event.id);
    if (rq->event.source != NULL && rq->event.source[0] != '\0')
        check_same(tree, "usher.event_source", rq->event.source);
    if (rq->graph.request_id[0] != '\0')
        check_same(tree, "usher.graph_request_id", rq->graph.request_id);
    const struct header *correlation = record_header(&rq->record, "kafka_correlationId");
    assert((correlation != NULL && correlation->value.data != NULL) ==
           (check_text(tree, "usher.correlation_id") != NULL));
    assert((rq->event.traceparent != NULL) == (check_text(tree, "trace.id") != NULL));
    assert(cJSON_GetObjectItemCaseSensitive(tree, "usher.took_ms") != NULL);
    cJSON_Delete(tree);
}

/* The coloured line is the other one and our own colours. */
static void check_text_line(const struct request *rq, const char *message)
{
    static struct log_line plain, coloured;
    static char stripped[LOG_LINE_MAX];
    coloured.colour = true;
    make(&plain, rq, message);
    make(&coloured, rq, message);
    check_harmless(&plain);
    size_t size = 0;
    for (size_t i = 0; i < coloured.size; i++) {
        if (coloured.text[i] != '\x1b') {
            stripped[size++] = coloured.text[i];
            continue;
        }
        assert(coloured.text[i + 1] == '[');
        i += 2 + strspn(coloured.text + i + 2, "0123456789");
        assert(coloured.text[i] == 'm');
    }
    assert(size == plain.size && memcmp(stripped, plain.text, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct header headers[INPUT_HEADERS_MAX];
    struct partition partition = {0};
    struct request rq;
    input_init(&input, data, size);
    const char *message = input_text(&input), *request_id = input_text(&input);
    const char *topic = input_text(&input), *tenant = input_text(&input);
    char *id = strdup(input_text(&input)); /* the event frees its own */
    assert(id != NULL);
    struct record record = input_record(&input, headers);
    record.topic = topic;
    request_init(&rq, &record, &partition, 1772438400000);
    event_read(&record, &rq.event);
    (void)snprintf(rq.graph.request_id, sizeof rq.graph.request_id, "%s", request_id);
    (void)snprintf(rq.graph.diagnostic, sizeof rq.graph.diagnostic, "%s", message);
    rq.whose.name = strlen(tenant) <= 64 ? tenant : NULL;
    const char *own_id = rq.event.id;
    if (own_id == NULL)
        rq.event.id = id;
    check_json_line(&rq, message);
    check_text_line(&rq, message);
    rq.event.id = own_id;
    request_finish(&rq);
    free(id);
    input_finish(&input);
    return 0;
}
