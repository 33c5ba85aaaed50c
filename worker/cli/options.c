#include "worker/cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/nearest.h"
#include "worker/cli/commands.h"
#include "worker/io/kafka_conf.h"

void cli_source_init(struct cli_source *source)
{
    *source = (struct cli_source){
        .source.environment = environ,
        .source.check_property = kafka_property_check,
    };
    source->source.flags = source->flags;
}

bool cli_source_take(struct cli_source *source, int option, const char *argument)
{
    if (option == 'c') {
        source->source.file = argument;
        return true;
    }
    if (option != 's') {
        return false;
    }
    if (source->source.flags_count < CLI_FLAGS_MAX) {
        source->flags[source->source.flags_count] = argument;
    }
    source->source.flags_count++; /* past the end: said when they are loaded */
    return true;
}

int cli_source_load(const struct cli_source *source, struct settings *settings, bool warn)
{
    struct settings_source all = source->source;
    struct problems problems = {0};
    int code = CLI_EXIT_DONE;

    if (all.flags_count > CLI_FLAGS_MAX) {
        *settings = (struct settings){0};
        (void)fprintf(stderr, "usher: at most %d -s; put the rest into a file\n", CLI_FLAGS_MAX);
        return CLI_EXIT_USAGE;
    }
    switch (settings_load(settings, &all, &problems)) {
    case LOAD_OK:
        break;
    case LOAD_NO_FILE:
        code = CLI_EXIT_NO_FILE;
        break;
    case LOAD_INVALID:
        code = CLI_EXIT_SETTINGS;
        break;
    }
    problems_print(&problems, false, stderr);
    if (warn) {
        problems_print(&problems, true, stderr);
    }
    if (code == CLI_EXIT_DONE && source->strict && problems.count > 0) {
        (void)fputs("usher: a warning is an error with --strict\n", stderr);
        settings_finish(settings);
        code = CLI_EXIT_SETTINGS;
    }
    problems_finish(&problems);
    return code;
}

/* `tenant` NULL: those of the worker itself. */
static bool secrets_are_there(const struct settings *s, const char *tenant)
{
    bool federated = s->graph.auth == AUTH_WORKLOAD_IDENTITY; /* else a stray AZURE_ variable */
    bool acts = s->admin.actions_listen[0] != '\0', traces = s->traces.endpoint[0] != '\0';
    const struct {
        const char *name, *file;
    } secrets[] = {{"redis.password_file", s->redis.password_file},
                   {"graph.client_secret_file", s->graph.client_secret_file},
                   {"graph.proxy_password_file", s->graph.proxy_password_file},
                   {"graph.federated_token_file", federated ? s->graph.federated_token_file : ""},
                   {"graph.identity_header_file", s->graph.identity_header_file},
                   {"graph.token_file", s->graph.token_file},
                   {"admin.token_file", acts ? s->admin.token_file : ""},
                   {"traces.headers_file", traces ? s->traces.headers_file : ""}};
    char text[SECRET_SIZE_MAX];
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct error why = {0};
        bool good = secret_read("", secrets[i].file, text, sizeof text, &why);
        explicit_bzero(text, sizeof text);
        if (!good) {
            (void)fprintf(stderr, "usher: %s%s%s: %s\n", tenant != NULL ? "tenants." : "",
                          tenant != NULL ? tenant : "",
                          secrets[i].name + (tenant != NULL ? strlen("graph") : 0), why.text);
            return false;
        }
    }
    return true;
}

static bool property_files_are_there(const struct pairs *files)
{
    char text[SECRET_SIZE_MAX];
    for (size_t i = 0; i < files->count; i++) {
        struct error why = {0};
        bool good = secret_read("", files->items[i].value, text, sizeof text, &why);
        explicit_bzero(text, sizeof text);
        if (!good) {
            (void)fprintf(stderr, "usher: kafka.librdkafka_files: %s: %s\n", files->items[i].name,
                          why.text);
            return false;
        }
    }
    return true;
}

bool cli_secrets_are_there(const struct settings *settings)
{
    const struct tenants *tenants = &settings->tenants;
    if (!secrets_are_there(settings, NULL) ||
        !property_files_are_there(&settings->kafka.librdkafka_files))
        return false;
    for (size_t i = 0; i < tenants->count; i++)
        if (!secrets_are_there(tenants->items[i].settings, tenants->items[i].name))
            return false;
    return true;
}

int cli_next_option(int argc, char **argv, const char *letters, const struct option *names)
{
    int index = -1; /* stays so where it is no long option */
    int option = getopt_long(argc, argv, letters, names, &index);

    if (index < 0 || option == ':' || option == '?') {
        return option;
    }
    int at = optarg != NULL && optarg == argv[optind - 1] ? optind - 2 : optind - 1;
    if (strcspn(argv[at] + strlen("--"), "=") == strlen(names[index].name)) {
        return option;
    }
    optind = at + 1; /* where cli_option_error() looks */
    optopt = 0;
    return '?';
}

/* Of a long option: the one that it begins, or is nearest to. NULL: neither. */
static const char *meant(const char *command, const char *typed)
{
    enum { NAMES_MAX = 16 };
    const char *names[NAMES_MAX] = {"help"};
    const struct cli_command *row = cli_command_find(command);
    char word[64];
    size_t count = 1;

    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(typed, "="), typed);
    for (const struct cli_flag *flag = row == NULL ? NULL : row->flags;
         flag != NULL && (flag->letter != '\0' || flag->name != NULL) && count < NAMES_MAX;
         flag++) {
        names[count++] = flag->name;
    }
    for (size_t i = 0; i < count; i++) {
        if (names[i] != NULL && strncmp(names[i], word, strlen(word)) == 0) {
            return names[i];
        }
    }
    return nearest_name(word, names, count);
}

int cli_option_error(const char *command, int option, char **argv)
{
    const char *typed = argv[optind - 1];

    if (option == ':') {
        return cli_usage_error(command, "%s needs a value", typed);
    }
    if (optopt != 0 && typed[1] != '-') {
        return cli_usage_error(command, "%s has no option -%c", command, optopt);
    }
    const char *name = strncmp(typed, "--", 2) == 0 ? meant(command, typed + 2) : NULL;
    return cli_usage_error(command, "%s has no option %s%s%s%s", command, typed,
                           name == NULL ? "" : "; did you mean --", name == NULL ? "" : name,
                           name == NULL ? "" : "?");
}

int cli_usage_error(const char *command, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "usher: %s\ntry: usher %s --help\n", text, command);
    return CLI_EXIT_USAGE;
}

int cli_output_end(int code)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return code;
    }
    (void)fputs("usher: the output cannot be written\n", stderr);
    return CLI_EXIT_CANNOT_WRITE;
}
