#include "worker/cli/commands.h"

#include <string.h>

#include "config/nearest.h"
#include "worker/cli/audit.h"
#include "worker/cli/completion.h"
#include "worker/cli/config.h"
#include "worker/cli/demo.h"
#include "worker/cli/doctor.h"
#include "worker/cli/run.h"
#include "worker/cli/version.h"

static const struct cli_flag run_flags[] = {
    {'c', NULL, CLI_VALUE_FILE, "a settings file"},
    {'s', NULL, CLI_VALUE_SETTING, "one setting, KEY=VALUE"},
    {'\0', "no-color", CLI_NO_VALUE, "text without colours"},
    {0},
};

static const struct cli_flag demo_flags[] = {
    {'\0', "events", CLI_VALUE_NUMBER, "how many events"},
    {'\0', "hold", CLI_NO_VALUE, "stay up at the end"},
    {0},
};

static const struct cli_word config_words[] = {
    {"check", "all that is wrong with the settings"},
    {"print", "what counts, and where it came from"},
    {"schema", "JSON Schema of the file"},
    {"init", "an annotated file with every default"},
    {0},
};

static const struct cli_flag config_flags[] = {
    {'c', "config", CLI_VALUE_FILE, "a settings file; - is standard input"},
    {'s', "set", CLI_VALUE_SETTING, "one setting, KEY=VALUE"},
    {'\0', "strict", CLI_NO_VALUE, "check: a warning is an error"},
    {'\0', "online", CLI_NO_VALUE, "check: ask Kafka, Redis and Graph too"},
    {'\0', "format", CLI_VALUE_FORMAT, "print: yaml or json"},
    {'\0', "show-origin", CLI_NO_VALUE, "print: where each value came from, in json too"},
    {0},
};

static const struct cli_flag doctor_flags[] = {
    {'c', NULL, CLI_VALUE_FILE, "a settings file"},
    {'s', NULL, CLI_VALUE_SETTING, "one setting, KEY=VALUE"},
    {'\0', "only", CLI_VALUE_AREAS, "look at these only"},
    {'\0', "json", CLI_NO_VALUE, "for a program"},
    {'\0', "clear-interlock", CLI_NO_VALUE, "take away the interlock that stands"},
    {0},
};

static const struct cli_flag audit_flags[] = {
    {'c', NULL, CLI_VALUE_FILE, "a settings file"},
    {'s', NULL, CLI_VALUE_SETTING, "one setting, KEY=VALUE"},
    {'\0', "json", CLI_NO_VALUE, "for a program"},
    {0},
};

static const struct cli_flag version_flags[] = {
    {'\0', "json", CLI_NO_VALUE, "for a program"},
    {0},
};

const struct cli_command cli_commands[] = {
    {"run", cli_run, "take access requests from Kafka and answer each once", run_flags, NULL},
    {"demo", cli_demo, "everything on this machine: events through all of it", demo_flags, NULL},
    {"config", cli_config, "check, print, schema, init", config_flags, config_words},
    {"doctor", cli_doctor, "does the worker have what it needs? Also: --clear-interlock",
     doctor_flags, NULL},
    {"audit", cli_audit, "was every record answered once? reads the topics, changes nothing",
     audit_flags, NULL},
    {"version", cli_version, "this build, and the libraries it runs with", version_flags, NULL},
    {"completion", cli_completion, "for the Tab key of bash, zsh or fish", NULL, completion_shells},
};

const size_t cli_commands_count = sizeof cli_commands / sizeof *cli_commands;

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < cli_commands_count; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

const char *cli_command_nearest(const char *name)
{
    const char *names[sizeof cli_commands / sizeof *cli_commands];
    for (size_t i = 0; i < cli_commands_count; i++)
        names[i] = cli_commands[i].name;
    return nearest_name(name, names, cli_commands_count);
}
