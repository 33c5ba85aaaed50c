#include "worker/cli/config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "config/print.h"
#include "worker/cli/doctor_print.h"
#include "worker/cli/options.h"
#include "worker/doctor.h"
#include "worker/footprint.h"

static const char help[] =
    "usher config check  [-c FILE] [-s KEY=VALUE]...  all that is wrong, file:line:column;\n"
    "                                                 and the most memory a worker can take\n"
    "usher config check --online [-c FILE] [-s KEY=VALUE]...  the same, and what doctor looks at\n"
    "usher config print  [-c FILE] [-s KEY=VALUE]...  what counts, and where it came from\n"
    "usher config schema                              JSON Schema of the file, for editors\n"
    "usher config init                                an annotated file with every default\n"
    "\n"
    "examples:\n"
    "  usher config init > usher.yaml\n"
    "  usher config check -c usher.yaml\n"
    "  usher config check -c usher.yaml --online\n"
    "  usher config print -c usher.yaml -s log.level=debug\n"
    "  generate | usher config check --strict -c -\n"
    "\n"
    "  -c, --config FILE     the settings; - is standard input\n"
    "  -s, --set KEY=VALUE   one setting, before environment and file; as often as needed\n"
    "  --strict              check: a warning is an error\n"
    "  --online              check: ask Kafka, Redis and Graph too, as usher doctor does\n"
    "  --format yaml|json    print: yaml, with its origin behind each value, is the default\n"
    "  --show-origin         print: the origins in json too\n"
    "\n"
    "Without -c, " SETTINGS_FILE_DEFAULT
    " is read if it is there. Each setting but those of tenants\n"
    "has an environment name too: kafka.brokers is USHER_KAFKA_BROKERS. Secrets are not taken\n"
    "from -s, where ps shows them.\n"
    "Exit: 0 all is well, 2 wrong usage, 66 no such file, 78 the settings are invalid; with\n"
    "--online as usher doctor: 69 Kafka, Redis or Graph cannot be reached, 70 internal error, 73\n"
    "the output cannot be written, 76 the interlock stands, 77 a right is missing.\n";

enum { OPTION_STRICT = 1, OPTION_ONLINE, OPTION_FORMAT, OPTION_SHOW_ORIGIN };

/* What is typed beside the settings. */
struct request {
    struct cli_source source;
    bool online, json, show_origin;
};

static int check(const struct request *request)
{
    struct settings settings;
    int code = cli_source_load(&request->source, &settings, true);

    if (code != CLI_EXIT_DONE) {
        return code;
    }
    if (settings.file[0] == '\0') {
        (void)puts("ok: defaults, environment and flags; no file");
    } else {
        (void)printf("ok: %s\n", settings.file);
    }
    struct footprint footprint = footprint_of(&settings);
    footprint_print(&footprint, stdout);
    code = cli_output_end(CLI_EXIT_DONE);
    if (code == CLI_EXIT_DONE && request->online)
        code = cli_secrets_are_there(&settings) ? doctor_print(&settings, DOCTOR_ALL, false)
                                                : CLI_EXIT_SETTINGS;
    settings_finish(&settings);
    return code;
}

static int print(const struct request *request)
{
    struct settings settings;
    int code = cli_source_load(&request->source, &settings, false);

    if (code != CLI_EXIT_DONE) {
        return code;
    }
    if (request->json) {
        settings_print_json(&settings, request->show_origin, stdout);
    } else {
        settings_print(&settings, stdout);
    }
    settings_finish(&settings);
    return cli_output_end(CLI_EXIT_DONE);
}

static int schema(const struct request *request)
{
    (void)request;
    schema_print(stdout);
    return cli_output_end(CLI_EXIT_DONE);
}

static int init(const struct request *request)
{
    (void)request;
    starter_print(stdout);
    return cli_output_end(CLI_EXIT_DONE);
}

static const struct verb {
    const char *name;
    int (*run)(const struct request *request);
    bool reads_settings;
} verbs[] = {
    {"check", check, true},
    {"print", print, true},
    {"schema", schema, false},
    {"init", init, false},
};
#define VERBS_COUNT (sizeof verbs / sizeof verbs[0])

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int refuse_verb(const char *name)
{
    const char *names[VERBS_COUNT];

    for (size_t i = 0; i < VERBS_COUNT; i++) {
        names[i] = verbs[i].name;
    }
    const char *nearest = nearest_name(name, names, VERBS_COUNT);
    if (nearest == NULL) {
        return cli_usage_error("config", "config does check, print, schema or init, not %s", name);
    }
    return cli_usage_error("config", "there is no config %s; did you mean config %s?", name,
                           nearest);
}

/* False: it is none of config's own. */
static bool take(struct request *request, int option, const char *argument)
{
    switch (option) {
    case OPTION_STRICT:
        request->source.strict = true;
        return true;
    case OPTION_ONLINE:
        request->online = true;
        return true;
    case OPTION_SHOW_ORIGIN:
        request->show_origin = true;
        return true;
    case OPTION_FORMAT:
        request->json = strcmp(argument, "json") == 0;
        return true;
    default:
        return cli_source_take(&request->source, option, argument);
    }
}

/* Options that this verb has no use for are a mistake. */
static int refuse_unused(const struct verb *verb, const struct request *request, bool has_print)
{
    const struct cli_source *source = &request->source;
    bool has_source = source->source.file != NULL || source->source.flags_count > 0;

    if (has_source && !verb->reads_settings) {
        return cli_usage_error("config", "config %s takes no -c or -s", verb->name);
    }
    if ((source->strict || request->online) && verb->run != check) {
        return cli_usage_error("config", "config %s takes no --strict or --online", verb->name);
    }
    if (has_print && verb->run != print) {
        return cli_usage_error("config", "config %s takes no --format or --show-origin",
                               verb->name);
    }
    return CLI_EXIT_DONE;
}

int cli_config(int argc, char **argv)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"strict", no_argument, NULL, OPTION_STRICT},
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"online", no_argument, NULL, OPTION_ONLINE},
        {"show-origin", no_argument, NULL, OPTION_SHOW_ORIGIN},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct request request = {.json = false};
    const char *format = NULL;
    int option;

    cli_source_init(&request.source);
    opterr = 0;
    optind = 0; /* main has used getopt before; 0 starts it anew */
    while ((option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (!take(&request, option, optarg)) {
            return cli_option_error("config", option, argv);
        }
        format = option == OPTION_FORMAT ? optarg : format;
    }
    if (optind + 1 != argc) {
        return cli_usage_error("config", optind == argc
                                             ? "config needs one of check, print, schema, init"
                                             : "config takes one of check, print, schema, init");
    }
    if (format != NULL && strcmp(format, "yaml") != 0 && strcmp(format, "json") != 0) {
        return cli_usage_error("config", "--format is yaml or json, not %s", format);
    }
    const struct verb *verb = find_verb(argv[optind]);
    if (verb == NULL) {
        return refuse_verb(argv[optind]);
    }
    int code = refuse_unused(verb, &request, format != NULL || request.show_origin);
    return code == CLI_EXIT_DONE ? verb->run(&request) : code;
}
