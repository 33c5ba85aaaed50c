#include "worker/core/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_life(void **state)
{
    (void)state;
    struct message message = {0};
    message_finish(&message);
    struct arena arena;
    assert_true(message_init(&message, 8, &arena));
    assert_int_equal(message.partition, -1);
    assert_null(message.key.data);
    assert_null(message.value.data);
    memset(arena_take(&arena, 8), 'x', 8);
    message.memory->value = malloc(100);
    message.memory->kept = calloc(3, sizeof *message.memory->kept);
    message_add(&message, "a", str_of(""));
    message_add(&message, "b", (struct str){0});
    assert_int_equal(message.header_count, 2);
    assert_non_null(message.headers[0].value.data);
    assert_null(message.headers[1].value.data);
    message_finish(&message);
    assert_null(message.memory);
    message_finish(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
