/* Marks, exit codes and sentences of `usher doctor`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "worker/core/diagnosis.h"

static void has(const struct diagnosis *diagnosis, enum diagnosis_mark mark, int exit_code,
                const char *words)
{
    assert_int_equal(diagnosis->mark, mark);
    assert_int_equal(diagnosis->exit_code, exit_code);
    if (strstr(diagnosis->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, diagnosis->text);
}

static void the_worst_counts(void **state)
{
    static const int order[] = {0, 69, 76, 77, 78, 70};
    enum { COUNT = sizeof order / sizeof *order };
    (void)state;
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            assert_int_equal(diagnosis_worse(order[i], order[j]), order[i > j ? i : j]);
}

static void clocks(void **state)
{
    const int64_t now = 1800000000000;
    struct diagnosis d;
    (void)state;
    diagnosis_of_clock(&d, now, now - 1500, 1500);
    has(&d, DIAGNOSIS_GOOD, 0, "the same as ours, to 1500 ms");
    diagnosis_of_clock(&d, now, now - 1501, 1500);
    has(&d, DIAGNOSIS_GOOD, 0, "ours is 1.5 s ahead");
    diagnosis_of_clock(&d, now, now + 30000, 10);
    has(&d, DIAGNOSIS_GOOD, 0, "ours is 30.0 s behind");
    diagnosis_of_clock(&d, now, now + 30001, 10);
    has(&d, DIAGNOSIS_MISSING, 78, "our clock is 30 s behind; set this machine's clock");
    diagnosis_of_clock(&d, now, now - 3600000, 10);
    has(&d, DIAGNOSIS_MISSING, 78, "our clock is 3600 s ahead");
}

static void certificates(void **state)
{
    struct diagnosis d;
    (void)state;
    diagnosis_of_certificate(&d, "TLSv1.3", DIAGNOSIS_SOON_DAYS);
    assert_string_equal(d.text, "TLSv1.3, the certificate is good for 14 days");
    assert_int_equal(d.mark, DIAGNOSIS_GOOD);
    diagnosis_of_certificate(&d, "TLSv1.3", DIAGNOSIS_SOON_DAYS - 1);
    has(&d, DIAGNOSIS_GOOD, 0, "good for 13 days: have it renewed now");
    diagnosis_of_certificate(&d, "TLSv1.3", 1);
    has(&d, DIAGNOSIS_GOOD, 0, "good for 1 day: have");
}

static void marks(void **state)
{
    static char much[2 * DIAGNOSIS_TEXT_SIZE];
    struct diagnosis d;
    (void)state;
    diagnosis_missing(&d, 77, "no %s", "right");
    has(&d, DIAGNOSIS_MISSING, 77, "no right");
    diagnosis_open(&d, "who knows");
    has(&d, DIAGNOSIS_OPEN, 0, "who knows");
    memset(much, 'x', sizeof much - 1);
    diagnosis_good(&d, "%s", much);
    assert_int_equal(strlen(d.text), DIAGNOSIS_TEXT_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_counts),
        cmocka_unit_test(clocks),
        cmocka_unit_test(certificates),
        cmocka_unit_test(marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
