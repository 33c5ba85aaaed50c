#include "worker/footprint.h"

#include "worker/core/reply.h"
#include "worker/io/actions.h"
#include "worker/io/admin.h"
#include "worker/io/http.h"
#include "worker/io/http_options.h"
#include "worker/io/metrics.h"
#include "worker/io/otlp.h"
#include "worker/io/redis_follow.h"
#include "worker/io/settle_batch.h"

#include <cjson/cJSON.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    /* Code, libraries, librdkafka's threads and a loop without work: 14 MiB resident at rest, with
       Debian 12's libraries. */
    PROGRAM_BYTES = 24 * MIB,
    /* A request's place in lanes, sleepers and queues. */
    PLACES_BYTES = 384,
    /* The shortest value in a list is two bytes ("1,"), and one node of cJSON's in the heap. */
    LEAST_VALUE_BYTES = 2,
    HEAP_HEAD_BYTES = 16,
    /* libcurl's receive buffer, its handle and a TLS connection's buffers. */
    CURL_BYTES = (16 + 16 + 48) * KIB,
    /* fetch.max.bytes (kafka_conf.c), and again as much while it is unpacked. */
    FETCH_BYTES = 2 * 8 * MIB,
    /* queued.max.messages.kbytes (kafka_conf.c), and one producer's batch of up to 1 MiB that is
       held until its last record was taken. */
    QUEUE_BYTES = 128 * KIB + MIB,
    /* What a call to Redis takes beside the answer's members: keys, arguments, the script's words.
     */
    REDIS_CALL_BYTES = 4 * KIB,
    /* A list that is shown, one that is ready and one that is read, each of twice as many rows
       until it is cut; and one record on its way back. */
    LETTERS_BYTES = 3 * 2 * LETTERS_MAX * sizeof(struct letter) + AUDIT_CLIENT_BYTES + 3 * MIB,
};

static void add(struct footprint *footprint, const char *name, const char *from, size_t bytes)
{
    footprint->rows[footprint->count++] = (struct footprint_row){name, from, bytes};
    footprint->bytes += bytes;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct footprint footprint_of(const struct settings *settings)
{
    struct footprint all = {.count = 0};
    size_t requests = (size_t)settings->limits.requests;
    size_t in_flight = settings->tenants.count > 0 ? 0 : (size_t)settings->graph.in_flight;
    for (size_t i = 0; i < settings->tenants.count; i++)
        in_flight += (size_t)settings->tenants.items[i].settings->graph.in_flight;
    size_t calls = least(in_flight, requests);
    /* The bound lets one record more in than fits. */
    size_t records = (size_t)settings->limits.bytes + RECORD_BYTES_MAX;
    size_t answer = REPLY_MEMBERS_MAX + REDIS_CALL_BYTES;
    size_t tenants = settings->tenants.count;

    add(&all, "program", "code, libraries, threads", PROGRAM_BYTES);
    add(&all, "requests", "limits.requests", requests * (sizeof(struct request) + PLACES_BYTES));
    add(&all, "records at work, and what is read from them", "limits.bytes", 2 * records);
    /* An event written for v1.0 grows by less than as much again when it is translated; then the
     * real request is, where it goes to v1.0. */
    add(&all, "bodies translated between beta and v1.0", "limits.bytes", 3 * records);
    add(&all, "their bodies on the way to Graph, or their dead letters to Kafka", "limits.bytes",
        2 * records);
    add(&all, "one body while it is read", "records are 1 MiB at most",
        RECORD_BYTES_MAX / LEAST_VALUE_BYTES * (sizeof(cJSON) + HEAP_HEAD_BYTES));
    add(&all, "answers", "limits.requests", requests * answer);
    add(&all, "answers on the way to Redis or to Kafka", "limits.requests", 2 * requests * answer);
    add(&all, "calls to Graph", "graph.in_flight, limits.requests",
        calls * (HTTP_BODY_MAX + HTTP_UPLOAD_BUFFER + CURL_BYTES));
    if (settings->follow.enabled)
        add(&all, "what is followed at once",
            "one place a look; a status, and what Redis has of it",
            REDIS_TAKE_MAX * (3 * (size_t)FOLLOWED_BYTES_MAX + HTTP_BODY_MAX));
    if (settings->traces.endpoint[0] != '\0') /* a buffer grows by doubling */
        add(&all, "spans that wait for the collector", "traces.queue",
            2 * (size_t)settings->traces.queue * OTLP_SPAN_BYTES + OTLP_SPAN_BYTES_MAX);
    add(&all, "/metrics, /status, the status page", "connections of admin.listen",
        ADMIN_CONNECTIONS_MAX * (METRICS_BYTES_FOR(tenants > 0 ? tenants : 1) + ADMIN_MEMORY_MAX));
    add(&all, "dead letters, while somebody looks at them", "1,000 of them", LETTERS_BYTES);
    if (settings->admin.actions_listen[0] != '\0')
        add(&all, "actions", "connections of admin.actions_listen",
            ACTIONS_CONNECTIONS_MAX *
                ((size_t)ACTIONS_PAGE_MAX + ACTIONS_BODY_MAX + ACTIONS_MEMORY_MAX));
    all.bytes_per_broker = FETCH_BYTES;
    all.bytes_per_partition = QUEUE_BYTES + 2 * LEDGER_WORDS * sizeof(uint64_t);
    return all;
}

void footprint_print(const struct footprint *footprint, FILE *out)
{
    (void)fprintf(out,
                  "memory: %zu MiB at the very most, and %zu KiB for each partition assigned, %zu "
                  "MiB for each broker; all limits full at once:\n",
                  footprint->bytes / MIB + 1, footprint->bytes_per_partition / KIB,
                  footprint->bytes_per_broker / MIB);
    for (size_t i = 0; i < footprint->count; i++) {
        const struct footprint_row *row = &footprint->rows[i];
        (void)fprintf(out, "  %8.1f MiB  %s (%s)\n", (double)row->bytes / MIB, row->name,
                      row->from);
    }
}
