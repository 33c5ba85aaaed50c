/* The log on a terminal, a real pseudo-terminal: text, colours, who can do without them, and that
 * nothing in a line reaches the terminal as a command but our own colours. */
#include "worker/core/utf8.h"
#include "worker/io/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES_SIZE = 4 * LOG_LINE_MAX };

static int master;
static FILE *terminal;

static int make_terminal(void **state)
{
    (void)state;
    char name[64];
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof name) != 0)
        return -1;
    terminal = fopen(name, "r+");
    return terminal != NULL ? 0 : -1;
}

static int leave_terminal(void **state)
{
    (void)state;
    fclose(terminal);
    close(master);
    return 0;
}

static void be_in(const char *kind, const char *no_colour)
{
    if (kind == NULL)
        unsetenv("TERM");
    else
        setenv("TERM", kind, 1);
    if (no_colour == NULL)
        unsetenv("NO_COLOR");
    else
        setenv("NO_COLOR", no_colour, 1);
}

static void read_lines(char ret[LINES_SIZE])
{
    size_t size = 0;
    ssize_t got;
    while ((got = read(master, ret + size, LINES_SIZE - 1 - size)) > 0)
        size += (size_t)got;
    ret[size] = '\0';
}

static void write_one(enum log_format format, char ret[LINES_SIZE])
{
    struct request rq = {.record = {.topic = "requests", .partition = 1, .offset = 2},
                         .event = {.id = "e-1", .source = "/hr"}};
    log_open(LOG_INFO, format, terminal);
    log_request(LOG_WARN, "test.terminal", &rq, "hello");
    log_open(LOG_INFO, LOG_TEXT, stderr);
    read_lines(ret);
}

static void assert_coloured(void)
{
    char lines[LINES_SIZE];
    write_one(LOG_AUTO, lines);
    assert_non_null(strstr(lines, " \x1b[33mwarn\x1b[0m  \x1b[1mtest.terminal\x1b[0m: hello "
                                  "\x1b[2mtopic\x1b[0m=requests \x1b[2mpartition\x1b[0m=1 "
                                  "\x1b[2moffset\x1b[0m=2 \x1b[2mevent_source\x1b[0m=/hr "
                                  "\x1b[2mevent_id\x1b[0m=e-1\r\n"));
}

static void assert_plain(void)
{
    char lines[LINES_SIZE];
    write_one(LOG_AUTO, lines);
    assert_non_null(strstr(lines, " warn  test.terminal: hello topic=requests partition=1 offset=2 "
                                  "event_source=/hr event_id=e-1\r\n"));
    assert_null(strchr(lines, '\x1b'));
}

static void test_colours(void **state)
{
    (void)state;
    be_in("xterm-256color", NULL);
    assert_coloured();
    be_in("xterm", ""); /* an empty NO_COLOR asks for nothing */
    assert_coloured();
}

static void test_who_does_without(void **state)
{
    (void)state;
    be_in("xterm", "1");
    assert_plain();
    be_in("xterm", "0"); /* whatever it says */
    assert_plain();
    be_in("dumb", NULL);
    assert_plain();
    be_in(NULL, NULL);
    assert_plain();
}

static void test_json_has_none(void **state)
{
    (void)state;
    char lines[LINES_SIZE];
    be_in("xterm", NULL);
    write_one(LOG_JSON, lines);
    assert_int_equal(lines[0], '{');
    assert_null(strchr(lines, '\x1b'));
}

static void test_text_in_a_file_has_none(void **state)
{
    (void)state;
    char line[256] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    be_in("xterm", NULL);
    log_open(LOG_INFO, LOG_TEXT, file);
    log_write(LOG_WARN, "test.file", "hello");
    log_open(LOG_INFO, LOG_TEXT, stderr);
    assert_true(pread(fileno(file), line, sizeof line - 1, 0) > 0);
    assert_non_null(strstr(line, " warn  test.file: hello\n"));
    fclose(file);
}

/* Our own colours away; whatever is left the terminal obeys is an attack. */
static void strip_colours(char *text)
{
    char *to = text;
    while (*text != '\0') {
        size_t digits = strncmp(text, "\x1b[", 2) == 0 ? strspn(text + 2, "0123456789") : 0;
        if (digits > 0 && text[2 + digits] == 'm')
            text += 3 + digits;
        else
            *to++ = *text++;
    }
    *to = '\0';
}

static void test_commands_do_not_reach_it(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x1b\\",
        "\xC2\x9B[31m",     "a\rb\nc\bd",       "\x1b[31mred",
        "\xE2\x80\xAEtxt",  "\x0E\x0F\x7F",     "\xFF\xFE",
    };
    be_in("xterm", NULL);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char lines[LINES_SIZE];
        struct header header = {{"kafka_correlationId", 19}, str_of(hostile[i])};
        struct request rq = {.record = {.topic = hostile[i], .headers = &header, .header_count = 1},
                             .event = {.id = hostile[i], .source = hostile[i]}};
        snprintf(rq.graph.request_id, sizeof rq.graph.request_id, "%s", hostile[i]);
        log_open(LOG_INFO, LOG_AUTO, terminal);
        log_request(LOG_INFO, "test.hostile", &rq, "%s", hostile[i]);
        log_open(LOG_INFO, LOG_TEXT, stderr);
        read_lines(lines);
        size_t size = strlen(lines);
        assert_true(size > 2 && strcmp(lines + size - 2, "\r\n") == 0);
        lines[size - 2] = '\0';
        if (strncmp(hostile[i], "\x1b[31mred", 5) == 0)
            assert_null(strstr(lines, hostile[i])); /* it would pass for one of ours */
        strip_colours(lines);
        if (!utf8_is_printable(str_of(lines)))
            fail_msg("%zu: %s", i, lines);
    }
}

static void test_no_color(void **state)
{
    (void)state;
    be_in("xterm", NULL);
    log_stay_plain();
    assert_plain();
    assert_plain(); /* also when it is opened again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_who_does_without),
        cmocka_unit_test(test_json_has_none),
        cmocka_unit_test(test_text_in_a_file_has_none),
        cmocka_unit_test(test_commands_do_not_reach_it),
        cmocka_unit_test(test_no_color), /* last: it is for good */
    };
    return cmocka_run_group_tests(tests, make_terminal, leave_terminal);
}
