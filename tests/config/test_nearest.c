#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/nearest.h"

static const struct row {
    const char *word, *setting;
} rows[] = {
    {"kafka.broker", "kafka.brokers"}, /* one letter missing */
    {"kafka.brokrs", "kafka.brokers"},
    {"kafka.brokerss", "kafka.brokers"}, /* one too many */
    {"kafka.borkers", "kafka.brokers"},  /* two swapped */
    {"kafka.request_topic", "kafka.requests_topic"},
    {"kafka.requests-topic", "kafka.requests_topic"},
    {"kafk.broker", "kafka.brokers"},
    {"redis.brokers", "kafka.brokers"},        /* the wrong group */
    {"brokers", "kafka.brokers"},              /* none */
    {"redis.tls_ca_fil", "redis.tls_ca_file"}, /* its own group first */
    {"graph.tls_ca_fil", "graph.tls_ca_file"},
    {"graph.client_secert", "graph.client_secret"},
    {"grap", "graph"},
    {"kafak", "kafka"},
    {"limit", "limits"},
    {"drian", "drain"},
    {"loglevel", NULL},
    {"kafka.zyxw", NULL},
    {"x", NULL},
    {"", NULL},
    {".", NULL},
    {"kafka.", NULL},
    {"kafka.brokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokers", NULL},
    {"brokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbrokersbr.brokers",
     "kafka.brokers"},
};

static void a_mistyped_setting_has_a_neighbour(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *found = nearest_setting(rows[i].word);
        print_message("%s: %s\n", rows[i].word, found == NULL ? "none" : found);
        if (rows[i].setting == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found, rows[i].setting);
        }
    }
}

static void a_word_has_the_neighbour_with_the_fewest_changes(void **state)
{
    static const char *const names[] = {"config", NULL, "completion", "doctor", "demo"};

    (void)state;
    assert_string_equal(nearest_name("confgi", names, 5), "config");
    assert_string_equal(nearest_name("docter", names, 5), "doctor");
    assert_string_equal(nearest_name("demon", names, 5), "demo");
    assert_null(nearest_name("run", names, 5));
    assert_null(nearest_name("config", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_setting_has_a_neighbour),
        cmocka_unit_test(a_word_has_the_neighbour_with_the_fewest_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
