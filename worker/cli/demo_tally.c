#include "worker/cli/demo_tally.h"

#include "worker/cli/demo_http.h"
#include "worker/cli/demo_kafka.h"
#include "worker/core/json_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 65536, DIFFERENCES_MAX = 10, URL_SIZE = 128 };

/* ---- replies and dead letters ---------------------------------------------------------------- */

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static void take_answer(struct demo_tally *tally, struct demo_event *event, const cJSON *data)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(data, "error");
    const char *named = text_of(data, "requestId"); /* "": no id could be read */
    char id[DEMO_TEXT_MAX];
    if (event->replies++ > 0)
        return;
    tally->answered++;
    event->answer = answer_from_name(text_of(data, "outcome"));
    event->is_duplicate = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "duplicate"));
    demo_record_id(event, id);
    event->is_misnamed = named[0] != '\0' && strcmp(named, id) != 0;
    (void)snprintf(event->code, sizeof event->code, "%s", text_of(error, "code"));
}

static void take_reply(struct demo_tally *tally, const rd_kafka_message_t *message)
{
    struct json_fault fault;
    cJSON *tree = json_read((struct str){message->payload, message->len}, &fault);
    /* Structured mode has the event around its data, binary mode has it in headers. */
    const cJSON *data = tree;
    if (cJSON_GetObjectItemCaseSensitive(tree, "specversion") != NULL)
        data = cJSON_GetObjectItemCaseSensitive(tree, "data");
    const cJSON *origin = cJSON_GetObjectItemCaseSensitive(data, "origin");
    struct demo_event *event = demo_events_find(tally->events, (int)number_of(origin, "partition"),
                                                (int64_t)number_of(origin, "offset"));
    if (event != NULL)
        take_answer(tally, event, data);
    else
        tally->strangers++;
    cJSON_Delete(tree);
}

/* A header with a big-endian number; -1: it is not there. */
static int64_t number_header(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value = NULL;
    size_t size = 0;
    if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        size > sizeof(int64_t))
        return -1;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | ((const unsigned char *)value)[i];
    return (int64_t)number;
}

static void take_dead_letter(struct demo_tally *tally, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    struct demo_event *event = NULL;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        event = demo_events_find(tally->events,
                                 (int)number_header(headers, "kafka_dlt-original-partition"),
                                 number_header(headers, "kafka_dlt-original-offset"));
    if (event != NULL)
        event->dead_letters++;
    else
        tally->strangers++;
}

void demo_tally_take(void *context, rd_kafka_message_t *message)
{
    if (strcmp(rd_kafka_topic_name(message->rkt), DEMO_REPLIES) == 0)
        take_reply(context, message);
    else
        take_dead_letter(context, message);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

/* {"201": 12, "409": 1} */
static int64_t sum(const cJSON *answers, const char *name)
{
    double total = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answers, name))
    {
        total += item->valuedouble;
    }
    return (int64_t)total;
}

bool demo_tally_ask_graph(struct demo_tally *tally, const char *graph)
{
    char url[URL_SIZE];
    struct buffer body;
    struct json_fault fault;
    (void)snprintf(url, sizeof url, "%s/sandbox/ledger?summary=1", graph);
    buffer_init(&body, ANSWER_MAX);
    cJSON *tree = NULL;
    if (demo_http_get(url, &body) == 200)
        tree = json_read((struct str){body.data, body.size}, &fault);
    const cJSON *answers = cJSON_GetObjectItemCaseSensitive(tree, "answers");
    const cJSON *applied = cJSON_GetObjectItemCaseSensitive(tree, "applied");
    tally->graph = (struct demo_graph_counts){
        .dry_runs = sum(answers, "dry_run"),
        .submits = sum(answers, "submit"),
        .looks = sum(answers, "look"),
        .applied = (int64_t)number_of(applied, "submit"),
        .applied_dry_run = (int64_t)number_of(applied, "dry_run"),
    };
    bool is_read = applied != NULL;
    cJSON_Delete(tree);
    buffer_finish(&body);
    return is_read;
}

/* ---- what came of it ------------------------------------------------------------------------- */

void demo_tally_print(const struct demo_tally *tally, int64_t took_ms)
{
    unsigned counts[ANSWER_COUNT] = {0}, duplicates[ANSWER_COUNT] = {0};
    unsigned once = 0, never = 0, dead_letters = 0;
    for (uint32_t i = 0; i < tally->events->count; i++) {
        const struct demo_event *event = &tally->events->items[i];
        counts[event->answer]++;
        duplicates[event->answer] += event->is_duplicate;
        once += event->replies == 1;
        never += event->replies == 0;
        dead_letters += event->dead_letters;
    }
    (void)printf("outcome      events  of them duplicates\n");
    for (enum answer answer = ANSWER_NONE + 1; answer < ANSWER_COUNT; answer++)
        (void)printf("%-9s  %8u  %18u\n", answer_name(answer), counts[answer], duplicates[answer]);
    (void)printf("\nanswered once %u, more than once %u, not at all %u; dead letters %u\n", once,
                 tally->events->count - once - never, never, dead_letters);
    (void)printf("Graph carried out %" PRId64 " real requests; it was asked for %" PRId64
                 " and %" PRId64 " dry runs, and looked at %" PRId64 " times\n",
                 tally->graph.applied, tally->graph.submits, tally->graph.dry_runs,
                 tally->graph.looks);
    if (took_ms > 0)
        (void)printf("%.2f s, %.0f events/s\n", (double)took_ms / 1000,
                     (double)tally->answered * 1000 / (double)took_ms);
}

static void print_difference(const struct demo_events *events, uint32_t number)
{
    const struct demo_event *event = &events->items[number];
    const struct demo_fate *fate = demo_fate(event->sort);
    (void)fprintf(stderr,
                  "event %" PRIu32 " (%s, %s/%d/%" PRId64 "): one reply `%s%s%s%s` was due and %s; "
                  "there came %u, the first `%s%s%s%s%s`, and %u dead letters\n",
                  number, fate->name, DEMO_REQUESTS, event->partition, event->offset,
                  answer_name(fate->answer), fate->code[0] != '\0' ? " " : "", fate->code,
                  event->same_as != number ? " duplicate" : "",
                  fate->is_dead_letter ? "a dead letter" : "no dead letter", event->replies,
                  answer_name(event->answer), event->code[0] != '\0' ? " " : "", event->code,
                  event->is_duplicate ? " duplicate" : "",
                  event->is_misnamed ? " with another's id" : "", event->dead_letters);
}

static bool is_as_due(const struct demo_events *events, uint32_t number)
{
    const struct demo_event *event = &events->items[number];
    const struct demo_fate *fate = demo_fate(event->sort);
    return event->replies == 1 && !event->is_misnamed && event->answer == fate->answer &&
           event->is_duplicate == (event->same_as != number) &&
           event->dead_letters == (fate->is_dead_letter ? 1 : 0) &&
           (fate->code[0] == '\0' || strcmp(event->code, fate->code) == 0);
}

bool demo_tally_check(const struct demo_tally *tally)
{
    const struct demo_events *events = tally->events;
    unsigned differences = 0;
    int64_t due = 0;
    for (uint32_t i = 0; i < events->count; i++) {
        const struct demo_event *event = &events->items[i];
        due += demo_fate(event->sort)->answer == ANSWER_SUBMITTED && event->same_as == i;
        if (!is_as_due(events, i) && differences++ < DIFFERENCES_MAX)
            print_difference(events, i);
    }
    if (differences > DIFFERENCES_MAX)
        (void)fprintf(stderr, "… and %u more\n", differences - DIFFERENCES_MAX);
    if (tally->graph.applied != due || tally->graph.applied_dry_run != 0)
        (void)fprintf(stderr,
                      "Graph carried out %" PRId64 " real requests and %" PRId64
                      " dry runs; %" PRId64 " and 0 were due\n",
                      tally->graph.applied, tally->graph.applied_dry_run, due);
    if (tally->strangers > 0)
        (void)fprintf(stderr, "%u replies or dead letters belong to no event of the demo\n",
                      tally->strangers);
    return differences == 0 && tally->strangers == 0 && tally->graph.applied == due &&
           tally->graph.applied_dry_run == 0;
}
