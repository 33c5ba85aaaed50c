/* What the audit finds: for each thing that may have become of a record, the one finding that is
 * due, or none. */
#include "worker/core/audit.h"

#include "tests/core/records.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LOW = 100, END = 116, FRONTIER = 108, BIT = 110, LATER = 112, AT_MS = 1000000000 };

/* Where a record may stand: before the frontier, finished by its bit, finished while the audit
 * read, not finished. */
static const int64_t settled[] = {LOW, FRONTIER - 1, BIT}, moving[] = {FRONTIER, LATER - 1},
                     unfinished[] = {LATER, LATER + 1};

struct world {
    struct audit audit;
    struct audit_finding found[8];
    size_t count;
};

static void on_finding(void *context, const struct audit_finding *finding)
{
    struct world *world = context;
    assert_true(world->count < sizeof world->found / sizeof *world->found);
    world->found[world->count++] = *finding;
}

static void commit(struct ledger *ledger, int64_t frontier)
{
    struct witness witness;
    assert_int_equal(ledger_open(ledger, frontier, NULL, &witness), LEDGER_METADATA_ABSENT);
}

static void open_world(struct world *world)
{
    static const struct audit_names names = {"access-requests", "usher"};
    struct error error;
    *world = (struct world){0};
    assert_true(audit_init(&world->audit, &names, 2));
    for (int32_t i = 0; i < 2; i++) {
        struct audit_partition *partition = &world->audit.partitions[i];
        assert_true(audit_open_partition(&world->audit, i, LOW, END, &error));
        commit(&partition->before, FRONTIER);
        for (int64_t offset = FRONTIER; offset <= BIT; offset++)
            assert_int_equal(ledger_begin(&partition->before, offset), LEDGER_BEGUN);
        ledger_finish_offset(&partition->before, BIT);
        commit(&partition->after, LATER);
    }
}

static void take_reply(struct world *world, int64_t offset, const char *outcome, bool duplicate)
{
    struct test_record made;
    char id[64];
    (void)snprintf(id, sizeof id, "access-requests/1/%" PRId64 "/reply", offset);
    record_of(&made, str_of(duplicate ? "{\"duplicate\":true}" : "{\"duplicate\":false}"),
              BINARY({"ce_id", id}, {"ce_source", "/usher/usher"}, {"usher-outcome", outcome}));
    audit_take_reply(&world->audit, &made.record);
}

/* The headers that name access-requests/1/<offset>. */
struct original {
    char offset[8];
    struct header headers[4];
};

static void original_of(struct original *ret, int64_t offset, const char *group)
{
    for (size_t i = 0; i < 8; i++)
        ret->offset[i] = (char)(offset >> (56 - 8 * i));
    ret->headers[0] =
        (struct header){str_of("kafka_dlt-original-topic"), str_of("access-requests")};
    ret->headers[1] = (struct header){str_of("kafka_dlt-original-partition"), BYTES("\0\0\0\1")};
    ret->headers[2] = (struct header){str_of("kafka_dlt-original-offset"), {ret->offset, 8}};
    ret->headers[3] = (struct header){str_of("kafka_dlt-original-consumer-group"), str_of(group)};
}

static void take_letter(struct world *world, int64_t offset)
{
    struct original original;
    original_of(&original, offset, "usher");
    struct record record = {.headers = original.headers, .header_count = 4};
    audit_take_letter(&world->audit, &record);
}

static void take_request(struct world *world, int64_t offset, const char *value)
{
    struct record record = {.partition = 1, .offset = offset, .timestamp_ms = AT_MS};
    record.value = str_of(value);
    audit_take_request(&world->audit, &record);
}

static void take_replay(struct world *world, int64_t offset, int64_t of, const char *group)
{
    struct original original;
    original_of(&original, of, group);
    struct record record = {.partition = 1, .offset = offset, .timestamp_ms = AT_MS};
    record.value = str_of(GOOD);
    record.headers = original.headers;
    record.header_count = 4;
    audit_take_request(&world->audit, &record);
}

/* ---- one record ------------------------------------------------------------------------------ */

#define NONE     AUDIT_PROBLEMS
#define NO_EVENT "no event"

struct row {
    const char *name, *value, *outcomes[2]; /* "failed+": a duplicate's */
    int letters;
    enum audit_problem settled, moving, unfinished; /* what is found there */
};

static const struct row rows[] = {
    {"answered", GOOD, {"submitted"}, 0, NONE, NONE, AUDIT_EARLY},
    {"not answered", GOOD, {0}, 0, AUDIT_MISSING, NONE, NONE},
    {"no event, not answered", NO_EVENT, {0}, 0, AUDIT_MISSING, NONE, NONE},
    {"rejected", GOOD, {"rejected"}, 0, NONE, NONE, AUDIT_EARLY},
    {"no event", NO_EVENT, {"rejected"}, 1, NONE, NONE, AUDIT_EARLY},
    {"no event, no letter", NO_EVENT, {"rejected"}, 0, AUDIT_LETTER_MISSING, NONE, AUDIT_EARLY},
    {"failed", GOOD, {"failed"}, 1, NONE, NONE, AUDIT_EARLY},
    {"failed, no letter", GOOD, {"failed"}, 0, AUDIT_LETTER_MISSING, NONE, AUDIT_EARLY},
    {"unknown, no letter", GOOD, {"unknown"}, 0, AUDIT_LETTER_MISSING, NONE, AUDIT_EARLY},
    {"unknown, a duplicate", GOOD, {"unknown+"}, 0, NONE, NONE, AUDIT_EARLY},
    {"failed, two letters", GOOD, {"failed"}, 2, AUDIT_LETTER_DOUBLE, NONE, AUDIT_EARLY},
    {"submitted, a letter", GOOD, {"submitted"}, 1, AUDIT_LETTER_UNDUE, NONE, AUDIT_EARLY},
    {"existing, a letter", GOOD, {"existing"}, 1, AUDIT_LETTER_UNDUE, NONE, AUDIT_EARLY},
    {"a letter alone", GOOD, {0}, 1, AUDIT_LETTER_ALONE, NONE, AUDIT_LETTER_ALONE},
    {"twice", GOOD, {"submitted", "submitted"}, 0, AUDIT_DOUBLE, AUDIT_DOUBLE, AUDIT_DOUBLE},
    {"twice, failed", GOOD, {"failed", "failed"}, 1, AUDIT_DOUBLE, AUDIT_DOUBLE, AUDIT_DOUBLE},
    {"gone", NULL, {0}, 0, NONE, NONE, NONE},
    {"gone, but its reply", NULL, {"submitted", "submitted"}, 0, NONE, NONE, NONE},
    {"gone, but its letter", NULL, {0}, 2, NONE, NONE, NONE},
};

static void take_row(struct world *world, const struct row *row, int64_t offset)
{
    for (size_t i = 0; i < 2 && row->outcomes[i] != NULL; i++) {
        char outcome[16];
        (void)snprintf(outcome, sizeof outcome, "%s", row->outcomes[i]);
        size_t size = strcspn(outcome, "+");
        bool duplicate = outcome[size] != '\0';
        outcome[size] = '\0';
        take_reply(world, offset, outcome, duplicate);
    }
    for (int i = 0; i < row->letters; i++)
        take_letter(world, offset);
    if (row->value != NULL)
        take_request(world, offset, row->value);
    audit_judge(&world->audit, on_finding, world);
}

/* `due` is found, and nothing else but what must go with it. */
static bool is_as_due(const struct world *world, enum audit_problem due, int64_t offset)
{
    bool found = due == NONE;
    for (size_t i = 0; i < world->count; i++) {
        const struct audit_finding *finding = &world->found[i];
        bool goes_along = (due == AUDIT_LETTER_ALONE && finding->problem == AUDIT_MISSING) ||
                          (due == AUDIT_DOUBLE && finding->problem == AUDIT_EARLY);
        if (finding->origin.partition != 1 || finding->origin.offset != offset)
            return false;
        if (finding->problem == due && due != NONE)
            found = true;
        else if (!goes_along)
            return false;
    }
    return found;
}

static void check_row(const struct row *row, enum audit_problem due, int64_t offset)
{
    struct world world;
    open_world(&world);
    take_row(&world, row, offset);
    if (!is_as_due(&world, due, offset))
        fail_msg("%s at %" PRId64 ": %zu findings, the first is %s", row->name, offset, world.count,
                 world.count > 0 ? audit_problem_name(world.found[0].problem) : "none");
    audit_finish(&world.audit);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        for (size_t at = 0; at < sizeof settled / sizeof *settled; at++)
            check_row(row, row->settled, settled[at]);
        for (size_t at = 0; at < sizeof moving / sizeof *moving; at++)
            check_row(row, row->moving, moving[at]);
        for (size_t at = 0; at < sizeof unfinished / sizeof *unfinished; at++)
            check_row(row, row->unfinished, unfinished[at]);
    }
}

/* Outside of what is looked at, or of others. */
static void test_others_are_passed_over(void **state)
{
    (void)state;
    struct world world;
    struct test_record made;
    open_world(&world);
    static const int64_t outside[] = {0, LOW - 1, END, INT64_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        take_reply(&world, outside[i], "failed", false);
        take_letter(&world, outside[i]);
        take_request(&world, outside[i], GOOD);
    }
    record_of(&made, str_of("{}"),
              BINARY({"ce_id", "access-requests/7/100/reply"}, {"ce_source", "/usher/usher"}));
    audit_take_reply(&world.audit, &made.record);
    record_of(&made, str_of("{}"),
              BINARY({"ce_id", "access-requests/1/100/reply"}, {"ce_source", "/usher/other"}));
    audit_take_reply(&world.audit, &made.record);
    audit_take_letter(&world.audit, &made.record); /* it has no such headers */
    audit_judge(&world.audit, on_finding, &world);
    assert_int_equal(world.count, 0);
    assert_int_equal(world.audit.counts.records, 0);
    assert_int_equal(world.audit.counts.replies_gone, 9);
    assert_int_equal(world.audit.counts.replies_foreign, 2);
    audit_finish(&world.audit);
}

static void test_counts(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    for (int64_t offset = LOW; offset < LATER; offset += 2) /* the rest are gaps */
        take_reply(&world, offset, offset == LOW ? "failed" : "submitted", false);
    take_letter(&world, LOW);
    for (int64_t offset = LOW; offset < END; offset += 2)
        take_request(&world, offset, GOOD);
    assert_false(audit_is_ahead(&world.audit));
    audit_judge(&world.audit, on_finding, &world);
    const struct audit_counts *counts = &world.audit.counts;
    assert_int_equal(world.count, 0);
    assert_int_equal(counts->records, 8);
    assert_int_equal(counts->finished, 5); /* 100 … 106 and 110 */
    assert_int_equal(counts->answered, 5);
    assert_int_equal(counts->dead, 1);
    audit_finish(&world.audit);
}

static void test_ahead(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    take_reply(&world, LATER - 1, "submitted", false);
    assert_false(audit_is_ahead(&world.audit));
    take_reply(&world, LATER, "submitted", false);
    assert_true(audit_is_ahead(&world.audit));
    commit(&world.audit.partitions[1].after, LATER + 1);
    assert_false(audit_is_ahead(&world.audit));
    audit_finish(&world.audit);
}

/* ---- retention ------------------------------------------------------------------------------- */

static void test_deleted_replies(void **state)
{
    (void)state;
    static const struct {
        int64_t from_ms;
        bool judged;
    } cases[] = {
        {INT64_MIN, true}, {AT_MS - 60001, true}, {AT_MS - 60000, false},
        {AT_MS, false},    {INT64_MAX, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        open_world(&world);
        world.audit.replies_from_ms = cases[i].from_ms;
        take_letter(&world, LOW);
        take_request(&world, LOW, GOOD);
        take_reply(&world, LOW + 1, "submitted", false); /* what is there is judged */
        take_reply(&world, LOW + 1, "submitted", false);
        take_request(&world, LOW + 1, GOOD);
        audit_judge(&world.audit, on_finding, &world);
        if (world.audit.counts.findings[AUDIT_MISSING] != cases[i].judged ||
            world.audit.counts.findings[AUDIT_LETTER_ALONE] != cases[i].judged ||
            world.audit.counts.replies_unjudged == cases[i].judged ||
            world.audit.counts.letters_unjudged == cases[i].judged)
            fail_msg("row %zu", i);
        assert_int_equal(world.audit.counts.findings[AUDIT_DOUBLE], 1);
        audit_finish(&world.audit);
    }
}

static void test_deleted_letters(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    world.audit.letters_deleted = true;
    take_reply(&world, LOW, "failed", false);
    take_reply(&world, LOW + 1, "failed", false);
    take_letter(&world, LOW + 1);
    take_letter(&world, LOW + 1);
    take_request(&world, LOW, GOOD);
    take_request(&world, LOW + 1, GOOD);
    audit_judge(&world.audit, on_finding, &world);
    assert_int_equal(world.count, 1);
    assert_int_equal(world.found[0].problem, AUDIT_LETTER_DOUBLE);
    assert_int_equal(world.audit.counts.letters_unjudged, 1);
    audit_finish(&world.audit);
}

/* ---- dead letters that were sent again ------------------------------------------------------- */

/* LOW failed, and was sent again as `first`, `first` + 1, … with these outcomes. */
struct replay {
    const char *outcomes[3];
    int letters; /* of LOW */
    const char *group;
    int64_t first;
    enum audit_problem due;
    unsigned unjudged;
};

static const struct replay replays[] = {
    {{"submitted"}, 1, "usher", LOW + 1, NONE, 0},
    {{"submitted"}, 2, "usher", LOW + 1, AUDIT_LETTER_DOUBLE, 0},
    {{"failed"}, 2, "usher", LOW + 1, NONE, 0},
    {{"failed"}, 1, "usher", LOW + 1, AUDIT_LETTER_MISSING, 0},
    {{"failed", "unknown"}, 3, "usher", LOW + 1, NONE, 0},
    {{"failed", "unknown"}, 2, "usher", LOW + 1, AUDIT_LETTER_MISSING, 0},
    {{"failed", "unknown", "submitted"}, 3, "usher", LOW + 1, NONE, 0},
    /* One that is in motion may have a dead letter already, or not. */
    {{"failed"}, 2, "usher", LATER - 1, NONE, 1},
    {{"failed"}, 1, "usher", LATER - 1, NONE, 1},
    /* The first pass was another group's: its dead letters name that one. */
    {{"failed"}, 1, "before", LOW + 1, NONE, 1},
    {{"submitted"}, 1, "before", LOW + 1, NONE, 0},
    /* More than are counted. */
    {{"submitted"}, 20, "usher", LOW + 1, NONE, 1},
};

static void test_replays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replays / sizeof *replays; i++) {
        const struct replay *row = &replays[i];
        struct world world;
        open_world(&world);
        take_reply(&world, LOW, "failed", false);
        for (int64_t pass = 0; pass < 3 && row->outcomes[pass] != NULL; pass++)
            take_reply(&world, row->first + pass, row->outcomes[pass], false);
        for (int letter = 0; letter < row->letters; letter++)
            take_letter(&world, LOW);
        take_request(&world, LOW, GOOD);
        for (int64_t pass = 0; pass < 3 && row->outcomes[pass] != NULL; pass++)
            take_replay(&world, row->first + pass, LOW, row->group);
        audit_judge(&world.audit, on_finding, &world);
        uint64_t unjudged = world.audit.counts.letters_unjudged;
        if (!is_as_due(&world, row->due, LOW) || unjudged != row->unjudged)
            fail_msg("row %zu: %zu findings, %" PRIu64 " not judged", i, world.count, unjudged);
        audit_finish(&world.audit);
    }
}

static void test_too_much(void **state)
{
    (void)state;
    static const struct audit_names names = {"access-requests", "usher"};
    struct audit audit;
    struct error error = {0};
    assert_true(audit_init(&audit, &names, 3));
    assert_true(audit_open_partition(&audit, 0, 5, 5, &error));
    assert_true(audit_open_partition(&audit, 1, 5, 3, &error)); /* ends that moved */
    assert_int_equal(audit.offsets, 0);
    assert_false(audit_open_partition(&audit, 2, 7, INT64_C(8) + AUDIT_OFFSETS_MAX, &error));
    assert_non_null(strstr(error.text, "134217728 offsets"));
    audit_finish(&audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_others_are_passed_over),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_deleted_replies),
        cmocka_unit_test(test_deleted_letters),
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
