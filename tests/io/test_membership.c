/* As whom partitions are held: the member id, and nothing else of the group's metadata. */
#include "worker/io/membership.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    int generation;
    const char *member; /* NULL: there is no metadata */
    bool kept;
} rows[] = {
    {"the same", 1, "w1-aaaa", true},
    {"a later generation", 7, "w1-aaaa", true},
    {"dropped, and joined anew", 8, "w1-bbbb", false},
    {"joined anew, the same generation", 1, "w1-bbbb", false},
    {"joining: no id yet", -1, "", true},
    {"no group", 0, NULL, true},
};

static void test_rows(void **state)
{
    (void)state;
    struct membership membership = {0};
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata_new_with_genid("usher", 1, "w1-aaaa", "w1");
    membership_note(&membership, group);
    rd_kafka_consumer_group_metadata_destroy(group);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        group = row->member != NULL
                    ? rd_kafka_consumer_group_metadata_new_with_genid("usher", row->generation,
                                                                      row->member, "w1")
                    : NULL;
        if (membership_is_kept(&membership, group) != row->kept)
            fail_msg("%s: %s", row->name, row->kept ? "not kept" : "kept");
        if (group != NULL)
            rd_kafka_consumer_group_metadata_destroy(group);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
