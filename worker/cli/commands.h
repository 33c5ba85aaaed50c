/*
 * The table of commands. `usher help`, the completions of the shells and the manual's list follow
 * from it; tests/cli/test_completion.c holds it against what each command takes.
 */
#pragma once

#include <stddef.h>

/* What follows an option. */
enum cli_value {
    CLI_NO_VALUE,
    CLI_VALUE_FILE,
    CLI_VALUE_SETTING, /* KEY=VALUE */
    CLI_VALUE_NUMBER,
    CLI_VALUE_AREAS,  /* of doctor's */
    CLI_VALUE_FORMAT, /* yaml or json */
};

/* --help is every command's and has no row. */
struct cli_flag {
    char letter;      /* '\0': it has no short form */
    const char *name; /* NULL: it has no long form */
    enum cli_value value;
    const char *doc;
};

struct cli_word {
    const char *name, *doc;
};

struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit code */
    const char *summary;
    const struct cli_flag *flags; /* a row without letter and name at the end; NULL: none */
    const struct cli_word *words; /* the one argument; a row without name at the end; NULL: none */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_commands_count;

/* NULL where there is none. */
const struct cli_command *cli_command_find(const char *name);

/* The command whose name is nearest to a wrong one, or NULL. */
const char *cli_command_nearest(const char *name);
