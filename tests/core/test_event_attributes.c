#include "tests/core/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void reads_all_attributes_in_both_modes(void **state)
{
    (void)state;
    struct test_record records[2];
    record_of(&records[0],
              BYTES(PLUS("\"subject\":\"\xC3\xA9v\",\"expirytime\":\"2026-03-01T09:30:00.5+01:00\","
                         "\"traceparent\":\"" TRACE "\",\"tracestate\":\"a=1\"")),
              NULL);
    record_of(&records[1], BYTES(GOOD_ASSIGNMENT),
              BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"ce_subject", "\xC3\xA9v"},
                     {"ce_expirytime", "2026-03-01T08:30:00.5Z"}, {"ce_traceparent", TRACE},
                     {"ce_tracestate", "a=1"}));
    for (size_t i = 0; i < 2; i++) {
        struct event event;
        event_read(&records[i].record, &event);
        assert_int_equal(event.worth, EVENT_GOOD);
        assert_int_equal(event.mode, i == 0 ? EVENT_STRUCTURED : EVENT_BINARY);
        assert_int_equal(event.kind, KIND_ASSIGNMENT);
        assert_string_equal(event.source, "/s");
        assert_string_equal(event.type, TYPE_ASSIGNMENT);
        assert_string_equal(event.ce_subject, "\xC3\xA9v");
        assert_string_equal(event.traceparent, TRACE);
        assert_string_equal(event.tracestate, "a=1");
        assert_int_equal(event.expiry_ms, 1772353800500);
        assert_false(event.validation_only);
        event_finish(&event);
    }
}

static void keeps_the_limit_of_an_id(void **state)
{
    (void)state;
    char id[EVENT_ID_MAX + 2];
    struct text_header headers[] = {FOUR(id, id, TYPE_ASSIGNMENT), {NULL, NULL}};
    for (size_t size = EVENT_ID_MAX; size <= EVENT_ID_MAX + 1; size++) {
        memset(id, 'x', size);
        id[size] = '\0';
        struct test_record record;
        record_of(&record, BYTES(GOOD_ASSIGNMENT), headers);
        struct event event;
        event_read(&record.record, &event);
        assert_int_equal(event.worth, size > EVENT_ID_MAX ? EVENT_UNREADABLE : EVENT_GOOD);
        assert_string_equal(event.fault.code, size > EVENT_ID_MAX ? "invalidAttribute" : "");
        event_finish(&event);
    }
}

/* 1970 itself is not "no expiry". */
static void takes_an_expiry_at_zero_for_one(void **state)
{
    (void)state;
    struct event event;
    read_value(BYTES(PLUS("\"expirytime\":\"1970-01-01T00:00:00Z\"")), &event);
    assert_int_equal(event.worth, EVENT_GOOD);
    assert_true(event.expiry_ms < 0);
    event_finish(&event);
}

static void prefers_the_trace_of_the_record(void **state)
{
    (void)state;
    static const char other[] = "00-11111111111111111111111111111111-2222222222222222-00";
    static const struct {
        const char *parent, *state, *carried, *carried_state;
        bool is_broken;
    } rows[] = {
        {other, NULL, other, NULL, false},  {other, "b=2", other, "b=2", false},
        {NULL, "b=2", TRACE, "a=1", false}, {"malformed", "b=2", NULL, NULL, true},
        {"", NULL, NULL, NULL, true},       {other, "B=2", other, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_record record;
        record_of(&record, BYTES(PLUS("\"traceparent\":\"" TRACE "\",\"tracestate\":\"a=1\"")),
                  BINARY({"traceparent", rows[i].parent}, {"tracestate", rows[i].state}));
        struct event event;
        event_read(&record.record, &event);
        assert_int_equal(event.worth, EVENT_GOOD);
        assert_string_equal(event.traceparent != NULL ? event.traceparent : "none",
                            rows[i].carried != NULL ? rows[i].carried : "none");
        assert_string_equal(event.tracestate != NULL ? event.tracestate : "none",
                            rows[i].carried_state != NULL ? rows[i].carried_state : "none");
        assert_true(event.trace_is_broken == rows[i].is_broken);
        event_finish(&event);
    }
}

static void tells_a_broken_extension_from_none(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_broken;
    } rows[] = {
        {GOOD, false},
        {PLUS("\"traceparent\":\"" TRACE "\""), false},
        {PLUS("\"traceparent\":null"), false},
        {PLUS("\"traceparent\":\"\""), true},
        {PLUS("\"traceparent\":\"00-1-2-3\""), true},
        {PLUS("\"traceparent\":7"), true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event event;
        read_value(str_of(rows[i].value), &event);
        if (event.trace_is_broken != rows[i].is_broken)
            fail_msg("row %zu", i);
        event_finish(&event);
    }
}

/* A good event with these members more; where they are NULL, in binary mode with this header. */
static void read_with(struct test_record *record, const char *members,
                      const struct text_header *header, struct event *ret)
{
    if (members != NULL) {
        char value[1024];
        snprintf(value, sizeof value, "{%s,%s", members, &GOOD[1]);
        read_value(str_of(value), ret);
        return;
    }
    record_of(record, BYTES(GOOD_ASSIGNMENT), BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), *header));
    event_read(&record->record, ret);
}

/* Whether there must be one is the worker's business: the event is good in any case. */
static void reads_the_tenant(void **state)
{
    (void)state;
    static const struct {
        const char *members, *header, *tenant; /* tenant NULL: none */
    } rows[] = {
        {"\"tenant\":\"contoso\"", NULL, "contoso"},
        {"\"tenant\":5", NULL, ""},
        {"\"tenant\":\"a\\u0007\"", NULL, ""},
        {"\"tenant\":null", NULL, NULL},
        {"\"tenancy\":\"contoso\"", NULL, NULL},
        {NULL, "fabrikam", "fabrikam"},
        {NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_record record;
        struct event event;
        read_with(&record, rows[i].members, &(struct text_header){"ce_tenant", rows[i].header},
                  &event);
        if (event.worth != EVENT_GOOD || (event.tenant == NULL) != (rows[i].tenant == NULL) ||
            (event.tenant != NULL && strcmp(event.tenant, rows[i].tenant) != 0))
            fail_msg("row %zu: worth %d, %s: %s", i, (int)event.worth, event.fault.code,
                     event.tenant != NULL ? event.tenant : "none");
        event_finish(&event);
    }
}

/* What cannot be echoed is not looked at, and neither is another case: the event is good in any
 * case. */
static void reads_the_correlation(void **state)
{
    (void)state;
    char longest[EVENT_ID_MAX + 2] = {0};
    memset(longest, 'c', EVENT_ID_MAX + 1);
    const struct {
        const char *members, *header, *expected; /* NULL: none */
    } rows[] = {
        {"\"correlationid\":\"flow-7\"", NULL, "flow-7"},
        {"\"correlationid\":7", NULL, NULL},
        {"\"correlationid\":null", NULL, NULL},
        {"\"correlationid\":\"\"", NULL, NULL},
        {"\"correlationid\":\"a\\u0007\"", NULL, NULL},
        {"\"correlationId\":\"flow-7\"", NULL, NULL},
        {"\"correlationId\":\"theirs\",\"correlationid\":\"ours\"", NULL, "ours"},
        {NULL, "flow-8", "flow-8"},
        {NULL, "", NULL},
        {NULL, longest, NULL},
        {NULL, longest + 1, longest + 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_record record;
        struct event event;
        read_with(&record, rows[i].members,
                  &(struct text_header){"ce_correlationid", rows[i].header}, &event);
        const char *found = event.correlation_id;
        if (event.worth != EVENT_GOOD || (found == NULL) != (rows[i].expected == NULL) ||
            (found != NULL && strcmp(found, rows[i].expected) != 0))
            fail_msg("row %zu: worth %d, %s: %s", i, (int)event.worth, event.fault.code,
                     found != NULL ? found : "none");
        event_finish(&event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_attributes_in_both_modes),
        cmocka_unit_test(keeps_the_limit_of_an_id),
        cmocka_unit_test(takes_an_expiry_at_zero_for_one),
        cmocka_unit_test(prefers_the_trace_of_the_record),
        cmocka_unit_test(tells_a_broken_extension_from_none),
        cmocka_unit_test(reads_the_tenant),
        cmocka_unit_test(reads_the_correlation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
