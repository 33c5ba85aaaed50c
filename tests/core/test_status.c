/* The status of a followed request, the same however often it is made. */
#include "tests/core/reply_sample.h"
#include "worker/core/json_read.h"
#include "worker/core/status.h"

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

static const char *text_at(const cJSON *tree, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, name));
}

static void makes_the_status(void **state)
{
    (void)state;
    struct followed followed;
    struct message message;
    struct json_fault fault;
    sample_add_header(&sample, "kafka_correlationId", str_of("corr"));
    make(&followed);
    followed.word = FOLLOW_WORD_DENIED;
    followed.seen_ms = SINCE + 1;
    followed.object = "{\"id\":\"g-1\",\"x\":1.50}";
    followed.code = "notFound";
    followed.message = "It is not there.";
    followed.http_status = 404;
    assert_true(status_make(&followed, "a b", "access-statuses", &message));
    assert_string_equal(message.topic, "access-statuses");
    assert_int_equal(message.partition, -1);
    assert_true(str_is(message.key, "person-1"));
    assert_header(&message, "content-type", "application/cloudevents+json");
    assert_header(&message, "kafka_correlationId", "corr");
    assert_header(&message, "usher-status", "denied");
    assert_null(message_header(&message, "traceparent"));
    assert_non_null(strstr(message.value.data, "\"graph\":{\"id\":\"g-1\",\"x\":1.50}"));
    cJSON *tree = json_read(message.value, &fault);
    assert_string_equal(text_at(tree, "id"), "access-requests/3/42/reply/status");
    assert_string_equal(text_at(tree, "source"), "/usher/a%20b");
    assert_string_equal(text_at(tree, "type"), "usher.accessRequestStatus");
    assert_string_equal(text_at(tree, "subject"), "person-1");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
    assert_string_equal(text_at(data, "status"), "denied");
    assert_string_equal(text_at(data, "requestType"), kind_type(KIND_ASSIGNMENT));
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(data, "error");
    assert_string_equal(text_at(error, "code"), "notFound");
    cJSON_Delete(tree);
    message_finish(&message);
    followed_finish(&followed);
}

/* One worker keeps the word and dies; another reads it, and tells the same to the last byte. */
static void tells_the_same_however_often(void **state)
{
    (void)state;
    struct followed followed, other;
    struct message first, second;
    sample.rq.event.id = "\"quotes\" and \xc3\xa4";
    set_object("{\"id\":\"" ID "\"}");
    make(&followed);
    followed.memory.reprocess_ms = SINCE + 1;
    followed.word = FOLLOW_WORD_STILL_PENDING;
    followed.seen_ms = SINCE + 2;
    followed.object = "{\"id\":\"" ID "\",\"n\":0.10,\"t\":\"\\u00e4\\n\"}";
    followed.code = "timeout";
    followed.message = "slow \"gateway\"";
    followed.http_status = 504;
    char *text = followed_write(&followed);
    assert_true(followed_read(str_of(text), &other));
    assert_true(status_make(&followed, "usher", "s", &first));
    assert_true(status_make(&other, "usher", "s", &second));
    assert_true(str_equal(first.value, second.value));
    assert_int_equal(first.header_count, second.header_count);
    for (size_t i = 0; i < first.header_count; i++)
        assert_true(str_equal(first.headers[i].value, second.headers[i].value));
    free(text);
    message_finish(&first);
    message_finish(&second);
    followed_finish(&other);
    followed_finish(&followed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sample, close_sample)
    const struct CMUnitTest tests[] = {
        TEST(makes_the_status),
        TEST(tells_the_same_however_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
