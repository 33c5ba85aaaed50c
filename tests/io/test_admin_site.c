/* The admin listener with a site: pages that answer at once, later, or never to a client that has
 * gone. All in one thread: the loop turns while the clients wait. */
#include "worker/io/admin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ANSWER_SIZE = 8192,
    TURNS_MAX = 4000,
    SEGMENT = 536,        /* small ones, so that the kernel keeps little of an answer */
    SLOW_BYTES = 1 << 20, /* more than it keeps */
};

static struct world {
    uv_loop_t loop;
    struct admin *admin;
    struct admin_ask *waiting[ADMIN_LATER_MAX];
    size_t count;
    char query[64];
    size_t padding; /* behind what comes later */
} world;

static enum admin_verdict answer(void *context, struct admin_ask *ask)
{
    assert_ptr_equal(context, &world);
    const char *value = admin_ask_query(ask, "q");
    snprintf(world.query, sizeof world.query, "%s", value != NULL ? value : "(none)");
    ask->status = 200;
    ask->content_type = "text/html; charset=utf-8";
    if (strcmp(ask->path, "/now") == 0) {
        buffer_put_text(&ask->body, "at once");
        return ADMIN_ANSWERED;
    }
    if (strcmp(ask->path, "/later") != 0)
        return ADMIN_NOT_FOUND;
    assert_in_range(world.count, 0, ADMIN_LATER_MAX - 1);
    world.waiting[world.count++] = ask;
    return ADMIN_LATER;
}

static void end_all(void)
{
    while (world.count > 0) {
        struct admin_ask *ask = world.waiting[--world.count];
        buffer_put_text(&ask->body, "at last");
        for (size_t i = 0; i < world.padding; i++)
            buffer_put(&ask->body, " ", 1);
        admin_ask_end(ask);
    }
}

static bool live(void *context)
{
    (void)context;
    return true;
}

static int start(void **state)
{
    (void)state;
    static const struct admin_site site = {answer, &world};
    const struct admin_view view = {.live = live, .site = &site};
    struct error error = {0};
    world = (struct world){.count = 0};
    uv_loop_init(&world.loop);
    world.admin = admin_create(&world.loop, "127.0.0.1:0", &view, &error);
    return world.admin == NULL;
}

static int stop(void **state)
{
    (void)state;
    admin_destroy(world.admin);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&world.loop);
}

static void turn(void)
{
    uv_run(&world.loop, UV_RUN_NOWAIT);
    usleep(500);
}

static int ask(const char *method, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)admin_port(world.admin))};
    char request[256];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(request, sizeof request,
                        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &(int){SEGMENT}, sizeof(int)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    return fd;
}

/* Reads until the server closes. */
static const char *read_answer(int fd)
{
    static char text[ANSWER_SIZE];
    size_t size = 0;
    for (int i = 0; i < TURNS_MAX; i++) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, MSG_DONTWAIT);
        if (got == 0)
            break;
        size += got > 0 ? (size_t)got : 0;
        turn();
    }
    close(fd);
    text[size] = '\0';
    return text;
}

static void expect(int fd, const char *start_line, const char *part)
{
    const char *text = read_answer(fd);
    if (strncmp(text, start_line, strlen(start_line)) != 0 || strstr(text, part) == NULL)
        fail_msg("not %s … %s: %s", start_line, part, text);
}

static void wait_for(size_t count)
{
    for (int i = 0; i < TURNS_MAX && world.count < count; i++)
        turn();
    assert_int_equal(world.count, count);
}

static void test_at_once(void **state)
{
    (void)state;
    expect(ask("GET", "/now"), "HTTP/1.1 200", "\r\n\r\nat once");
    expect(ask("HEAD", "/now"), "HTTP/1.1 200", "Content-Length: 7\r\n");
    expect(ask("GET", "/now"), "HTTP/1.1 200", "frame-ancestors 'none'");
    expect(ask("GET", "/never"), "HTTP/1.1 404", "not found; there are / ");
    expect(ask("POST", "/now"), "HTTP/1.1 405", "Allow: GET, HEAD\r\n");
    expect(ask("POST", "/never"), "HTTP/1.1 405", "Allow: GET, HEAD\r\n");
    expect(ask("GET", "/livez"), "HTTP/1.1 200", "ok\n");
}

static void test_query(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/now", "(none)"},        {"/now?q", ""},
        {"/now?q=", ""},           {"/now?q=a%20b+c", "a b c"},
        {"/now?q=%3Cx%3E", "<x>"}, {"/now?q=a%00b", "(none)"},
        {"/now?q=1&q=2", "1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(ask("GET", rows[i][0]), "HTTP/1.1 200", "at once");
        if (strcmp(world.query, rows[i][1]) != 0)
            fail_msg("%s: %s", rows[i][0], world.query);
    }
}

/* While one waits, others are served. */
static void test_later(void **state)
{
    (void)state;
    int fd = ask("GET", "/later");
    wait_for(1);
    expect(ask("GET", "/now"), "HTTP/1.1 200", "at once");
    expect(ask("GET", "/livez"), "HTTP/1.1 200", "ok\n");
    end_all();
    expect(fd, "HTTP/1.1 200", "\r\n\r\nat last");
}

static void test_too_many(void **state)
{
    (void)state;
    int fds[ADMIN_LATER_MAX];
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++)
        fds[i] = ask("GET", "/later");
    wait_for(ADMIN_LATER_MAX);
    expect(ask("GET", "/later"), "HTTP/1.1 503", "ask again");
    expect(ask("GET", "/livez"), "HTTP/1.1 200", "ok\n");
    end_all();
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++)
        expect(fds[i], "HTTP/1.1 200", "at last");
    expect(ask("GET", "/now"), "HTTP/1.1 200", "at once");
}

/* Who does not read a long answer holds a connection, but no place: others are served. */
static void test_slow_readers(void **state)
{
    (void)state;
    int fds[ADMIN_LATER_MAX];
    world.padding = SLOW_BYTES;
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++)
        fds[i] = ask("GET", "/later");
    wait_for(ADMIN_LATER_MAX);
    end_all();
    for (int i = 0; i < 20; i++)
        turn();
    expect(ask("GET", "/now"), "HTTP/1.1 200", "at once");
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++)
        close(fds[i]);
}

/* Clients that go before their answer comes leave their places. */
static void test_gone(void **state)
{
    (void)state;
    for (size_t round = 0; round < 3 * ADMIN_LATER_MAX; round++) {
        int fd = ask("GET", "/later");
        wait_for(1);
        close(fd);
        turn();
        end_all();
        for (int i = 0; i < 20; i++)
            turn();
    }
    expect(ask("GET", "/now"), "HTTP/1.1 200", "at once");
}

/* The worker leaves: who waits is answered as far as that goes, and the listener ends. */
static void test_ends_while_they_wait(void **state)
{
    (void)state;
    int one = ask("GET", "/later"), other = ask("GET", "/later");
    wait_for(2);
    end_all();
    admin_destroy(world.admin);
    world.admin = NULL;
    uv_run(&world.loop, UV_RUN_DEFAULT);
    close(one);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_once, start, stop),
        cmocka_unit_test_setup_teardown(test_query, start, stop),
        cmocka_unit_test_setup_teardown(test_later, start, stop),
        cmocka_unit_test_setup_teardown(test_too_many, start, stop),
        cmocka_unit_test_setup_teardown(test_slow_readers, start, stop),
        cmocka_unit_test_setup_teardown(test_gone, start, stop),
        cmocka_unit_test_setup_teardown(test_ends_while_they_wait, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
