#include "worker/cli/completion_print.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "worker/cli/commands.h"

/* ---- what all three print -------------------------------------------------------------------- */

static void put(const char *text)
{
    (void)fputs(text, stdout);
}

/* Inside single quotes: `special` characters get a backslash, and a quote becomes `quote`. */
static void put_quoted(const char *text, const char *special, const char *quote)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            put(quote);
            continue;
        }
        if (strchr(special, *c) != NULL)
            (void)putchar('\\');
        (void)putchar(*c);
    }
}

static bool is_end(const struct cli_flag *flag)
{
    return flag == NULL || (flag->letter == '\0' && flag->name == NULL);
}

/* " -c", " --json": as it is typed. */
static void put_flag(const struct cli_flag *flag)
{
    if (flag->letter != '\0')
        (void)printf(" -%c", flag->letter);
    if (flag->name != NULL)
        (void)printf(" --%s", flag->name);
}

static void put_words(const struct cli_word *word)
{
    for (; word != NULL && word->name != NULL; word++)
        (void)printf(" %s", word->name);
}

static void put_commands(void)
{
    for (size_t i = 0; i < cli_commands_count; i++)
        (void)printf(" %s", cli_commands[i].name);
}

/*
 * What may follow -s, with blanks between: KEY= and, where only some values are taken, each
 * KEY=VALUE. No secrets, for these are refused there.
 */
static void put_settings(void)
{
    static const char *const switches[] = {"true", "false", NULL};
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        const char *const *values = option->kind == OPTION_SWITCH   ? switches
                                    : option->kind == OPTION_CHOICE ? option->choices
                                                                    : NULL;
        if (option->kind == OPTION_SECRET)
            continue;
        if (option->kind == OPTION_MAP)
            (void)printf(" %s.", option->name);
        else if (values == NULL)
            (void)printf(" %s=", option->name);
        for (; values != NULL && *values != NULL; values++)
            (void)printf(" %s=%s", option->name, *values);
    }
}

/* ---- bash ------------------------------------------------------------------------------------ */

/* "run:-c | config:-c": the options with such a value. */
static void bash_patterns(enum cli_value value)
{
    const char *before = "        ";
    for (size_t i = 0; i < cli_commands_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        for (const struct cli_flag *flag = command->flags; !is_end(flag); flag++) {
            if (flag->value != value)
                continue;
            if (flag->letter != '\0')
                (void)printf("%s%s:-%c", before, command->name, flag->letter);
            if (flag->letter != '\0' && flag->name != NULL)
                before = " | ";
            if (flag->name != NULL)
                (void)printf("%s%s:--%s", before, command->name, flag->name);
            before = " | ";
        }
    }
    put(")\n");
}

static void bash_commands(void)
{
    put("        help) words='");
    put_commands();
    put("' ;;\n");
    for (size_t i = 0; i < cli_commands_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        (void)printf("        %s) words='", command->name);
        put_words(command->words);
        for (const struct cli_flag *flag = command->flags; !is_end(flag); flag++)
            put_flag(flag);
        put(" --help' ;;\n");
    }
}

void completion_bash(void)
{
    /* bash cuts words at `=`: what stands before it is put back for the look-up. */
    put("# bash completion for usher, written by `usher completion bash`\n"
        "_usher_settings='");
    put_settings();
    put("'\n"
        "_usher() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local before='' words=''\n"
        "    COMPREPLY=()\n"
        "    if [ \"$current\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
        "        before=\"$previous=\" current='' previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    elif [ \"$previous\" = = ] && [ \"$COMP_CWORD\" -gt 3 ]; then\n"
        "        before=\"${COMP_WORDS[COMP_CWORD - 2]}=\" previous=${COMP_WORDS[COMP_CWORD - 3]}\n"
        "    fi\n"
        "    case ${COMP_WORDS[1]}:$previous in\n");
    bash_patterns(CLI_VALUE_FILE);
    put("            compopt -o filenames 2>/dev/null\n"
        "            mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
        "            return\n"
        "            ;;\n");
    bash_patterns(CLI_VALUE_SETTING);
    put("            mapfile -t COMPREPLY < <(compgen -W \"$_usher_settings\" -- "
        "\"$before$current\")\n"
        "            case ${COMPREPLY[0]-} in *[=.]) compopt -o nospace 2>/dev/null ;; esac\n"
        "            COMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")\n"
        "            return\n"
        "            ;;\n");
    bash_patterns(CLI_VALUE_AREAS);
    put("            mapfile -t COMPREPLY < <(compgen -W 'kafka redis graph' -- \"$current\")\n"
        "            return\n"
        "            ;;\n");
    bash_patterns(CLI_VALUE_FORMAT);
    put("            mapfile -t COMPREPLY < <(compgen -W 'yaml json' -- \"$current\")\n"
        "            return\n"
        "            ;;\n");
    bash_patterns(CLI_VALUE_NUMBER);
    put("            return\n"
        "            ;;\n"
        "    esac\n"
        "    [ \"$COMP_CWORD\" -gt 1 ] && case ${COMP_WORDS[1]} in\n");
    bash_commands();
    put("    esac\n"
        "    [ \"$COMP_CWORD\" -gt 1 ] || words='help");
    put_commands();
    put("'\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "}\n"
        "complete -F _usher usher\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* 'name:what it is' */
static void zsh_described(const char *name, const char *doc)
{
    (void)printf(" '%s:", name);
    put_quoted(doc, ":\\", "'\\''");
    put("'");
}

/* The rest of '-c[what it is]:file:_files', for _arguments. */
static void zsh_explained(const struct cli_flag *flag)
{
    static const char *const values[] = {
        [CLI_NO_VALUE] = "",
        [CLI_VALUE_FILE] = ":file:_files",
        [CLI_VALUE_SETTING] = ":setting:_usher_setting",
        [CLI_VALUE_NUMBER] = ":number:",
        [CLI_VALUE_AREAS] = ":area:(kafka redis graph)",
        [CLI_VALUE_FORMAT] = ":format:(yaml json)",
    };
    put("[");
    put_quoted(flag->doc, "[]:\\", "'\\''");
    (void)printf("]%s'", values[flag->value]);
}

static void zsh_flag(const struct cli_flag *flag)
{
    const char *often = flag->value == CLI_VALUE_SETTING ? "*" : "";
    if (flag->letter != '\0') {
        (void)printf(" \\\n                '%s-%c", often, flag->letter);
        zsh_explained(flag);
    }
    if (flag->name != NULL) {
        (void)printf(" \\\n                '%s--%s", often, flag->name);
        zsh_explained(flag);
    }
}

static void zsh_command(const struct cli_command *command)
{
    (void)printf("        %s)\n            _arguments '--help[how it is used]'", command->name);
    for (const struct cli_flag *flag = command->flags; !is_end(flag); flag++)
        zsh_flag(flag);
    if (command->words != NULL) {
        put(" \\\n                '1:what:((");
        for (const struct cli_word *word = command->words; word->name != NULL; word++) {
            (void)printf("%s%s\\:\"", word == command->words ? "" : " ", word->name);
            put_quoted(word->doc, ":\\\"()", "'\\''");
            put("\"");
        }
        put("))'");
    }
    put("\n            ;;\n");
}

void completion_zsh(void)
{
    put("#compdef usher\n"
        "# zsh completion for usher, written by `usher completion zsh`\n"
        "_usher_setting() {\n"
        "    local -a settings\n"
        "    settings=(");
    put_settings();
    put(")\n"
        "    compadd -S '' -- ${(M)settings:#*[=.]}\n"
        "    compadd -- ${settings:#*[=.]}\n"
        "}\n"
        "_usher() {\n"
        "    local -a commands\n"
        "    commands=('help:this, or help of a command'");
    for (size_t i = 0; i < cli_commands_count; i++)
        zsh_described(cli_commands[i].name, cli_commands[i].summary);
    put(")\n"
        "    if ((CURRENT == 2)); then\n"
        "        _describe command commands\n"
        "        return\n"
        "    fi\n"
        "    shift words\n"
        "    ((CURRENT--))\n"
        "    case ${words[1]} in\n");
    for (size_t i = 0; i < cli_commands_count; i++)
        zsh_command(&cli_commands[i]);
    put("        help)\n"
        "            _describe command commands\n"
        "            ;;\n"
        "    esac\n"
        "}\n"
        "if [ \"$funcstack[1]\" = _usher ]; then\n"
        "    _usher \"$@\"\n"
        "else\n"
        "    compdef _usher usher\n"
        "fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void fish_described(const char *doc)
{
    put(" -d '");
    put_quoted(doc, "\\", "\\'");
    put("'\n");
}

static void fish_flag(const char *command, const struct cli_flag *flag)
{
    (void)printf("complete -c usher -n '__fish_seen_subcommand_from %s'", command);
    if (flag->letter != '\0')
        (void)printf(" -s %c", flag->letter);
    if (flag->name != NULL)
        (void)printf(" -l %s", flag->name);
    if (flag->value == CLI_VALUE_FILE)
        put(" -r -F");
    else if (flag->value == CLI_VALUE_SETTING)
        put(" -x -a \"$__usher_settings\"");
    else if (flag->value == CLI_VALUE_AREAS)
        put(" -x -a 'kafka redis graph'");
    else if (flag->value == CLI_VALUE_FORMAT)
        put(" -x -a 'yaml json'");
    else if (flag->value == CLI_VALUE_NUMBER)
        put(" -x");
    fish_described(flag->doc);
}

static void fish_command(const struct cli_command *command)
{
    (void)printf("complete -c usher -n __fish_use_subcommand -a %s", command->name);
    fish_described(command->summary);
    for (const struct cli_flag *flag = command->flags; !is_end(flag); flag++)
        fish_flag(command->name, flag);
    for (const struct cli_word *word = command->words; word != NULL && word->name != NULL; word++) {
        (void)printf("complete -c usher -n '__fish_seen_subcommand_from %s; and not "
                     "__fish_seen_subcommand_from",
                     command->name);
        put_words(command->words);
        (void)printf("' -a %s", word->name);
        fish_described(word->doc);
    }
}

void completion_fish(void)
{
    put("# fish completion for usher, written by `usher completion fish`\n"
        "set -g __usher_settings '");
    put_settings();
    put("'\n"
        "complete -c usher -f\n"
        "complete -c usher -l help -d 'how it is used'\n"
        "complete -c usher -n __fish_use_subcommand -a help -d 'this, or help of a command'\n"
        "complete -c usher -n '__fish_seen_subcommand_from help' -a '");
    put_commands();
    put("'\n");
    for (size_t i = 0; i < cli_commands_count; i++)
        fish_command(&cli_commands[i]);
}
