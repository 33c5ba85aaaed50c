/* The table of commands against what each command says and takes, and the scripts made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/options.h"
#include "worker/cli/commands.h"

enum { OUTPUT_SIZE = 65536, ARGUMENTS_MAX = 4, NAME_SIZE = 64 };

static char output[OUTPUT_SIZE];

/* The command in a process of its own; `output` has what it wrote to the descriptor. */
static int run(int descriptor, const char *const *arguments)
{
    FILE *file = tmpfile();
    char *copies[ARGUMENTS_MAX + 1] = {NULL};
    int status, count = 0;
    assert_non_null(file);
    for (; arguments[count] != NULL; count++) {
        copies[count] = strdup(arguments[count]);
        assert_non_null(copies[count]);
    }
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(fileno(file), descriptor) < 0)
            _exit(99);
        int code = cli_command_find(arguments[0])->run(count, copies);
        (void)fflush(NULL);
        _exit(code);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    for (int i = 0; i < count; i++)
        free(copies[i]);
    rewind(file);
    size_t size = fread(output, 1, sizeof output - 1, file);
    assert_true(size < sizeof output - 1);
    output[size] = '\0';
    assert_int_equal(fclose(file), 0);
    return WEXITSTATUS(status);
}

static const struct cli_flag *next_flag(const struct cli_flag *flag)
{
    return flag == NULL || (flag->letter == '\0' && flag->name == NULL) ? NULL : flag;
}

static void typed(const struct cli_flag *flag, char ret[NAME_SIZE])
{
    if (flag->name != NULL)
        (void)snprintf(ret, NAME_SIZE, "--%s", flag->name);
    else
        (void)snprintf(ret, NAME_SIZE, "-%c", flag->letter);
}

static bool has_flag(const struct cli_command *command, const char *name, size_t size)
{
    for (const struct cli_flag *flag = command->flags; next_flag(flag) != NULL; flag++) {
        if (flag->name != NULL && strlen(flag->name) == size &&
            strncmp(flag->name, name, size) == 0)
            return true;
    }
    return size == strlen("help") && strncmp(name, "help", size) == 0;
}

/* Each option of the table is in the command's help and is taken; each of the help is there. */
static void options_are_those_of_the_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        assert_int_equal(run(STDOUT_FILENO, (const char *[]){command->name, "--help", NULL}), 0);
        for (const struct cli_flag *flag = command->flags; next_flag(flag) != NULL; flag++) {
            char name[NAME_SIZE];
            typed(flag, name);
            if (strstr(output, name) == NULL)
                fail_msg("%s --help says nothing of %s", command->name, name);
        }
        for (const char *at = output; (at = strstr(at, "--")) != NULL;) {
            const char *name = at + strlen("--");
            size_t size = 0;
            while (islower((unsigned char)name[size]) || name[size] == '-')
                size++;
            if (size > 0 && !has_flag(command, name, size))
                fail_msg("the table has no %s --%.*s", command->name, (int)size, name);
            at = name + size;
        }
    }
}

static void options_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        for (const struct cli_flag *flag = command->flags; next_flag(flag) != NULL; flag++) {
            char name[NAME_SIZE];
            const char *with[] = {command->name, name, "1", "--help", NULL};
            const char *without[] = {command->name, name, "--help", NULL};
            typed(flag, name);
            bool has_value = flag->value != CLI_NO_VALUE;
            print_message("%s %s\n", command->name, name);
            assert_int_equal(run(STDOUT_FILENO, has_value ? with : without), 0);
            if (!has_value)
                continue;
            assert_int_equal(run(STDERR_FILENO, (const char *[]){command->name, name, NULL}), 2);
            assert_non_null(strstr(output, "needs a value"));
        }
    }
}

static void words_are_in_the_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        assert_int_equal(run(STDOUT_FILENO, (const char *[]){command->name, "--help", NULL}), 0);
        for (const struct cli_word *word = command->words; word && word->name != NULL; word++)
            assert_non_null(strstr(output, word->name));
    }
}

static bool may_be_a_flag(const struct option *option)
{
    return option->kind != OPTION_SECRET;
}

static void every_script_has_it_all(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    (void)state;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        const char *arguments[] = {"completion", shells[i], NULL};
        assert_int_equal(run(STDOUT_FILENO, arguments), 0);
        for (size_t j = 0; j < cli_commands_count; j++)
            assert_non_null(strstr(output, cli_commands[j].name));
        for (size_t j = 0; j < options_count; j++) {
            char name[NAME_SIZE];
            (void)snprintf(name, sizeof name, " %s%s", options[j].name,
                           options[j].kind == OPTION_MAP ? "." : "=");
            if ((strstr(output, name) != NULL) != may_be_a_flag(&options[j]))
                fail_msg("%s: %s", shells[i], name);
        }
        assert_non_null(strstr(output, " log.level=debug "));
        assert_null(strstr(output, " log.level= "));
    }
}

static void wrong_usage_is_said(void **state)
{
    static const struct {
        const char *argument, *text;
    } rows[] = {
        {NULL, "completion takes one of bash, zsh, fish"},
        {"fihs", "completion does bash, zsh or fish, not fihs; did you mean fish?"},
        {"tcsh-or-so", "completion does bash, zsh or fish, not tcsh-or-so\n"},
        {"--loud", "completion has no option --loud"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *arguments[] = {"completion", rows[i].argument, NULL};
        assert_int_equal(run(STDERR_FILENO, arguments), 2);
        if (strstr(output, rows[i].text) == NULL)
            fail_msg("\"%s\" is not in: %s", rows[i].text, output);
    }
    assert_int_equal(run(STDERR_FILENO, (const char *[]){"completion", "bash", "zsh", NULL}), 2);
}

static void output_that_cannot_be_written_is_no_success(void **state)
{
    int status;
    (void)state;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char completion[] = "completion", bash[] = "bash";
        char *arguments[] = {completion, bash, NULL};
        if (freopen("/dev/full", "w", stdout) == NULL)
            _exit(99);
        _exit(cli_command_find("completion")->run(2, arguments));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 73);
}

static void the_nearest_command_is_found(void **state)
{
    (void)state;
    assert_null(cli_command_find("rum"));
    assert_string_equal(cli_command_nearest("rum"), "run");
    assert_null(cli_command_nearest("something-else"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_those_of_the_commands),
        cmocka_unit_test(options_are_taken),
        cmocka_unit_test(words_are_in_the_help),
        cmocka_unit_test(every_script_has_it_all),
        cmocka_unit_test(wrong_usage_is_said),
        cmocka_unit_test(output_that_cannot_be_written_is_no_success),
        cmocka_unit_test(the_nearest_command_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
