/* Arguments to command. Each command is a file of worker/cli, and a row of cli/commands.c. */
#include "worker/cli/commands.h"
#include "worker/cli/options.h"

#include <stdio.h>
#include <string.h>

static void print_help(FILE *out)
{
    (void)fputs(
        "usher turns access-request events into access: Kafka in, Microsoft Graph, Kafka out.\n\n"
        "  deploy/demo            try it on this machine\n"
        "  usher run -c FILE      the worker\n\n"
        "commands:\n",
        out);
    for (size_t i = 0; i < cli_commands_count; i++)
        (void)fprintf(out, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].summary);
    (void)fputs("  help       this, or `usher help COMMAND`\n", out);
}

static int unknown_command(const char *name)
{
    const char *nearest = cli_command_nearest(name);
    (void)fprintf(stderr, "usher: there is no command %s%s%s%s\ntry: usher help\n", name,
                  nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                  nearest != NULL ? "?" : "");
    return CLI_EXIT_USAGE;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stdout);
        return cli_output_end(CLI_EXIT_DONE);
    }
    const struct cli_command *command = cli_command_find(argv[1]);
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
    const struct cli_command *command = cli_command_find(name);
    if (command == NULL)
        return unknown_command(name);
    return command->run(argc - 1, argv + 1);
}
