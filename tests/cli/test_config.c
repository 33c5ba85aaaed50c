#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/cli/config.h"

/* Longer than any output but the starter file and the schema, of which the start is enough. */
#define OUTPUT_SIZE   4096
#define ARGUMENTS_MAX 8

static char good_file[] = "/tmp/usher-good-XXXXXX";
static char bad_file[] = "/tmp/usher-bad-XXXXXX";

/* GOOD and BAD stand for the two files above. */
static const struct row {
    const char *arguments[ARGUMENTS_MAX];
    int code;
    const char *out, *err; /* what is in it; "" stands for nothing at all */
} rows[] = {
    {{"config", "check", "-c", good_file}, 0, "ok: /tmp/usher-good-", ""},
    {{"config", "check", "-c", good_file}, 0, " MiB at the very most, and ", ""},
    {{"config", "check", "-c", good_file, "-s", "graph.dry_run=off"},
     0,
     "ok: ",
     "warning: -s graph.dry_run: is off"},
    {{"config", "check", "-c", bad_file},
     78,
     "",
     ":2:11: kafka.window: 30000 is more than 20000\n"},
    {{"config", "check", "-c", bad_file}, 78, "", ":4:5: kafka.librdkafka: librdkafka"},
    {{"config", "print", "-c", bad_file}, 78, "", ":2:11: kafka.window: "},
    {{"config", "check", "-c", "/nowhere.yaml"}, 66, "", "/nowhere.yaml: cannot be read: "},
    {{"config", "check", "-c", good_file, "-s", "redis.password=hunter2"},
     78,
     "",
     "-s redis.password: a secret is not taken from the command line"},
    {{"config", "check", "--config", good_file, "--set", "log.level=loud"},
     78,
     "",
     "-s log.level: "},
    {{"config", "print", "-c", good_file, "-s", "log.level=debug"},
     0,
     "kafka:\n  brokers: localhost:9092                     # default\n",
     ""},
    {{"config", "schema"}, 0, "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"", ""},
    {{"config", "init"}, 0, "kafka:\n", ""},
    {{"config", "--help"}, 0, "usher config check", ""},
    {{"config", "check", "-h"}, 0, "usher config check", ""},
    {{"config"}, 2, "", "usher: config needs one of check, print, schema, init\n"},
    {{"config", "chekc"}, 2, "", "usher: there is no config chekc; did you mean config check?\n"},
    {{"config", "dance"}, 2, "", "usher: config does check, print, schema or init, not dance\n"},
    {{"config", "check", "x"}, 2, "", "usher: config takes one of check, print, schema, init\n"},
    {{"config", "init", "-c", "x"}, 2, "", "usher: config init takes no -c or -s\n"},
    {{"config", "check", "-c"}, 2, "", "usher: -c needs a value\ntry: usher config --help\n"},
    {{"config", "check", "-x"}, 2, "", "usher: config has no option -x\n"},
    {{"config", "check", "--loud"}, 2, "", "usher: config has no option --loud\n"},
    {{"config", "check", "--conf", good_file},
     2,
     "",
     "usher: config has no option --conf; did you mean --config?\n"},
    {{"config", "check", "--conf=x"}, 2, "", "has no option --conf=x; did you mean --config?\n"},
    {{"config", "check", "--stirct"}, 2, "", "no option --stirct; did you mean --strict?\n"},
    {{"config", "check", "-c", good_file, "-s", "graph.dry_run=off", "--strict"},
     78,
     "",
     "usher: a warning is an error with --strict\n"},
    {{"config", "check", "--strict", "-c", good_file}, 0, "ok: ", ""},
    {{"config", "print", "--strict"}, 2, "", "config print takes no --strict"},
    {{"config", "check", "--format", "json"}, 2, "", "check takes no --format or --show-origin"},
    {{"config", "print", "--format", "toml"}, 2, "", "--format is yaml or json, not toml"},
    {{"config", "print", "-c", good_file, "--show-origin"},
     0,
     "  brokers: localhost:9092                     # default\n",
     ""},
    {{"config", "print", "-c", good_file, "--format", "json"},
     0,
     "{\n  \"kafka\": {\n    \"brokers\": \"localhost:9092\",\n",
     ""},
    {{"config", "print", "-c", good_file, "--format=json", "--show-origin"},
     0,
     "    \"brokers\": {\"value\": \"localhost:9092\", \"origin\": \"default\"},\n",
     ""},
};

static void read_back(FILE *file, char *ret)
{
    rewind(file);
    size_t size = fread(ret, 1, OUTPUT_SIZE - 1, file);
    ret[size] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* The command in a process of its own: its exit code, and what it wrote. */
static int run(const char *const *arguments, char *ret_out, char *ret_err)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int count = 0;
    int status;

    assert_non_null(out);
    assert_non_null(err);
    while (count < ARGUMENTS_MAX && arguments[count] != NULL) {
        count++;
    }
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *copies[ARGUMENTS_MAX + 1] = {NULL};
        for (int i = 0; i < count; i++) {
            copies[i] = strdup(arguments[i]);
        }
        if (dup2(fileno(out), STDOUT_FILENO) < 0 || dup2(fileno(err), STDERR_FILENO) < 0) {
            _exit(99);
        }
        int code = cli_config(count, copies);
        (void)fflush(NULL);
        _exit(code);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    read_back(out, ret_out);
    read_back(err, ret_err);
    return WEXITSTATUS(status);
}

static void assert_has(const char *text, const char *part)
{
    bool is_there = part[0] == '\0' ? text[0] == '\0' : strstr(text, part) != NULL;

    if (!is_there) {
        fail_msg("\"%s\" is not in: %s", part, text);
    }
}

static void each_command_ends_with_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[OUTPUT_SIZE];
        char err[OUTPUT_SIZE];
        int code = run(rows[i].arguments, out, err);
        print_message("row %zu: exit %d\n", i, code);
        assert_has(out, rows[i].out);
        assert_has(err, rows[i].err);
        assert_int_equal(code, rows[i].code);
        assert_null(strstr(err, "hunter2"));
    }
}

static void more_flags_than_there_are_settings_are_refused(void **state)
{
    enum { FLAGS = 65 };
    char config[] = "config";
    char check[] = "check";
    char flag[] = "-slog.level=info";
    char *arguments[FLAGS + 3] = {config, check};

    (void)state;
    for (size_t i = 0; i < FLAGS; i++) {
        arguments[i + 2] = flag;
    }
    assert_int_equal(cli_config(FLAGS + 2, arguments), 2);
}

static void output_that_cannot_be_written_is_no_success(void **state)
{
    (void)state;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char config[] = "config";
        char init[] = "init";
        char *arguments[] = {config, init, NULL};
        _exit(freopen("/dev/full", "w", stdout) == NULL ? 99 : cli_config(2, arguments));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 73);
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static int make_files(void **state)
{
    (void)state;
    write_file(good_file, "graph:\n  auth: token\n  token_file: /t\n");
    write_file(bad_file, "kafka:\n  window: 30000\n  librdkafka:\n    no.such.property: x\n");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(good_file) + unlink(bad_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_ends_with_its_code),
        cmocka_unit_test(more_flags_than_there_are_settings_are_refused),
        cmocka_unit_test(output_that_cannot_be_written_is_no_success),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
