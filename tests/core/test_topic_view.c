/* Will a topic do? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "worker/core/topic_view.h"

static struct topic_view good(enum topic_role role)
{
    return (struct topic_view){.role = role,
                               .name = role == TOPIC_REQUESTS ? "requests" : "topic",
                               .partitions = 4,
                               .replicas = 3,
                               .tells_rights = true,
                               .rights =
                                   role == TOPIC_REQUESTS ? KAFKA_RIGHT_READ : KAFKA_RIGHT_WRITE,
                               .tells_settings = true,
                               .cleanup_policy = "delete",
                               .message_bytes = 1000};
}

static void has(const struct diagnosis *diagnosis, enum diagnosis_mark mark, int exit_code,
                const char *words)
{
    assert_int_equal(diagnosis->mark, mark);
    assert_int_equal(diagnosis->exit_code, exit_code);
    if (strstr(diagnosis->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, diagnosis->text);
}

static void a_good_one_of_each(void **state)
{
    const struct topic_view requests = good(TOPIC_REQUESTS);
    struct diagnosis d;
    (void)state;
    for (int role = TOPIC_REQUESTS; role <= TOPIC_ALLOWED; role++) {
        const struct topic_view topic = good((enum topic_role)role);
        diagnosis_of_topic(&d, &topic, &requests, 3);
        has(&d, DIAGNOSIS_GOOD, 0, "4 partitions, 3 replicas of each");
        diagnosis_of_topic_rights(&d, &topic);
        has(&d, DIAGNOSIS_GOOD, 0, role == TOPIC_REQUESTS ? "be read" : "be written");
        diagnosis_of_topic_settings(&d, &topic, &requests);
        has(&d, DIAGNOSIS_GOOD, 0, "cleanup.policy delete, max.message.bytes 1000");
        assert_int_equal(strncmp(topic_setting(topic.role), "kafka.", 6), 0);
    }
}

static void partitions(void **state)
{
    const struct topic_view requests = good(TOPIC_REQUESTS);
    struct topic_view topic = good(TOPIC_DEAD_LETTERS);
    struct diagnosis d;
    (void)state;
    topic.partitions = 3;
    diagnosis_of_topic(&d, &topic, &requests, 3);
    has(&d, DIAGNOSIS_MISSING, 78, "it has 3 partitions and requests has 4");
    diagnosis_of_topic(&d, &topic, NULL, 3);
    has(&d, DIAGNOSIS_GOOD, 0, "3 partitions");
    topic.partitions = 5;
    diagnosis_of_topic(&d, &topic, &requests, 3);
    has(&d, DIAGNOSIS_GOOD, 0, "5 partitions");
    topic.role = TOPIC_REPLIES;
    topic.partitions = 1;
    diagnosis_of_topic(&d, &topic, &requests, 3);
    has(&d, DIAGNOSIS_GOOD, 0, "1 partition, ");
    topic.leaderless = 1;
    diagnosis_of_topic(&d, &topic, &requests, 3);
    has(&d, DIAGNOSIS_MISSING, 69, "1 of its 1 partition has no leader");
}

static void replicas(void **state)
{
    struct topic_view topic = good(TOPIC_REPLIES);
    struct diagnosis d;
    (void)state;
    topic.replicas = 1;
    diagnosis_of_topic(&d, &topic, NULL, 2);
    has(&d, DIAGNOSIS_OPEN, 0, "one replica of each");
    diagnosis_of_topic(&d, &topic, NULL, 1); /* there is no room for more */
    has(&d, DIAGNOSIS_GOOD, 0, "1 replica of each");
}

static void rights(void **state)
{
    struct topic_view topic = good(TOPIC_REQUESTS);
    struct diagnosis d;
    (void)state;
    topic.rights = KAFKA_RIGHT_WRITE;
    diagnosis_of_topic_rights(&d, &topic);
    has(&d, DIAGNOSIS_MISSING, 77, "--operation Read --topic requests");
    topic = good(TOPIC_STATUS);
    topic.rights = KAFKA_RIGHT_READ;
    diagnosis_of_topic_rights(&d, &topic);
    has(&d, DIAGNOSIS_MISSING, 77, "--operation Write --topic topic");
    topic.tells_rights = false;
    diagnosis_of_topic_rights(&d, &topic);
    has(&d, DIAGNOSIS_OPEN, 0, "do not tell");
}

static void settings(void **state)
{
    const struct topic_view requests = good(TOPIC_REQUESTS);
    struct topic_view topic = good(TOPIC_REPLIES);
    struct diagnosis d;
    (void)state;
    memcpy(topic.cleanup_policy, "compact,delete", sizeof "compact,delete");
    diagnosis_of_topic_settings(&d, &topic, &requests);
    has(&d, DIAGNOSIS_MISSING, 78, "cleanup.policy is compact,delete");
    topic.role = TOPIC_STATUS; /* there the last of a key is what counts */
    diagnosis_of_topic_settings(&d, &topic, &requests);
    has(&d, DIAGNOSIS_GOOD, 0, "compact,delete");
    topic = good(TOPIC_DEAD_LETTERS);
    topic.message_bytes = 999;
    diagnosis_of_topic_settings(&d, &topic, &requests);
    has(&d, DIAGNOSIS_OPEN, 0, "max.message.bytes is 999 and that of requests 1000");
    diagnosis_of_topic_settings(&d, &topic, NULL);
    has(&d, DIAGNOSIS_GOOD, 0, "max.message.bytes 999");
    topic.tells_settings = false;
    diagnosis_of_topic_settings(&d, &topic, &requests);
    has(&d, DIAGNOSIS_OPEN, 0, "DescribeConfigs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_of_each), cmocka_unit_test(partitions),
        cmocka_unit_test(replicas),           cmocka_unit_test(rights),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
