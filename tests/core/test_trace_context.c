#include "tests/core/records.h"
#include "worker/core/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static const struct {
    const char *text;
    bool is_valid;
} parents[] = {
    {"00-" TRACE "-" PARENT "-01", true},
    {"00-" TRACE "-" PARENT "-00", true},
    {"cc-" TRACE "-" PARENT "-01", true},
    {"cc-" TRACE "-" PARENT "-01-what-comes-later", true},
    {"cc-" TRACE "-" PARENT "-01.later", false},
    {"00-" TRACE "-" PARENT "-01-more", false},
    {"ff-" TRACE "-" PARENT "-01", false},
    {"00-00000000000000000000000000000000-" PARENT "-01", false},
    {"00-" TRACE "-0000000000000000-01", false},
    {"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", false},
    {"00-" TRACE "-" PARENT "-0", false},
    {"00-" TRACE "-" PARENT "-0x", false},
    {"00_" TRACE "-" PARENT "-01", false},
    {" 00-" TRACE "-" PARENT "-01", false},
    {"cc-" TRACE "-" PARENT "-01-\n", false},
    {"", false},
    {"garbage", false},
    /* W3C's own: the specification's sections 3.2.2 and 4.1, and test/test.py of its repository. */
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
    {"00-12345678901234567890123456789012-1234567890123456-01", true},
    {"00-12345678901234567890123456789012-1234567890123456-ff", true},
    {"01-12345678901234567890123456789012-1234567890123456-01", true},
    {"cc-12345678901234567890123456789012-1234567890123456-01", true},
    {"cc-12345678901234567890123456789012-1234567890123456-01-", true},
    {"cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", true},
    {"cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like", false},
    {"00-12345678901234567890123456789012-1234567890123456-01.", false},
    {"00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", false},
    {".0-12345678901234567890123456789012-1234567890123456-01", false},
    {"0.-12345678901234567890123456789012-1234567890123456-01", false},
    {"000-12345678901234567890123456789012-1234567890123456-01", false},
    {"0000-12345678901234567890123456789012-1234567890123456-01", false},
    {"00-.2345678901234567890123456789012-1234567890123456-01", false},
    {"00-1234567890123456789012345678901.-1234567890123456-01", false},
    {"00-123456789012345678901234567890123-1234567890123456-01", false},
    {"00-1234567890123456789012345678901-1234567890123456-01", false},
    {"00-12345678901234567890123456789012-.234567890123456-01", false},
    {"00-12345678901234567890123456789012-123456789012345.-01", false},
    {"00-12345678901234567890123456789012-12345678901234567-01", false},
    {"00-12345678901234567890123456789012-123456789012345-01", false},
    {"00-12345678901234567890123456789012-1234567890123456-.0", false},
    {"00-12345678901234567890123456789012-1234567890123456-0.", false},
    {"00-12345678901234567890123456789012-1234567890123456-001", false},
    {"00-12345678901234567890123456789012-1234567890123456-1", false},
    {"00-12345678901234567890123456789012-1234567890123456-01 ", false},
    {"00-12345678901234567890123456789012-1234567890123456", false},
};

static const struct {
    const char *text;
    bool is_valid;
} states[] = {
    {"congo=t61rcWkgMzE", true},
    {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true},
    {"a=1, b=2 ,\tc=3", true},
    {"a=1,,b=2,", true},
    {"fw529a3039@dt=FfIBBCwA", true},
    {"1a-_*/=x y", true},
    {"a=1,a=2", false},
    {"A=1", false},
    {"@a=1", false},
    {"a", false},
    {"=1", false},
    {"a=", false},
    {"a=b=c", false},
    {"a=\x01", false},
    {"a=\xC3\xA9", false},
    {",", false},
    {"", false},
    /* W3C's own, as above. */
    {"rojo=00f067aa0ba902b7", true},
    {"foo=1,bar=2", true},
    {"foo=1 \t , \t bar=2, \t baz=3", true},
    {"foo=1,", true},
    {"foo@=1", true}, /* level 2 takes it, and so do we */
    {"foo@bar=1,bar=2", true},
    {"foo-_*/bar=1", true},
    {"0foo=1", true},
    {"foo=,bar=3", false},
    {"foo=1,foo=1", false},
    {"foo=1,foo=2", false},
    {"foo =1", false},
    {"FOO=1", false},
    {"foo.bar=1", false},
    {"foo,bar=1", false},
    {"foo=bar=baz", false},
    {"foo=bar,bar=3=4", false},
};

static void judges_traceparent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        if (traceparent_is_valid(str_of(parents[i].text)) != parents[i].is_valid)
            fail_msg("traceparent %s", parents[i].text);
    }
}

static void judges_tracestate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (tracestate_is_valid(str_of(states[i].text)) != states[i].is_valid)
            fail_msg("tracestate %s", states[i].text);
    }
}

static void keeps_the_limits(void **state)
{
    (void)state;
    char text[TRACESTATE_SIZE_MAX + 2] = "";
    size_t size = 0;
    for (int i = 0; i < TRACESTATE_MEMBERS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "k%d=v,", i);
    assert_true(tracestate_is_valid((struct str){text, size}));
    size += (size_t)snprintf(text + size, sizeof text - size, "one=more");
    assert_false(tracestate_is_valid((struct str){text, size}));
    size = (size_t)snprintf(text, sizeof text, "a=%0200d,b=%0200d,c=%0104d", 1, 1, 1);
    assert_int_equal(size, TRACESTATE_SIZE_MAX);
    assert_true(tracestate_is_valid((struct str){text, size}));
    text[size++] = ',';
    assert_false(tracestate_is_valid((struct str){text, size}));
}

/* W3C: as long as a key and a value may be, and one longer. */
static void keeps_the_limits_of_a_member(void **state)
{
    (void)state;
    char text[TRACESTATE_SIZE_MAX + 2];
    const struct {
        int key, value;
        bool is_valid;
    } rows[] = {{256, 1, true}, {257, 1, false}, {1, 256, true}, {1, 257, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(text, sizeof text, "%0*d=%0*d", rows[i].key, 1, rows[i].value, 1);
        assert_true(tracestate_is_valid(str_of(text)) == rows[i].is_valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_traceparent),
        cmocka_unit_test(judges_tracestate),
        cmocka_unit_test(keeps_the_limits),
        cmocka_unit_test(keeps_the_limits_of_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
