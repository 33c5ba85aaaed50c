#include "worker/cli/completion.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "worker/cli/completion_print.h"
#include "worker/cli/options.h"

static const char help[] =
    "usher completion bash|zsh|fish   a script for the Tab key, to standard output\n"
    "\n"
    "examples:\n"
    "  . <(usher completion bash)      # in ~/.bashrc\n"
    "  usher completion zsh > ~/.zfunc/_usher     # a folder of $fpath\n"
    "  usher completion fish > ~/.config/fish/completions/usher.fish\n"
    "\n"
    "An installation puts all three where the shells look. The scripts call nothing: commands,\n"
    "options and settings stand in them.\n"
    "Exit: 0 done, 2 wrong usage, 73 the output cannot be written.\n";

const struct cli_word completion_shells[] = {
    {"bash", "4.4 and newer"},
    {"zsh", "5 and newer"},
    {"fish", "3 and newer"},
    {0},
};

/* In the order of the shells above. */
static void (*const printers[])(void) = {completion_bash, completion_zsh, completion_fish};

enum { SHELLS = sizeof printers / sizeof *printers };

static int refuse_shell(const char *name)
{
    const char *names[SHELLS];
    for (size_t i = 0; i < SHELLS; i++)
        names[i] = completion_shells[i].name;
    const char *nearest = nearest_name(name, names, SHELLS);
    return cli_usage_error("completion", "completion does bash, zsh or fish, not %s%s%s%s", name,
                           nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                           nearest != NULL ? "?" : "");
}

int cli_completion(int argc, char **argv)
{
    static const struct option names[] = {{"help", no_argument, NULL, 'h'}, {0}};
    opterr = 0;
    optind = 0; /* main has used getopt before; 0 starts it anew */
    for (int option; (option = cli_next_option(argc, argv, ":h", names)) != -1;) {
        if (option != 'h')
            return cli_option_error("completion", option, argv);
        (void)fputs(help, stdout);
        return cli_output_end(CLI_EXIT_DONE);
    }
    if (optind + 1 != argc)
        return cli_usage_error("completion", "completion takes one of bash, zsh, fish");
    for (size_t i = 0; i < SHELLS; i++) {
        if (strcmp(argv[optind], completion_shells[i].name) == 0) {
            printers[i]();
            return cli_output_end(CLI_EXIT_DONE);
        }
    }
    return refuse_shell(argv[optind]);
}
