/* `usher doctor` where its time is short, and where nothing can be asked. What it says of real
 * servers: tests/e2e/test_doctor*.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/load.h"
#include "worker/doctor.h"

enum { LIMIT_MS = 300, LINES_MAX = 16, SETTING_SIZE = 80 };

struct heard {
    size_t count;
    char check[LINES_MAX][32];
    int exit_code[LINES_MAX];
};

static void on_line(void *context, const struct doctor_line *line)
{
    struct heard *heard = context;
    size_t i = heard->count++;
    if (i >= LINES_MAX)
        _exit(90);
    (void)snprintf(heard->check[i], sizeof heard->check[i], "%s", line->check);
    heard->exit_code[i] = line->diagnosis->exit_code;
}

/* A port that listens, and behind which nobody is. */
static int listen_silently(int *ret_socket)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *ret_socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(*ret_socket >= 0);
    assert_int_equal(bind(*ret_socket, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(*ret_socket, 8), 0);
    assert_int_equal(getsockname(*ret_socket, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void load(struct settings *settings, int graph_port)
{
    char graph[SETTING_SIZE];
    (void)snprintf(graph, sizeof graph, "graph.base_url=http://127.0.0.1:%d/beta", graph_port);
    const char *flags[] = {graph, "graph.auth=token", "redis.url=redis://127.0.0.1:1/0"};
    char token[] = "USHER_GRAPH_TOKEN=T";
    char *environment[] = {token, NULL};
    const struct settings_source source = {.file = "/dev/null",
                                           .environment = environment,
                                           .flags = flags,
                                           .flags_count = sizeof flags / sizeof *flags};
    struct problems problems = {0};
    if (settings_load(settings, &source, &problems) != LOAD_OK) {
        problems_print(&problems, false, stderr);
        fail();
    }
    problems_finish(&problems);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A read of Graph waits for graph.timeout, whatever time is left. In a process of its own: it ends
 * as such a process must. Each number is a check that failed. */
static int run_out_of_time(const struct settings *settings)
{
    struct heard heard = {0};
    struct doctor_report report = {on_line, &heard, DOCTOR_GRAPH, LIMIT_MS, false};
    int64_t begun_ms = now_ms();
    int code = doctor_run(settings, &report);
    if (code != 69 || !report.left_behind)
        return 1;
    if (now_ms() - begun_ms < LIMIT_MS || now_ms() - begun_ms > LIMIT_MS + 4000)
        return 2;
    if (heard.count == 0 || strcmp(heard.check[heard.count - 1], "doctor") != 0)
        return 3;
    return heard.exit_code[heard.count - 1] == 69 ? 0 : 4;
}

static void time_is_up(void **state)
{
    struct settings settings;
    int listening, status;
    (void)state;
    load(&settings, listen_silently(&listening));
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_out_of_time(&settings));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    settings_finish(&settings);
    (void)close(listening);
}

/* Nobody listens at either; each area is asked for by itself. */
static void areas(void **state)
{
    static const struct {
        unsigned areas;
        const char *first;
    } rows[] = {{DOCTOR_REDIS, "redis.connection"}, {DOCTOR_GRAPH, "graph.connection"}};
    struct settings settings;
    (void)state;
    load(&settings, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard heard = {0};
        struct doctor_report report = {on_line, &heard, rows[i].areas, DOCTOR_LIMIT_MS, true};
        assert_int_equal(doctor_run(&settings, &report), 69);
        assert_false(report.left_behind);
        assert_true(heard.count > 0);
        assert_string_equal(heard.check[0], rows[i].first);
    }
    settings_finish(&settings);
}

static void the_table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < doctor_checks_count; i++) {
        assert_non_null(doctor_checks[i].check);
        assert_non_null(doctor_checks[i].words);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(doctor_checks[i].check, doctor_checks[j].check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_up),
        cmocka_unit_test(areas),
        cmocka_unit_test(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
