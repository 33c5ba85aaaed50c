#include "worker/core/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static const uint8_t counting[TRACE_ID_SIZE + SPAN_ID_SIZE] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
};

static void reads_and_writes_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *came, *goes;
    } rows[] = {
        {"00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01"},
        {"00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-03", "00-" TRACE "-" PARENT "-03"}, /* level 2: random */
        {"00-" TRACE "-" PARENT "-ff", "00-" TRACE "-" PARENT "-03"}, /* nobody knows the others */
        {"cc-" TRACE "-" PARENT "-01-what-comes-later", "00-" TRACE "-" PARENT "-01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span_context context;
        char text[TRACEPARENT_SIZE];
        span_context_read(rows[i].came, &context);
        span_context_write(&context, text);
        assert_string_equal(text, rows[i].goes);
    }
}

static void makes_ids_of_random_bytes(void **state)
{
    (void)state;
    struct span_context root, child;
    char text[TRACEPARENT_SIZE];
    span_context_make(NULL, counting, &root);
    span_context_write(&root, text);
    assert_string_equal(text, "00-000102030405060708090a0b0c0d0e0f-1011121314151617-00");
    span_context_read("00-" TRACE "-" PARENT "-01", &root);
    span_context_make(&root, counting, &child);
    span_context_write(&child, text);
    assert_string_equal(text, "00-" TRACE "-1011121314151617-00");
}

/* W3C: all zeroes are invalid. */
static void no_id_is_all_zeroes(void **state)
{
    (void)state;
    static const uint8_t zeroes[TRACE_ID_SIZE + SPAN_ID_SIZE];
    struct span_context root;
    char text[TRACEPARENT_SIZE];
    span_context_make(NULL, zeroes, &root);
    span_context_write(&root, text);
    assert_string_equal(text, "00-00000000000000000000000000000001-0000000000000001-00");
}

static void samples_as_opentelemetry_says(void **state)
{
    (void)state;
    /* By the last eight bytes, without the lowest bit: 0x7f… is just under one half. */
    static const struct span_context low = {.trace_id = {[8] = 0x7f, [9] = 0xff}};
    static const struct span_context high = {.trace_id = {0, 1, 2, [8] = 0x80}};
    static const struct span_context sampled = {.flags = 3}, unsampled = {.flags = 2};
    static const struct {
        enum sampler sampler;
        double ratio;
        const struct span_context *parent, *own;
        bool takes;
    } rows[] = {
        {SAMPLER_ALWAYS_ON, 0, NULL, &high, true},
        {SAMPLER_ALWAYS_ON, 0, &unsampled, &high, true},
        {SAMPLER_ALWAYS_OFF, 1, NULL, &low, false},
        {SAMPLER_ALWAYS_OFF, 1, &sampled, &low, false},
        {SAMPLER_RATIO, 0.5, NULL, &low, true},
        {SAMPLER_RATIO, 0.5, NULL, &high, false},
        {SAMPLER_RATIO, 0.5, &sampled, &high, false},
        {SAMPLER_RATIO, 0.5, &unsampled, &low, true},
        {SAMPLER_RATIO, 0, NULL, &low, false},
        {SAMPLER_RATIO, 1, NULL, &high, true},
        {SAMPLER_PARENT_ON, 0, NULL, &high, true},
        {SAMPLER_PARENT_ON, 0, &sampled, &high, true},
        {SAMPLER_PARENT_ON, 1, &unsampled, &low, false},
        {SAMPLER_PARENT_OFF, 1, NULL, &low, false},
        {SAMPLER_PARENT_OFF, 1, &sampled, &low, true},
        {SAMPLER_PARENT_OFF, 1, &unsampled, &low, false},
        {SAMPLER_PARENT_RATIO, 0.5, NULL, &low, true},
        {SAMPLER_PARENT_RATIO, 0.5, NULL, &high, false},
        {SAMPLER_PARENT_RATIO, 0.5, &sampled, &high, true},
        {SAMPLER_PARENT_RATIO, 0.5, &unsampled, &low, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (sampler_takes(rows[i].sampler, rows[i].ratio, rows[i].parent, rows[i].own) !=
            rows[i].takes)
            fail_msg("row %zu", i);
    }
}

/* The share of many traces is the ratio. */
static void takes_the_share_that_was_asked_for(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252U;
    unsigned taken = 0;
    for (unsigned i = 0; i < 10000; i++) {
        struct span_context own = {.flags = 0};
        for (size_t j = 0; j < TRACE_ID_SIZE; j++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            own.trace_id[j] = (uint8_t)(random >> 32);
        }
        taken += sampler_takes(SAMPLER_RATIO, 0.25, NULL, &own);
    }
    assert_in_range(taken, 2300, 2700);
}

static void leaves_out_what_is_not_there(void **state)
{
    (void)state;
    struct span span = {.count = 0};
    span_put_text(&span, "a", (struct str){NULL, 0});
    span_put_text(&span, "b", str_of(""));
    span_put_text(&span, "c", str_of("text"));
    span_put_number(&span, "d", -7);
    span_put_true(&span, "e");
    assert_int_equal(span.count, 3);
    assert_string_equal(span.attributes[0].name, "c");
    assert_int_equal(span.attributes[1].number, -7);
    assert_true(span.attributes[2].is_true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_same),
        cmocka_unit_test(makes_ids_of_random_bytes),
        cmocka_unit_test(no_id_is_all_zeroes),
        cmocka_unit_test(samples_as_opentelemetry_says),
        cmocka_unit_test(takes_the_share_that_was_asked_for),
        cmocka_unit_test(leaves_out_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
