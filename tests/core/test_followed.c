/* A followed request as it lives in Redis: made of an answered request, written, read again. */
#include "tests/core/reply_sample.h"
#include "worker/core/base64.h"
#include "worker/core/followed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ID    "0d1e2f3a-4b5c-4d6e-8f7a-8b9c0d1e2f3a"
#define SINCE 1795299121999

static struct sample sample;
static bool told;

static int open_sample(void **state)
{
    (void)state;
    sample_init(&sample, true);
    sample.rq.event.kind = KIND_ASSIGNMENT;
    return 0;
}

static int close_sample(void **state)
{
    (void)state;
    sample_finish(&sample);
    return 0;
}

static void set_object(const char *object)
{
    free(sample.rq.graph.object);
    sample.rq.graph.object = object != NULL ? strdup(object) : NULL;
}

static void make(struct followed *ret)
{
    char *text = followed_make(&sample.rq, &told);
    assert_non_null(text);
    assert_true(followed_read(str_of(text), ret));
    free(text);
}

/* ---- which ones ---- */

static void follows_what_was_submitted(void **state)
{
    (void)state;
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        sample.rq.answer = answer;
        assert_int_equal(followed_is_due(&sample.rq), answer == ANSWER_SUBMITTED);
    }
    sample.rq.answer = ANSWER_SUBMITTED;
    sample.rq.stored = strdup("\"outcome\":\"submitted\""); /* it was followed then */
    assert_false(followed_is_due(&sample.rq));
}

/* ---- there and back ---- */

static void keeps_what_the_status_needs(void **state)
{
    (void)state;
    struct followed followed;
    sample.rq.event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    sample.rq.event.tracestate = "hr=1";
    sample.rq.whose.name = "contoso";
    sample_add_header(&sample, "kafka_correlationId", (struct str){"\0\xff-", 3});
    set_object("{\"id\":\"" ID "\",\"requestState\":\"Submitted\"}");
    make(&followed);
    assert_false(told);
    assert_string_equal(followed.record.topic, "access-requests");
    assert_int_equal(followed.record.partition, 3);
    assert_int_equal(followed.record.offset, 42);
    assert_int_equal(followed.kind, KIND_ASSIGNMENT);
    assert_string_equal(followed.graph_id, ID);
    assert_string_equal(followed.request_id, "onb-1");
    assert_string_equal(followed.request_source, "/hr");
    assert_string_equal(followed.tenant, "contoso");
    assert_string_equal(followed.subject, "person-1");
    assert_string_equal(followed.tracestate, "hr=1");
    assert_string_equal(followed.key64, "cGVyc29uLTE=");
    assert_string_equal(followed.correlation64, "AP8t");
    assert_int_equal(followed.memory.since_ms, SINCE);
    assert_int_equal(followed.memory.state, FOLLOW_UNSEEN);
    assert_true(followed.memory.can_reprocess);
    assert_int_equal(followed.word, FOLLOW_NO_WORD);
    followed_finish(&followed);
}

static void keeps_what_it_has_seen(void **state)
{
    (void)state;
    struct followed followed, again;
    set_object("{\"id\":\"" ID "\"}");
    make(&followed);
    followed.memory.state = FOLLOW_PARTIALLY_DELIVERED;
    followed.memory.failed_ms = SINCE + 1;
    followed.memory.reprocess_ms = SINCE + 2;
    char *text = followed_write(&followed);
    assert_true(followed_read(str_of(text), &again));
    assert_int_equal(again.memory.state, FOLLOW_PARTIALLY_DELIVERED);
    assert_int_equal(again.memory.failed_ms, SINCE + 1);
    assert_int_equal(again.memory.reprocess_ms, SINCE + 2);
    free(text);
    followed_finish(&again);
    followed_finish(&followed);
}

static void leaves_out_what_is_too_long(void **state)
{
    (void)state;
    struct followed followed;
    char text[FOLLOWED_TEXT_MAX + 2];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    sample.rq.event.ce_subject = text;
    sample.rq.record.key = (struct str){text, FOLLOWED_TEXT_MAX + 1};
    sample_add_header(&sample, "kafka_correlationId", (struct str){0});
    make(&followed);
    assert_null(followed.subject);
    assert_null(followed.key64);
    assert_null(followed.correlation64);
    followed_finish(&followed);
    sample.rq.record.key.size = FOLLOWED_TEXT_MAX;
    make(&followed);
    assert_int_equal(strlen(followed.key64), base64_length(FOLLOWED_TEXT_MAX));
    followed_finish(&followed);
}

/* ---- what Graph answered to the POST ---- */

static void reads_graph_s_first_answer(void **state)
{
    (void)state;
    static const struct {
        const char *object, *id, *word;
    } cases[] = {
        {NULL, "", ""},
        {"{}", "", ""},
        {"{\"id\":7,\"requestState\":7}", "", ""},
        {"{\"id\":\"" ID "\",\"requestState\":\"Submitted\"}", ID, ""},
        {"{\"id\":\"" ID "\",\"requestState\":\"Delivered\"}", ID, "delivered"},
        {"{\"id\":\"" ID "\",\"state\":\"delivered\"}", ID, "delivered"}, /* v1.0 */
        {"{\"id\":\"" ID "\",\"state\":\"denied\"}", ID, "denied"},
        {"{\"id\":\"" ID "\",\"requestState\":\"DeliveryFailed\"}", ID, ""}, /* may still move */
        {"{\"id\":\"00000000-0000-0000-0000-000000000000\"}", "", ""},
        {"{\"id\":\"../../me\"}", "", ""}, /* it would become a path */
        {"{\"id\":\"a?b\"}", "", ""},
        {"{\"id\":\"\"}", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct followed followed;
        print_message("%s\n", cases[i].object != NULL ? cases[i].object : "nothing");
        set_object(cases[i].object);
        make(&followed);
        assert_string_equal(followed.graph_id, cases[i].id);
        assert_string_equal(follow_word_name(followed.word), cases[i].word);
        assert_int_equal(told, cases[i].word[0] != '\0');
        if (told)
            assert_string_equal(followed.object, cases[i].object);
        followed_finish(&followed);
    }
}

/* ---- what Redis may have instead ---- */

#define REST                                                                                    \
    "\"topic\":\"t\",\"partition\":0,\"offset\":1,\"kind\":\"accessPackageAssignmentRequest\"," \
    "\"graphId\":\"g\",\"id\":\"e\",\"source\":\"/s\""
#define TIME "\"2026-03-01T12:00:00.000Z\""
#define GOOD "\"v\":1," REST ",\"since\":" TIME

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{" GOOD "}", true},
        {"{" GOOD ",\"more\":1}", true},
        {"{" GOOD ",\"word\":\"denied\",\"seen\":" TIME ",\"object\":\"{}\"}", true},
        {"", false},
        {"[]", false},
        {"{" GOOD "}x", false},
        {"{\"v\":2," REST ",\"since\":" TIME "}", false}, /* of a newer worker */
        {"{" REST ",\"since\":" TIME "}", false},
        {"{\"v\":1," REST "}", false},
        {"{\"v\":1," REST ",\"since\":\"today\"}", false},
        {"{" GOOD ",\"failed\":\"x\"}", false},
        {"{" GOOD ",\"word\":\"vanished\",\"seen\":" TIME "}", false},
        {"{" GOOD ",\"word\":\"denied\"}", false},
        {"{" GOOD ",\"word\":\"denied\",\"seen\":" TIME ",\"object\":\"{\"}", false},
        {"{\"v\":1,\"topic\":\"t\",\"partition\":-1,\"offset\":1}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct followed followed;
        print_message("%s\n", cases[i].text);
        assert_int_equal(followed_read(str_of(cases[i].text), &followed), cases[i].good);
        followed_finish(&followed);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sample, close_sample)
    const struct CMUnitTest tests[] = {
        TEST(follows_what_was_submitted), TEST(keeps_what_the_status_needs),
        TEST(keeps_what_it_has_seen),     TEST(leaves_out_what_is_too_long),
        TEST(reads_graph_s_first_answer), TEST(refuses_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
