/*
 * What all commands share on the command line: -c FILE and -s KEY=VALUE, the exit codes of wrong
 * usage and wrong settings, and how these are said.
 *
 *     struct cli_source source;
 *     cli_source_init(&source);
 *     opterr = 0;
 *     while ((option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1) {
 *         if (option == 'h') {
 *             ...
 *         } else if (!cli_source_take(&source, option, optarg)) {
 *             return cli_option_error("run", option, argv);
 *         }
 *     }
 *     int code = cli_source_load(&source, &settings);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/load.h"

#define CLI_EXIT_DONE         0
#define CLI_EXIT_FINDINGS     1
#define CLI_EXIT_USAGE        2
#define CLI_EXIT_NO_FILE      66
#define CLI_EXIT_CANNOT_WRITE 73
#define CLI_EXIT_SETTINGS     78

/* For getopt_long: what every command's text of options begins with. */
#define CLI_SOURCE_OPTIONS ":c:s:h"

/* As many -s as anybody types. */
#define CLI_FLAGS_MAX 64

struct cli_source {
    bool strict; /* warnings are errors */
    struct settings_source source;
    const char *flags[CLI_FLAGS_MAX];
};

/*
 * The file of -c or the default one, the program's environment, no flags yet; properties of
 * librdkafka are checked by the library itself. It points into itself: it is not to be copied.
 */
void cli_source_init(struct cli_source *source);

/*
 * Takes an option of getopt's if it is -c or -s; false: it is another. Keeps `argument`. One -s too
 * many is printed and makes cli_source_load() answer CLI_EXIT_USAGE.
 */
bool cli_source_take(struct cli_source *source, int option, const char *argument);

/*
 * Loads the settings; prints what is wrong to standard error. CLI_EXIT_DONE, and settings_finish()
 * is due later; or the exit code of the program. Warnings are printed if `warn`.
 */
int cli_source_load(const struct cli_source *source, struct settings *settings, bool warn);

/* A secret's file that is missing is a wrong setting, found before anything is reached. False: it
 * was printed which, and CLI_EXIT_SETTINGS is due. */
bool cli_secrets_are_there(const struct settings *settings);

/* getopt_long() without abbreviations: --conf for --config is refused as an unknown option is, for
 * a script that has one would break on the day when a second option begins so. */
struct option;
int cli_next_option(int argc, char **argv, const char *letters, const struct option *names);

/* After getopt's '?' or ':': says which option it was and which was meant, and
 * returns CLI_EXIT_USAGE. */
int cli_option_error(const char *command, int option, char **argv);

/* Prints "usher: <text>" and where help is, and returns CLI_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage_error(const char *command, const char *format,
                                                          ...);

/* What was printed must have arrived: `usher config init > /full/disk` is no success. Returns
 * `code`, or says so and returns CLI_EXIT_CANNOT_WRITE. */
int cli_output_end(int code);
