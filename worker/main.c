/* Arguments to command. Each command is a file of worker/cli. */
#include "config/nearest.h"
#include "worker/cli/audit.h"
#include "worker/cli/config.h"
#include "worker/cli/demo.h"
#include "worker/cli/doctor.h"
#include "worker/cli/options.h"
#include "worker/cli/run.h"
#include "worker/cli/version.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"run", cli_run, "take access requests from Kafka and answer each once"},
    {"demo", cli_demo, "everything on this machine: events through all of it"},
    {"config", cli_config, "check, print, schema, init"},
    {"doctor", cli_doctor, "does the worker have what it needs? Also: --clear-interlock"},
    {"audit", cli_audit, "was every record answered once? reads the topics, changes nothing"},
    {"version", cli_version, "this build, and the libraries it runs with"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void print_help(FILE *out)
{
    (void)fputs(
        "usher turns access-request events into access: Kafka in, Microsoft Graph, Kafka out.\n\n"
        "  deploy/demo            try it on this machine\n"
        "  usher run -c FILE      the worker\n\n"
        "commands:\n",
        out);
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fputs("  help      this, or `usher help COMMAND`\n", out);
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = nearest_name(name, names, COMMANDS);
    (void)fprintf(stderr, "usher: there is no command %s%s%s%s\ntry: usher help\n", name,
                  nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                  nearest != NULL ? "?" : "");
    return CLI_EXIT_USAGE;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stdout);
        return CLI_EXIT_DONE;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    char option[] = "--help";
    char *arguments[] = {argv[1], option, NULL};
    return command->run(2, arguments);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = find_command(name);
    if (command == NULL)
        return unknown_command(name);
    return command->run(argc - 1, argv + 1);
}
