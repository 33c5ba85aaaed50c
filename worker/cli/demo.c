#include "worker/cli/demo.h"

#include "worker/cli/demo_kafka.h"
#include "worker/cli/demo_services.h"
#include "worker/cli/demo_tally.h"
#include "worker/cli/options.h"
#include "worker/cli/progress.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    EXIT_NOT_ALL = 1,
    EXIT_UNAVAILABLE = 69,
    EXIT_INTERNAL = 70,
    EXIT_INTERRUPTED = 130,
    READ_MOST = 500, /* replies between two looks at the signals and the clock */
    READ_WAIT_MS = 20,
    STALLED_MS = 30000, /* without one reply: something is broken; an event takes some 10 ms */
    REST_MS = 5000,     /* for dead letters and second replies that are on their way at the end */
    HOLD_MS = 200,
};

static const char help[] =
    "usher demo [--events N] [--hold]   everything on this machine: events through all of it\n"
    "\n"
    "examples:\n"
    "  usher demo\n"
    "  usher demo --events 20 --hold\n"
    "\n"
    "  --events N  how many, 1 to 100000; 1000 if it is not given\n"
    "  --hold      stay up at the end and print the addresses, until Ctrl-C\n"
    "\n"
    "Needs redis-server on the PATH, and usher-sandbox beside this program.\n"
    "Exit: 0 every event was answered once and as it should be, 1 not so, 69 something that it\n"
    "needs is missing, 130 interrupted; Ctrl-C after --hold is no interruption.\n";

struct demo {
    uint32_t count;
    bool hold;
    struct demo_events events;
    struct demo_tally tally;
    struct demo_services services;
    struct demo_kafka kafka;
    struct progress progress;
    int64_t began_ms, answered_ms; /* the first event sent, the last reply read */
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fail(int code, const char *text)
{
    (void)fprintf(stderr, "usher demo: %s\n", text);
    return code;
}

/* What follows a step that did not succeed. */
static int give_up(const struct error *error)
{
    if (demo_signals() > 0)
        return fail(EXIT_INTERRUPTED, "interrupted");
    return fail(EXIT_UNAVAILABLE, error->text);
}

/* ---- start ----------------------------------------------------------------------------------- */

static int start(struct demo *demo)
{
    struct error error = {0};
    int64_t from_ms = clock_ms();
    (void)fprintf(stderr,
                  "usher demo: %u events through Kafka, Redis and a stand-in for Microsoft Graph, "
                  "all on this machine\n",
                  (unsigned)demo->count);
    if (!demo_services_open(&demo->services, &error) ||
        !demo_services_start(&demo->services, &error) || !demo_kafka_open(&demo->kafka, &error) ||
        !demo_worker_start(&demo->services, demo->kafka.brokers, &error))
        return give_up(&error);
    (void)
        fprintf(stderr,
                "  Kafka   %-24s  librdkafka's mock brokers, in this process\n"
                "  Redis   127.0.0.1:%-14d  a redis-server of its own\n"
                "  Graph   %-24s  usher-sandbox\n"
                "  worker  %-24s  usher run, ready after %.1f s\n"
                "The mock brokers store no offsets of transactions: the worker runs at-least-once "
                "here, exactly-once by default elsewhere.\n",
                demo->kafka.brokers, demo->services.redis_port, demo->services.graph,
                demo->services.admin, (double)(clock_ms() - from_ms) / 1000);
    return CLI_EXIT_DONE;
}

/* ---- work ------------------------------------------------------------------------------------ */

/* Sends what may be on its way. False: there was no memory, or kafka->trouble says why. */
static bool send_more(struct demo *demo)
{
    struct demo_tally *tally = &demo->tally;
    while (tally->sent < demo->count && tally->sent - tally->answered < DEMO_WINDOW) {
        struct demo_record record;
        if (!demo_record_init(&record, &demo->events, tally->sent))
            return error_set(&demo->kafka.trouble, "out of memory");
        bool sent =
            demo_kafka_send(&demo->kafka, demo->events.items[tally->sent].partition, &record);
        demo_record_finish(&record);
        if (!sent)
            return false;
        tally->sent++;
    }
    return true;
}

/* Until every event is answered, or it makes no sense to wait any longer. */
static int work(struct demo *demo)
{
    struct demo_tally *tally = &demo->tally;
    struct demo_kafka *kafka = &demo->kafka;
    demo->began_ms = demo->answered_ms = clock_ms();
    progress_init(&demo->progress, stderr, demo->began_ms);
    while (tally->answered < demo->count) {
        uint32_t before = tally->answered;
        if (demo_signals() > 0)
            return EXIT_INTERRUPTED;
        if (!send_more(demo) || kafka->trouble.text[0] != '\0')
            return fail(EXIT_INTERNAL, kafka->trouble.text);
        demo_kafka_read(kafka, READ_MOST, READ_WAIT_MS, demo_tally_take, tally);
        int64_t now_ms = clock_ms();
        if (tally->answered > before)
            demo->answered_ms = now_ms;
        progress_show(&demo->progress, now_ms, tally->answered, demo->count, "answered");
        bool is_up = demo_child_runs(&demo->services.worker);
        if (is_up && now_ms - demo->answered_ms < STALLED_MS)
            continue;
        progress_end(&demo->progress);
        demo_worker_show_log(&demo->services);
        return fail(EXIT_NOT_ALL,
                    is_up ? "no reply came for 30 s; the end of the worker's log is above"
                          : "the worker ended; the end of its log is above");
    }
    progress_end(&demo->progress);
    return CLI_EXIT_DONE;
}

/* Reads what still comes. */
static void read_rest(struct demo *demo)
{
    for (int64_t until_ms = clock_ms() + REST_MS; clock_ms() < until_ms && demo_signals() < 2;) {
        if (demo_kafka_is_read(&demo->kafka))
            return;
        demo_kafka_read(&demo->kafka, READ_MOST, READ_WAIT_MS, demo_tally_take, &demo->tally);
    }
    (void)fail(EXIT_NOT_ALL, "the replies could not be read to their end");
}

static bool drain(struct demo *demo)
{
    int code = demo_worker_stop(&demo->services);
    if (code == 0)
        return true;
    demo_worker_show_log(&demo->services);
    (void)fprintf(stderr, "usher demo: the worker drained with exit %d, and 0 was due\n", code);
    return false;
}

/* ---- end ------------------------------------------------------------------------------------- */

static void print_addresses(const struct demo *demo)
{
    const struct demo_services *services = &demo->services;
    const char *brokers = demo->kafka.brokers;
    struct demo_record record;
    (void)printf("\nIt stays up until Ctrl-C. Some things to try:\n\n"
                 "  # the last replies\n"
                 "  kcat -b %s -t " DEMO_REPLIES " -C -o -1 -e -q\n\n",
                 brokers);
    if (demo_record_init(&record, &demo->events, 0)) {
        (void)printf("  # the first event once more: a duplicate\n"
                     "  echo '%.*s' |\n"
                     "    kcat -b %s -t " DEMO_REQUESTS " -P -k %s",
                     (int)record.size, record.value, brokers, record.key);
        for (size_t i = 0; i < record.header_count; i++)
            (void)printf(" -H %s=%s", record.headers[i].name, record.headers[i].value);
        (void)printf("\n\n");
        demo_record_finish(&record);
    }
    (void)printf("  # what Graph was asked, and what it did\n"
                 "  curl -s '%s/sandbox/ledger?summary=1'\n\n"
                 "  # the worker's metrics; its settings and its log\n"
                 "  curl -s %s/metrics\n"
                 "  less %s\n"
                 "  less %s\n\n"
                 "  # what it remembers\n"
                 "  redis-cli -p %d --scan\n",
                 services->graph, services->admin, services->settings, services->worker_log,
                 services->redis_port);
    (void)fflush(stdout);
}

/* Until a signal, or the worker's end. The clients are kept alive meanwhile. */
static void hold(struct demo *demo)
{
    print_addresses(demo);
    while (demo_pause(HOLD_MS) && demo_child_runs(&demo->services.worker))
        demo_kafka_read(&demo->kafka, READ_MOST, 0, demo_tally_take, &demo->tally);
    (void)fprintf(stderr, "\nusher demo: ends\n");
}

static int finish(struct demo *demo, int code)
{
    if (code == CLI_EXIT_DONE && !demo->hold && !drain(demo))
        code = EXIT_NOT_ALL;
    read_rest(demo);
    if (!demo_tally_ask_graph(&demo->tally, demo->services.graph)) {
        (void)fail(EXIT_NOT_ALL, "usher-sandbox does not say what it did; has it ended?");
        code = EXIT_NOT_ALL;
    }
    demo_tally_print(&demo->tally, demo->answered_ms - demo->began_ms);
    (void)fflush(stdout);
    if (!demo_tally_check(&demo->tally))
        code = EXIT_NOT_ALL;
    if (code == CLI_EXIT_DONE)
        (void)printf("every event was answered once and as it should be\n");
    (void)fflush(stdout);
    if (demo_signals() > 0)
        return EXIT_INTERRUPTED;
    if (!demo->hold)
        return code;
    hold(demo);
    return drain(demo) ? code : EXIT_NOT_ALL;
}

static int run(struct demo *demo)
{
    int code = start(demo);
    if (code != CLI_EXIT_DONE)
        return code;
    code = work(demo);
    if (code == CLI_EXIT_DONE || code == EXIT_NOT_ALL)
        return finish(demo, code);
    progress_end(&demo->progress);
    if (code == EXIT_INTERRUPTED)
        (void)fprintf(
            stderr,
            "usher demo: interrupted, %u of %u answered; the worker drains, Ctrl-C once more "
            "kills it\n",
            (unsigned)demo->tally.answered, (unsigned)demo->count);
    return code;
}

static int demo_main(uint32_t count, bool hold)
{
    struct demo demo = {.count = count, .hold = hold};
    demo.tally.events = &demo.events;
    if (!demo_events_init(&demo.events, count)) {
        demo_events_finish(&demo.events);
        return fail(EXIT_INTERNAL, "out of memory");
    }
    demo_signals_catch();
    int code = run(&demo);
    demo_services_close(&demo.services);
    demo_kafka_close(&demo.kafka);
    demo_events_finish(&demo.events);
    return code;
}

int cli_demo(int argc, char **argv)
{
    static const struct option names[] = {{"events", required_argument, NULL, 'n'},
                                          {"hold", no_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    long count = DEMO_EVENTS_DEFAULT;
    bool hold = false;
    char *end = NULL;
    opterr = 0;
    for (int option; (option = cli_next_option(argc, argv, ":h", names)) != -1;) {
        switch (option) {
        case 'n':
            count = strtol(optarg, &end, 10);
            if (end == optarg || *end != '\0' || count < 1 || count > DEMO_EVENTS_MAX)
                return cli_usage_error("demo", "--events %s: write a number from 1 to %d", optarg,
                                       DEMO_EVENTS_MAX);
            break;
        case 'o':
            hold = true;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        default:
            return cli_option_error("demo", option, argv);
        }
    }
    if (optind < argc)
        return cli_usage_error("demo", "demo takes no argument: %s", argv[optind]);
    return demo_main((uint32_t)count, hold);
}
