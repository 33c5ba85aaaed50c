#include "worker/core/ledger.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct witness witness; /* what the last ledger that was opened says; unknown at first */

static struct ledger opened(uint32_t window, int64_t frontier, const char *metadata,
                            enum ledger_metadata expected)
{
    struct ledger ledger;
    assert_true(ledger_init(&ledger, window));
    assert_int_equal(ledger_open(&ledger, frontier, metadata, &witness), expected);
    return ledger;
}

static void test_in_order(void **state)
{
    (void)state;
    struct ledger ledger = opened(4, 100, NULL, LEDGER_METADATA_ABSENT);
    for (int64_t offset = 100; offset < 110; offset++) {
        assert_int_equal(ledger_begin(&ledger, offset), LEDGER_BEGUN);
        assert_int_equal(ledger_begin(&ledger, offset), LEDGER_PASSED);
        assert_int_equal(ledger.frontier, offset);
        ledger_finish_offset(&ledger, offset);
        ledger_finish_offset(&ledger, offset);
        assert_int_equal(ledger.frontier, offset + 1);
    }
    ledger_finish(&ledger);
}

static void test_window(void **state)
{
    (void)state;
    struct ledger ledger = opened(4, 0, "", LEDGER_METADATA_ABSENT);
    for (int64_t offset = 0; offset < 4; offset++)
        assert_int_equal(ledger_begin(&ledger, offset), LEDGER_BEGUN);
    ledger_finish_offset(&ledger, 3);
    assert_int_equal(ledger_begin(&ledger, 4), LEDGER_FULL);
    assert_int_equal(ledger_begin(&ledger, 1000), LEDGER_FULL);
    assert_int_equal(ledger.end, 4);
    ledger_finish_offset(&ledger, 0);
    assert_int_equal(ledger_begin(&ledger, 4), LEDGER_BEGUN);
    assert_int_equal(ledger.frontier, 1);
    ledger_finish(&ledger);
}

/* Offsets that never come: markers of transactions, compacted records. */
static void test_gaps(void **state)
{
    (void)state;
    struct ledger ledger = opened(16, 10, NULL, LEDGER_METADATA_ABSENT);
    assert_int_equal(ledger_begin(&ledger, 12), LEDGER_BEGUN);
    assert_int_equal(ledger.frontier, 12);
    assert_int_equal(ledger_begin(&ledger, 15), LEDGER_BEGUN);
    ledger_finish_offset(&ledger, 12);
    assert_int_equal(ledger.frontier, 15);
    assert_int_equal(ledger_begin(&ledger, 40), LEDGER_FULL);
    ledger_finish_offset(&ledger, 15);
    assert_int_equal(ledger_begin(&ledger, INT64_C(5000000000)), LEDGER_BEGUN);
    assert_int_equal(ledger.frontier, INT64_C(5000000000));
    ledger_finish(&ledger);
}

static void test_metadata_is_short_when_nothing_is_beyond(void **state)
{
    (void)state;
    struct ledger ledger = opened(4096, 7, NULL, LEDGER_METADATA_ABSENT);
    char text[LEDGER_METADATA_MAX];
    size_t length = ledger_metadata_write(&ledger, &witness, text);
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "u1:7:4096:-::e1a94c75");
    ledger_finish(&ledger);
}

/* All but the frontier finished, in the widest window, at every place in a word and at the largest
 * offsets. */
static void test_widest_window_fits(void **state)
{
    (void)state;
    for (int64_t start = INT64_MAX - LEDGER_WINDOW_MAX - 70;
         start < INT64_MAX - LEDGER_WINDOW_MAX - 1; start++) {
        struct ledger ledger = opened(LEDGER_WINDOW_MAX, start, NULL, LEDGER_METADATA_ABSENT);
        for (int64_t i = 0; i < LEDGER_WINDOW_MAX; i++)
            assert_int_equal(ledger_begin(&ledger, start + i), LEDGER_BEGUN);
        for (int64_t i = LEDGER_WINDOW_MAX - 1; i > 0; i--)
            ledger_finish_offset(&ledger, start + i);
        char text[LEDGER_METADATA_MAX];
        assert_in_range(ledger_metadata_write(&ledger, &witness, text), 3336,
                        LEDGER_METADATA_MAX - 1);
        struct ledger next = opened(1, start, text, LEDGER_METADATA_OK);
        assert_int_equal(next.touched, start + LEDGER_WINDOW_MAX);
        assert_int_equal(ledger_begin(&next, start), LEDGER_BEGUN);
        for (int64_t i = 1; i < LEDGER_WINDOW_MAX; i++)
            assert_int_equal(ledger_begin(&next, start + i), LEDGER_PASSED);
        ledger_finish_offset(&next, start);
        assert_int_equal(next.frontier, start + LEDGER_WINDOW_MAX);
        ledger_finish(&ledger);
        ledger_finish(&next);
    }
}

static void test_foreign_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *metadata;
        enum ledger_metadata expected;
    } rows[] = {
        {NULL, LEDGER_METADATA_ABSENT},
        {"", LEDGER_METADATA_ABSENT},
        {"reset by an operator", LEDGER_METADATA_ABSENT},
        {"user", LEDGER_METADATA_ABSENT},
        {"u1:7:4096:-::e1a94c75", LEDGER_METADATA_OK},
        {"u1:7:4096:-::e1a94c74", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:-::e1a94c751", LEDGER_METADATA_DAMAGED},
        {"u1:7:4097:-::e1a94c75", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:-:", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:0123.0.0.1::9c834cbf", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:::2b6d9890", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:0123456789abcdef.01234567.89abcdef.42:0287ea6c", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:0123456789abcdef.01234567.89abcdef.42x::e9a415f9", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:0123456789abcdeg.01234567.89abcdef.42::cb7b7672", LEDGER_METADATA_DAMAGED},
        {"u1:7:4096:0123456789abcdef.01234567.89abcdef.42::50089ca6", LEDGER_METADATA_OK},
        /* What a later version adds is left out. */
        {"u1:7:4096:0123456789abcdef.01234567.89abcdef.42::next:other:89308305",
         LEDGER_METADATA_OK},
        {"u1", LEDGER_METADATA_NEWER},
        {"u1:", LEDGER_METADATA_DAMAGED},
        {"u2:whatever", LEDGER_METADATA_NEWER},
        {"u10:7:4096:-::e1a94c75", LEDGER_METADATA_NEWER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("row %zu: %s\n", i, rows[i].metadata ? rows[i].metadata : "NULL");
        struct ledger ledger = opened(8, 7, rows[i].metadata, rows[i].expected);
        assert_int_equal(ledger.frontier, 7);
        ledger_finish(&ledger);
    }
    /* Ours and whole, but of another offset: somebody has moved the group's offset and kept the
     * text. */
    struct ledger ledger = opened(8, 8, "u1:7:4096:-::e1a94c75", LEDGER_METADATA_ABSENT);
    ledger_finish(&ledger);
}

static void test_witness_is_kept(void **state)
{
    (void)state;
    static const struct witness known = {"0123456789abcdef", "01234567", "89abcdef", 42};
    struct ledger ledger = opened(4096, 7, NULL, LEDGER_METADATA_ABSENT);
    char text[LEDGER_METADATA_MAX];
    ledger_metadata_write(&ledger, &known, text);
    assert_string_equal(text, "u1:7:4096:0123456789abcdef.01234567.89abcdef.42::50089ca6");
    ledger_finish(&ledger);
    ledger = opened(8, 7, "u1:7:4096:0123456789abcdef.01234567.89abcdef.42::next:other:89308305",
                    LEDGER_METADATA_OK);
    assert_memory_equal(&witness, &known, sizeof known);
    assert_int_equal(ledger.touched, 7 + 4096);
    ledger_finish(&ledger);
    ledger = opened(8, 7, NULL, LEDGER_METADATA_ABSENT);
    assert_false(witness_is_known(&witness));
    ledger_finish(&ledger);
}

static void test_every_changed_character_is_seen(void **state)
{
    (void)state;
    struct ledger ledger = opened(64, 3, NULL, LEDGER_METADATA_ABSENT);
    for (int64_t offset = 3; offset < 40; offset++)
        ledger_begin(&ledger, offset);
    for (int64_t offset = 5; offset < 40; offset += 3)
        ledger_finish_offset(&ledger, offset);
    char text[LEDGER_METADATA_MAX];
    size_t length = ledger_metadata_write(&ledger, &witness, text);
    for (size_t i = 3; i < length; i++) {
        for (char c = ' '; c < 127; c++) {
            char changed[LEDGER_METADATA_MAX];
            memcpy(changed, text, length + 1);
            changed[i] = c;
            enum ledger_metadata expected =
                c == text[i] ? LEDGER_METADATA_OK : LEDGER_METADATA_DAMAGED;
            assert_int_equal(ledger_open(&ledger, 3, changed, &witness), expected);
        }
    }
    ledger_finish(&ledger);
}

/* ---- against a naive model: random gaps, orders, windows, transactions that fail, crashes -------
 */

enum { MODEL_SIZE = 4000 };

struct model {
    bool exists[MODEL_SIZE], answered[MODEL_SIZE], begun[MODEL_SIZE];
    int64_t at_work[MODEL_SIZE];
    size_t working;
    int64_t next; /* where the reader stands */
    int64_t committed;
    char metadata[LEDGER_METADATA_MAX];
};

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % limit;
}

/* The first offset that exists and is not answered; where there is none, any offset up to the end
 * will do. */
static int64_t model_limit(const struct model *model)
{
    int64_t offset = 0;
    while (offset < MODEL_SIZE && (!model->exists[offset] || model->answered[offset]))
        offset++;
    return offset;
}

static void model_read(struct model *model, struct ledger *ledger)
{
    while (model->next < MODEL_SIZE && !model->exists[model->next])
        model->next++;
    if (model->next == MODEL_SIZE)
        return;
    enum ledger_entry entry = ledger_begin(ledger, model->next);
    if (entry == LEDGER_FULL) {
        assert_true(model->working > 0);
        return;
    }
    assert_int_equal(entry == LEDGER_PASSED, model->answered[model->next]);
    if (entry == LEDGER_BEGUN) {
        assert_false(model->begun[model->next]);
        model->begun[model->next] = true;
        model->at_work[model->working++] = model->next;
    }
    model->next++;
}

/* A transaction with a random part of what is at work; one in four aborts. */
static void model_commit(struct model *model, struct ledger *ledger, uint64_t *seed)
{
    struct ledger copy;
    assert_true(ledger_init(&copy, 1));
    ledger_copy(&copy, ledger);
    int64_t batch[16];
    size_t count = 0;
    while (count < 16 && model->working > 0 && random_below(seed, 8) != 0) {
        size_t pick = random_below(seed, (uint32_t)model->working);
        batch[count++] = model->at_work[pick];
        model->at_work[pick] = model->at_work[--model->working];
    }
    for (size_t i = 0; i < count; i++)
        ledger_finish_offset(&copy, batch[i]);
    bool aborted = random_below(seed, 4) == 0;
    if (!aborted) {
        model->committed = copy.frontier;
        ledger_metadata_write(&copy, &witness, model->metadata);
    }
    for (size_t i = 0; i < count; i++) {
        if (aborted) {
            model->at_work[model->working++] = batch[i];
        } else {
            model->answered[batch[i]] = true;
            ledger_finish_offset(ledger, batch[i]);
        }
    }
    ledger_finish(&copy);
    assert_true(ledger->frontier <= model_limit(model));
    assert_true(model->committed <= model_limit(model));
}

static void model_crash(struct model *model, struct ledger *ledger, uint64_t *seed)
{
    static const uint32_t windows[] = {1, 3, 63, 64, 65, 500, LEDGER_WINDOW_MAX};
    ledger_finish(ledger);
    *ledger = opened(windows[random_below(seed, 7)], model->committed, model->metadata,
                     model->metadata[0] ? LEDGER_METADATA_OK : LEDGER_METADATA_ABSENT);
    model->next = ledger->frontier;
    model->working = 0;
    memset(model->begun, 0, sizeof model->begun);
}

static void test_against_a_model(void **state)
{
    (void)state;
    for (uint64_t run = 0; run < 60; run++) {
        print_message("run %" PRIu64 "\n", run);
        struct model *model = calloc(1, sizeof *model);
        struct ledger ledger = {0};
        uint64_t seed = run;
        assert_non_null(model);
        for (int64_t i = 0; i < MODEL_SIZE; i++)
            model->exists[i] = random_below(&seed, 10) >= run % 10;
        model_crash(model, &ledger, &seed);
        while (model_limit(model) < MODEL_SIZE) {
            for (uint32_t n = random_below(&seed, 64); n > 0; n--)
                model_read(model, &ledger);
            model_commit(model, &ledger, &seed);
            if (random_below(&seed, 50) == 0)
                model_crash(model, &ledger, &seed);
        }
        ledger_finish(&ledger);
        free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_metadata_is_short_when_nothing_is_beyond),
        cmocka_unit_test(test_widest_window_fits),
        cmocka_unit_test(test_foreign_metadata),
        cmocka_unit_test(test_witness_is_kept),
        cmocka_unit_test(test_every_changed_character_is_seen),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
