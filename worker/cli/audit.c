#include "worker/cli/audit.h"

#include "worker/cli/audit_print.h"
#include "worker/cli/options.h"
#include "worker/cli/progress.h"
#include "worker/io/audit_read.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

static const char help[] =
    "usher audit [-c FILE] [-s KEY=VALUE]... [--json]   was every record answered exactly once?\n"
    "\n"
    "examples:\n"
    "  usher audit -c usher.yaml\n"
    "  usher audit -c usher.yaml --json | jq .findings\n"
    "\n"
    "Reads requests, replies and dead letters (read_committed), and what the group has committed.\n"
    "Names the records whose reply is missing or double, or stands though the record is not\n"
    "committed, and whose dead letter is missing, double, not due or without reply. It joins no\n"
    "group, writes nothing, and may run beside workers. What retention has deleted is not judged.\n"
    "Exit: 0 nothing found, 1 something was, 66 no such file, 69 Kafka cannot be reached, 73 the\n"
    "output cannot be written, 75 records were deleted while they were read (audit again),\n"
    "77 refused, 78 the settings are invalid, or what was committed cannot be read.\n";

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    if (progress->is_terminal)
        progress_show(progress, clock_ms(), (size_t)done, (size_t)total, "offsets read");
}

static int audit(const struct settings *settings, bool json)
{
    struct audit audit = {0};
    struct progress progress;
    struct kafka_refusal refusal = {0};
    progress_init(&progress, stderr, clock_ms());
    struct audit_reading reading = {settings, &audit, on_progress, &progress};
    bool good = audit_read(&reading, &refusal);
    progress_end(&progress);
    int code = CLI_EXIT_DONE;
    if (good) {
        struct audit_print print;
        audit_print_init(&print, settings, json);
        audit_judge(&audit, audit_print_finding, &print);
        code = print.findings > 0 ? CLI_EXIT_FINDINGS : CLI_EXIT_DONE;
        audit_print_end(&print, &audit.counts);
        code = cli_output_end(code);
    } else {
        (void)fprintf(stderr, "usher: %s\n", refusal.error.text);
        code = refusal.exit_code;
    }
    audit_finish(&audit);
    return code;
}

int cli_audit(int argc, char **argv)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct cli_source source;
    bool json = false;
    cli_source_init(&source);
    opterr = 0;
    optind = 0; /* main has used getopt before; 0 starts it anew */
    for (int option; (option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1;) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (option == 'j')
            json = true;
        else if (!cli_source_take(&source, option, optarg))
            return cli_option_error("audit", option, argv);
    }
    if (optind < argc)
        return cli_usage_error("audit", "audit takes no argument: %s", argv[optind]);
    struct settings settings;
    int code = cli_source_load(&source, &settings, true);
    if (code != CLI_EXIT_DONE)
        return code;
    code = audit(&settings, json);
    settings_finish(&settings);
    return code;
}
