#include "worker/cli/run.h"

#include "worker/cli/options.h"
#include "worker/core/graph_shape.h"
#include "worker/io/log.h"
#include "worker/worker.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

static const char help[] =
    "usher run [-c FILE] [-s KEY=VALUE]...   takes access requests from Kafka, answers each once\n"
    "  --no-color    text without colours, on a terminal too; so does NO_COLOR\n"
    "\n"
    "examples:\n"
    "  usher run -c usher.yaml\n"
    "  USHER_KAFKA_BROKERS=kafka:9092 usher run -s log.level=debug\n"
    "\n"
    "SIGTERM and SIGINT drain: nothing new is taken, what is at work is finished, at most\n"
    "`drain` long. A second one leaves at once; what was at work is redelivered.\n"
    "SIGUSR1 makes the log say more (warn, info, debug), SIGUSR2 less.\n"
    "SIGHUP reads the settings again: those that can change at run time do, the log names the\n"
    "others, and a bad file changes nothing.\n"
    "Exit: 0 drained, 66 no such file, 69 Kafka, Redis or Graph cannot be reached at start,\n"
    "70 internal error, 75 left early or fenced by another instance, 76 the interlock stands,\n"
    "77 refused, 78 the settings are invalid.\n";

static int run(struct settings *settings, const struct settings_source *from)
{
    struct error error = {0};
    if (!cli_secrets_are_there(settings))
        return CLI_EXIT_SETTINGS;
    /* A core would hold the token (guarantee I14); asserts stay on, so one could be written. */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    log_set_debug(&settings->log.debug);
    log_open(settings->log.level, settings->log.format, stderr);
    const char *version = settings->tenants.count > 0
                              ? "each tenant's own version"
                              : graph_version_name(settings->graph.submit_version);
    log_write(LOG_INFO, "worker.starts", "usher %s, group %s, brokers %s, real requests on %s",
              USHER_VERSION, settings->kafka.group, settings->kafka.brokers, version);
    int code = worker_run(settings, from, &error);
    log_tell_left_out();
    if (code == WORKER_DONE)
        log_write(LOG_INFO, "worker.ends", "drained");
    else
        log_write(LOG_ERROR, "worker.ends", "exit %d: %s", code, error.text);
    return code;
}

int cli_run(int argc, char **argv)
{
    static const struct option names[] = {{"help", no_argument, NULL, 'h'},
                                          {"no-color", no_argument, NULL, 'n'},
                                          {0}};
    struct cli_source source;
    cli_source_init(&source);
    opterr = 0;
    for (int option; (option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1;) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (option == 'n')
            log_stay_plain();
        else if (!cli_source_take(&source, option, optarg))
            return cli_option_error("run", option, argv);
    }
    if (optind < argc)
        return cli_usage_error("run", "run takes no argument: %s", argv[optind]);
    struct settings settings;
    int code = cli_source_load(&source, &settings, true);
    if (code != CLI_EXIT_DONE)
        return code;
    code = run(&settings, &source.source);
    settings_finish(&settings);
    return code;
}
