#include "worker/cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "worker/io/kafka_conf.h"

void cli_source_init(struct cli_source *source)
{
    *source = (struct cli_source){
        .source.environment = environ,
        .source.check_property = kafka_property_check,
    };
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

    all.flags = source->flags;
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
    problems_finish(&problems);
    return code;
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
    return cli_usage_error(command, "%s has no option %s", command, typed);
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
