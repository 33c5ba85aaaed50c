/* The escaper of the status page. */
#include "worker/io/html.h"

#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INSTEAD "\xEF\xBF\xBD"

static void check(struct str text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 4096);
    html_put(&out, text);
    buffer_put(&out, "", 0);
    assert_string_equal(out.data, expected);
    buffer_finish(&out);
}

static void test_entities(void **state)
{
    (void)state;
    check(str_of("<script>alert('a' && \"b\")</script>"),
          "&lt;script&gt;alert(&#39;a&#39; &amp;&amp; &quot;b&quot;)&lt;/script&gt;");
    check(str_of("plain"), "plain");
    check(str_of(""), "");
    check(str_of("&lt;"), "&amp;lt;"); /* what is escaped already is not taken for it */
    check(str_of("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80\tand\nso on"),
          "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80\tand\nso on");
}

static void test_what_no_page_may_hold(void **state)
{
    (void)state;
    check((struct str){"a\0b", 3}, "a" INSTEAD "b");
    check(str_of("a\x1b[31m\x7f\r"), "a" INSTEAD "[31m" INSTEAD INSTEAD);
    check(str_of("\xC2\x80\xC2\x9F\xC2\xA0"), INSTEAD INSTEAD "\xC2\xA0");
    check(str_of("\xC3\x28\xFF"), INSTEAD "(" INSTEAD);     /* no UTF-8 */
    check(str_of("\xC0\xBC"), INSTEAD INSTEAD);             /* an overlong < */
    check(str_of("\xED\xA0\x80"), INSTEAD INSTEAD INSTEAD); /* a surrogate */
    check(str_of("\xE2\x82"), INSTEAD INSTEAD);             /* cut off */
    check(str_of("a\xE2\x80\xAE"
                 "b"),
          "a" INSTEAD "b"); /* U+202E turns what follows */
    check(str_of("\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\x8E\xE2\x80\xA8"),
          INSTEAD INSTEAD INSTEAD INSTEAD);
    check(str_of("\xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF"), INSTEAD INSTEAD INSTEAD);
    check(str_of("\xE2\x80\x93\xEF\xBF\xBD\xEF\xBB\xBC"), "\xE2\x80\x93\xEF\xBF\xBD\xEF\xBB\xBC");
}

static void test_cut(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    html_cut(&out, str_of("<abc"), 2);
    html_cut(&out, str_of("x\xE2\x82\xAC"), 3); /* not through a character */
    html_cut(&out, str_of("whole"), 5);
    buffer_put(&out, "", 0);
    assert_string_equal(out.data, "&lt;a\xE2\x80\xA6x\xE2\x80\xA6whole");
    buffer_finish(&out);
}

static void test_query(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    html_query(&out, "a-Z_0.9~ &=#%\"'<>+/\xC3\xAB");
    buffer_put(&out, "", 0);
    assert_string_equal(out.data, "a-Z_0.9~%20%26%3D%23%25%22%27%3C%3E%2B%2F%C3%AB");
    buffer_finish(&out);
}

static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

/* The length of the entity at `at`; 0: none of ours. */
static size_t entity_at(const char *at)
{
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (strncmp(at, entities[i], strlen(entities[i])) == 0)
            return strlen(entities[i]);
    }
    return 0;
}

/* Whatever comes, what goes out is text: nothing in it ends an attribute or begins a tag. */
static void check_is_text(const char *text, size_t size)
{
    assert_true(utf8_is_valid((struct str){text, size}, NULL));
    assert_int_equal(strlen(text), size);
    for (size_t i = 0; i < size; i++) {
        assert_null(strchr("<>\"'", text[i]));
        assert_true((unsigned char)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
        if (text[i] == '&') {
            assert_int_not_equal(entity_at(text + i), 0);
            i += entity_at(text + i) - 1;
        }
    }
}

static const char *const pieces[] = {
    "<script>",
    "</",
    "-->",
    "<!--",
    "]]>",
    "\"",
    "'",
    "&",
    "&#",
    "&lt;",
    ";",
    "javascript:",
    "\xE2\x80\xAE",
    "\xE2\x80",
    "\xC0\xBC",
    "\xF4\x90\x80\x80",
    "\xEF\xBB\xBF",
    "\r\n",
    "\x1b]0;",
    "onerror=",
    "`",
    "\xC2\x85",
    "{{",
    "\x7f",
    "x",
    "\xC3\xA9",
};

static void test_hostile_bytes(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    struct buffer out;
    buffer_init(&out, 1 << 16);
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t size = 0;
        while (size < 200 && (seed = seed * 1664525 + 1013904223) >> 28 != 0) {
            size_t at = (seed >> 8) % (2 * sizeof pieces / sizeof *pieces);
            if (at < sizeof pieces / sizeof *pieces) {
                memcpy(text + size, pieces[at], strlen(pieces[at]));
                size += strlen(pieces[at]);
            } else {
                text[size++] = (char)(seed >> 16);
            }
        }
        buffer_clear(&out);
        html_put(&out, (struct str){text, size});
        html_cut(&out, (struct str){text, size}, seed >> 24);
        buffer_put(&out, "", 0);
        check_is_text(out.data, out.size);
    }
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entities),      cmocka_unit_test(test_what_no_page_may_hold),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_query),
        cmocka_unit_test(test_hostile_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
