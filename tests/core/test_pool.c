/* The pool: as many requests as were made, and as many bytes as are allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/pool.h"

static void is_full_by_count(void **state)
{
    (void)state;
    struct pool pool;
    struct partition partition = {.epoch = 1};
    struct record record = {.value = str_of("x")};
    assert_true(pool_init(&pool, 2, 1000));
    struct request *a = pool_take(&pool, &record, &partition, 5);
    assert_int_equal(a->epoch, 1);
    assert_int_equal(a->received_wall_ms, 5);
    struct request *b = pool_take(&pool, &record, &partition, 5);
    assert_ptr_not_equal(a, b);
    assert_false(pool_has_room(&pool));
    pool_put(&pool, a);
    assert_true(pool_has_room(&pool));
    pool_put(&pool, b);
    assert_int_equal(pool.used, 0);
    pool_finish(&pool);
}

static void is_full_by_bytes_but_takes_one_large_record(void **state)
{
    (void)state;
    struct pool pool;
    struct partition partition = {0};
    struct header header = {str_of("name"), str_of("12")};
    struct record record = {.key = str_of("key"),
                            .value = {"", 91 - sizeof header},
                            .headers = &header,
                            .header_count = 1};
    assert_true(pool_init(&pool, 10, 100));
    assert_true(pool_has_room(&pool));
    struct request *rq = pool_take(&pool, &record, &partition, 0);
    assert_int_equal(pool.bytes_used, 100);
    assert_false(pool_has_room(&pool));
    pool_put(&pool, rq);
    assert_int_equal(pool.bytes_used, 0);
    assert_true(pool_has_room(&pool));
    pool_finish(&pool);
    pool_finish(&pool); /* safe on nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_full_by_count),
        cmocka_unit_test(is_full_by_bytes_but_takes_one_large_record),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
