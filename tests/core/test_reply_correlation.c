/* CloudEvents' extensions `correlationid` and `causationid` of a reply: what the request belongs to
 * is passed on, and what the request was is said beside it. */
#include "tests/core/reply_sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct row {
    const char *id, *own; /* of the request; NULL: none */
    const char *correlation, *causation;
    const char *members; /* of a structured reply; NULL: neither of the two */
};

static const struct row rows[] = {
    {"onb-1", NULL, "onb-1", "onb-1",
     ",\"correlationid\":\"onb-1\",\"causationid\":\"onb-1\",\"data\":"},
    {"onb-1", "flow-7", "flow-7", "onb-1",
     ",\"correlationid\":\"flow-7\",\"causationid\":\"onb-1\",\"data\":"},
    {"onb-1", "", "onb-1", "onb-1",
     ",\"correlationid\":\"onb-1\",\"causationid\":\"onb-1\",\"data\":"},
    {NULL, "a \"flow\"", "a \"flow\"", NULL, ",\"correlationid\":\"a \\\"flow\\\"\",\"data\":"},
    {NULL, NULL, NULL, NULL, NULL},
};

static void check(const struct row *row, bool binary, bool brief)
{
    struct sample sample;
    struct message message;
    struct reply_warning warning;
    sample_init(&sample, binary);
    sample.rq.event.id = row->id;
    sample.rq.event.correlation_id = row->own;
    assert_true(reply_make(&sample.rq, &sample_settings, brief, &message, &warning));
    assert_header(&message, "ce_correlationid", binary ? row->correlation : NULL);
    assert_header(&message, "ce_causationid", binary ? row->causation : NULL);
    const char *found = strstr(message.value.data, "correlationid");
    if (binary || row->members == NULL)
        assert_null(found);
    else
        assert_non_null(strstr(message.value.data, row->members));
    if (row->causation == NULL)
        assert_null(strstr(message.value.data, "causationid"));
    message_finish(&message);
    sample_finish(&sample);
}

static void test_both_modes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i], false, false);
        check(&rows[i], true, false);
        check(&rows[i], false, true);
        check(&rows[i], true, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_modes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
