#include "tests/core/records.h"
#include "tests/core/share.h"
#include "worker/core/fault_codes.h"
#include "worker/core/graph_body.h"
#include "worker/core/json_gate.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define IN_DATA(member)                                                                          \
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"AdminRemove\",\"accessPackageAssignment\":{" \
                                "\"id\":\"" GUID_A "\"}," member "}")

/* A record, and what becomes of it. `id` is what can be read of the event's id, NULL: nothing. */
static const struct {
    const char *name;
    const struct text_header *headers; /* NULL: none */
    struct str value;
    enum event_worth worth;
    const char *code, *id;
} cases[] = {
    {"structured", NULL, BYTES(GOOD), EVENT_GOOD, "", "e1"},
    {"structured, a resource", NULL, BYTES(STRUCTURED(TYPE_RESOURCE, GOOD_RESOURCE)), EVENT_GOOD,
     "", "e1"},
    {"binary", binary_headers, BYTES(GOOD_ASSIGNMENT), EVENT_GOOD, "", "e1"},
    /* ecosystem 3.5 */
    {"tombstone", NULL, {NULL, 0}, EVENT_UNREADABLE, "nullValue", NULL},
    {"tombstone, binary", binary_headers, {NULL, 0}, EVENT_UNREADABLE, "nullValue", "e1"},
    {"empty value", NULL, BYTES(""), EVENT_UNREADABLE, "emptyValue", NULL},
    {"empty value, binary", binary_headers, BYTES(""), EVENT_UNREADABLE, "emptyValue", "e1"},
    {"schema-registry frame", NULL, BYTES("\0\0\0\0\x07" GOOD), EVENT_UNREADABLE,
     "schemaRegistryFrame", NULL},
    {"schema-registry frame, binary", binary_headers, BYTES("\0\0\0\0\x07" GOOD_ASSIGNMENT),
     EVENT_UNREADABLE, "schemaRegistryFrame", "e1"},
    {"schema-registry frame with a GUID", NULL,
     BYTES("\x01"
           "0123456789abcdef" GOOD),
     EVENT_UNREADABLE, "schemaRegistryFrame", NULL},
    {"schema id in a header, Avro",
     BINARY({"__value_schema_id", "\x01"
                                  "0123456789abcdef"}),
     BYTES("\x06"
           "abc"),
     EVENT_UNREADABLE, "notJson", NULL},
    {"schema id in a header, JSON",
     BINARY({"__value_schema_id", "\x01"
                                  "0123456789abcdef"}),
     BYTES(GOOD), EVENT_GOOD, "", "e1"},
    {"byte order mark", NULL, BYTES("\xEF\xBB\xBF" GOOD), EVENT_UNREADABLE, "byteOrderMark", NULL},
    {"trailing garbage", NULL, BYTES(GOOD " xyz"), EVENT_UNREADABLE, "trailingData", NULL},
    {"invalid UTF-8", NULL, BYTES(IN_DATA("\"justification\":\"caf\xE9\"")), EVENT_UNREADABLE,
     "invalidUtf8", NULL},
    {"invalid UTF-8, binary", binary_headers, BYTES("{\"justification\":\"caf\xE9\"}"),
     EVENT_UNREADABLE, "invalidUtf8", "e1"},
    {"duplicate keys", NULL, BYTES("{\"a\":1,\"a\":2}"), EVENT_UNREADABLE, "duplicateMember", NULL},
    {"duplicate keys in data", NULL, BYTES(IN_DATA("\"x\":1,\"x\":2")), EVENT_REFUSED,
     "duplicateMember", "e1"},
    {"duplicate keys further inside", NULL, BYTES(IN_DATA("\"x\":[{\"y\":1,\"\\u0079\":2}]")),
     EVENT_REFUSED, "duplicateMember", "e1"},
    {"duplicate id", NULL, BYTES(PLUS("\"id\":\"e2\"")), EVENT_UNREADABLE, "duplicateMember", NULL},
    {"deep nesting", NULL,
     BYTES(IN_DATA("\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")),
     EVENT_UNREADABLE, "tooDeep", NULL},
    {"Avro", NULL, BYTES("Obj\x01\x04\x14"), EVENT_UNREADABLE, "notJson", NULL},
    {"Avro, and says so", BINARY({"content-type", "application/cloudevents+avro"}),
     BYTES("Obj\x01"), EVENT_UNREADABLE, "contentType", NULL},
    {"Avro, binary",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"content-type", "application/avro"}),
     BYTES("Obj\x01"), EVENT_UNREADABLE, "contentType", "e1"},
    {"Protobuf", NULL, BYTES("\x0A\x05hello"), EVENT_UNREADABLE, "notJson", NULL},
    {"gzip", NULL, BYTES("\x1F\x8B\x08\0"), EVENT_UNREADABLE, "compressed", NULL},
    {"duplicated header",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"ce_subject", "a"}, {"ce_subject", "b"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "duplicateAttribute", "e1"},
    {"duplicated header, first null",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"ce_subject", NULL}, {"ce_subject", "b"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "duplicateAttribute", "e1"},
    {"other headers may stand twice",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"x", "a"}, {"x", "b"}), BYTES(GOOD_ASSIGNMENT),
     EVENT_GOOD, "", "e1"},
    {"0-length header", BINARY(FOUR("", "/s", TYPE_ASSIGNMENT)), BYTES(GOOD_ASSIGNMENT),
     EVENT_UNREADABLE, "missingAttribute", NULL},
    {"null header value", BINARY(FOUR(NULL, "/s", TYPE_ASSIGNMENT)), BYTES(GOOD_ASSIGNMENT),
     EVENT_UNREADABLE, "missingAttribute", NULL},
    {"0-length headers that nobody reads",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"", ""}, {"x", NULL}, {"ce_x", ""}),
     BYTES(GOOD_ASSIGNMENT), EVENT_GOOD, "", "e1"},
    {"missing ce_id",
     BINARY({"ce_specversion", "1.0"}, {"ce_source", "/s"}, {"ce_type", TYPE_ASSIGNMENT}),
     BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "missingAttribute", NULL},
    {"duplicate ce_id", BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"ce_id", "e1"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "duplicateAttribute", NULL},
    {"missing ce_source",
     BINARY({"ce_specversion", "1.0"}, {"ce_id", "e1"}, {"ce_type", TYPE_ASSIGNMENT}),
     BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "missingAttribute", "e1"},
    {"specversion 0.3", NULL, BYTES(WITH("\"specversion\":\"0.3\"," IDENTITY)), EVENT_REFUSED,
     "specVersion", "e1"},
    {"ce_specversion 2",
     BINARY({"ce_specversion", "2"}, {"ce_id", "e1"}, {"ce_source", "/s"},
            {"ce_type", TYPE_ASSIGNMENT}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "specVersion", "e1"},
    {"unknown type", NULL, BYTES(STRUCTURED("com.example.other", GOOD_ASSIGNMENT)), EVENT_REFUSED,
     "unknownType", "e1"},
    {"type in other case", NULL,
     BYTES(STRUCTURED("Microsoft.Graph.AccessPackageAssignmentRequest", GOOD_ASSIGNMENT)),
     EVENT_REFUSED, "unknownType", "e1"},
    {"GUID in braces", NULL,
     BYTES(STRUCTURED(
         TYPE_ASSIGNMENT,
         "{\"requestType\":\"AdminRemove\",\"accessPackageAssignment\":{\"id\":\"{" GUID_A
         "}\"}}")),
     EVENT_REFUSED, "invalidGuid", "e1"},
    {"GUID in capitals", NULL,
     BYTES(STRUCTURED(TYPE_ASSIGNMENT,
                      "{\"requestType\":\"AdminRemove\",\"accessPackageAssignment\":"
                      "{\"id\":\"" GUID_A_IN_CAPITALS "\"}}")),
     EVENT_GOOD, "", "e1"},
    {"expirytime without zone", NULL, BYTES(PLUS("\"expirytime\":\"2026-03-01T08:30:00\"")),
     EVENT_REFUSED, "invalidTime", "e1"},
    {"ce_expirytime without zone",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"ce_expirytime", "2026-03-01T08:30:00"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "invalidTime", "e1"},
    {"time without zone", NULL, BYTES(PLUS("\"time\":\"2026-03-01T08:30:00\"")), EVENT_REFUSED,
     "invalidTime", "e1"},
    {"expirationDateTime without zone", NULL,
     BYTES(IN_DATA("\"expirationDateTime\":\"2026-03-01T08:30:00\"")), EVENT_REFUSED, "invalidTime",
     "e1"},
    /* ecosystem 5.4, those not above */
    {"raw control character", NULL, BYTES(IN_DATA("\"justification\":\"a\x02\"")), EVENT_UNREADABLE,
     "controlCharacter", NULL},
    {"integer beyond 2^53", NULL, BYTES(IN_DATA("\"x\":9007199254740993")), EVENT_UNREADABLE,
     "unsafeInteger", NULL},
    {"\\u0000", NULL, BYTES(IN_DATA("\"x\":\"admin\\u0000user\"")), EVENT_UNREADABLE, "nulEscape",
     NULL},
    {"leading zero", NULL, BYTES(IN_DATA("\"x\":01")), EVENT_UNREADABLE, "invalidNumber", NULL},
    {"NaN", NULL, BYTES(IN_DATA("\"x\":NaN")), EVENT_UNREADABLE, "invalidNumber", NULL},
    {"half a surrogate pair", NULL, BYTES(IN_DATA("\"x\":\"\\uD83D\"")), EVENT_UNREADABLE,
     "loneSurrogate", NULL},
    /* JSON, but no event */
    {"a list", NULL, BYTES("[1]"), EVENT_UNREADABLE, "notObject", NULL},
    {"null", NULL, BYTES("null"), EVENT_UNREADABLE, "notObject", NULL},
    {"a text, binary", binary_headers, BYTES("\"x\""), EVENT_UNREADABLE, "notObject", "e1"},
    {"an empty object", NULL, BYTES("{}"), EVENT_UNREADABLE, "missingAttribute", NULL},
    {"a body alone", NULL, BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "missingAttribute", NULL},
    {"no specversion", NULL, BYTES(WITH(IDENTITY)), EVENT_REFUSED, "missingAttribute", "e1"},
    {"no id", NULL,
     BYTES(WITH("\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"" TYPE_ASSIGNMENT "\"")),
     EVENT_UNREADABLE, "missingAttribute", NULL},
    {"no type", NULL, BYTES(WITH("\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/s\"")),
     EVENT_UNREADABLE, "missingAttribute", "e1"},
    {"id null", NULL,
     BYTES(WITH("\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"")),
     EVENT_UNREADABLE, "missingAttribute", NULL},
    {"id empty", NULL,
     BYTES(WITH("\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"")),
     EVENT_UNREADABLE, "missingAttribute", NULL},
    {"id a number", NULL,
     BYTES(WITH("\"specversion\":\"1.0\",\"id\":7,\"source\":\"/s\",\"type\":\"t\"")),
     EVENT_UNREADABLE, "wrongType", NULL},
    {"id with a line feed", NULL,
     BYTES(WITH("\"specversion\":\"1.0\",\"id\":\"a\\nb\",\"source\":\"/s\",\"type\":\"t\"")),
     EVENT_UNREADABLE, "invalidAttribute", NULL},
    {"ce_id that is no UTF-8", BINARY(FOUR("caf\xE9", "/s", TYPE_ASSIGNMENT)),
     BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "invalidAttribute", NULL},
    {"ce_ header in capitals is none",
     BINARY({"CE_ID", "e1"}, {"ce_specversion", "1.0"}, {"ce_source", "/s"},
            {"ce_type", TYPE_ASSIGNMENT}),
     BYTES(GOOD_ASSIGNMENT), EVENT_UNREADABLE, "missingAttribute", NULL},
    /* an event with something wrong */
    {"no ce_specversion",
     BINARY({"ce_id", "e1"}, {"ce_source", "/s"}, {"ce_type", TYPE_ASSIGNMENT}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "missingAttribute", "e1"},
    {"specversion null", NULL, BYTES(WITH("\"specversion\":null," IDENTITY)), EVENT_REFUSED,
     "missingAttribute", "e1"},
    {"specversion a number", NULL, BYTES(WITH("\"specversion\":1.0," IDENTITY)), EVENT_REFUSED,
     "wrongType", "e1"},
    {"attribute in other case", NULL, BYTES(PLUS("\"expiryTime\":\"2020-01-01T00:00:00Z\"")),
     EVENT_REFUSED, "memberCase", "e1"},
    {"id in two cases", NULL, BYTES(PLUS("\"ID\":\"e2\"")), EVENT_REFUSED, "memberCase", "e1"},
    {"subject with a control character", NULL, BYTES(PLUS("\"subject\":\"a\\u0007\"")),
     EVENT_REFUSED, "invalidAttribute", "e1"},
    {"subject a number", NULL, BYTES(PLUS("\"subject\":1")), EVENT_REFUSED, "wrongType", "e1"},
    {"expirytime empty", NULL, BYTES(PLUS("\"expirytime\":\"\"")), EVENT_REFUSED, "invalidTime",
     "e1"},
    {"unknown extensions", NULL, BYTES(PLUS("\"partitionkey\":\"a\\n\",\"sequence\":5,\"x\":{}")),
     EVENT_GOOD, "", "e1"},
    {"no data", NULL, BYTES("{\"specversion\":\"1.0\"," IDENTITY "}"), EVENT_REFUSED,
     "missingMember", "e1"},
    {"data null", NULL, BYTES(STRUCTURED(TYPE_ASSIGNMENT, "null")), EVENT_REFUSED, "wrongType",
     "e1"},
    {"data a text", NULL, BYTES(STRUCTURED(TYPE_ASSIGNMENT, "\"{}\"")), EVENT_REFUSED, "wrongType",
     "e1"},
    {"data_base64", NULL, BYTES("{\"specversion\":\"1.0\"," IDENTITY ",\"data_base64\":\"e30=\"}"),
     EVENT_REFUSED, "dataBase64", "e1"},
    {"data and data_base64", NULL, BYTES(PLUS("\"data_base64\":\"e30=\"")), EVENT_REFUSED,
     "dataBase64", "e1"},
    {"body refused", NULL, BYTES(STRUCTURED(TYPE_ASSIGNMENT, "{}")), EVENT_REFUSED, "missingMember",
     "e1"},
    /* content types */
    {"cloudevents+json", BINARY({"content-type", "application/cloudevents+json; charset=UTF-8"}),
     BYTES(GOOD), EVENT_GOOD, "", "e1"},
    {"json, in capitals, charset in quotes",
     BINARY({"content-type", "Application/JSON;x=y ; Charset=\"utf-8\""}), BYTES(GOOD), EVENT_GOOD,
     "", "e1"},
    {"json, binary",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"content-type", "application/json"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_GOOD, "", "e1"},
    {"content type empty", BINARY({"content-type", ""}), BYTES(GOOD), EVENT_GOOD, "", "e1"},
    {"content type null", BINARY({"content-type", NULL}), BYTES(GOOD), EVENT_GOOD, "", "e1"},
    {"another charset", BINARY({"content-type", "application/json; charset=utf-16"}), BYTES(GOOD),
     EVENT_REFUSED, "contentType", "e1"},
    {"a batch", BINARY({"content-type", "application/cloudevents-batch+json"}), BYTES("[" GOOD "]"),
     EVENT_UNREADABLE, "contentType", NULL},
    {"plain text", BINARY({"content-type", "text/plain"}), BYTES(GOOD), EVENT_REFUSED,
     "contentType", "e1"},
    {"plain text, binary",
     BINARY(FOUR("e1", "/s", TYPE_ASSIGNMENT), {"content-type", "text/plain"}),
     BYTES(GOOD_ASSIGNMENT), EVENT_REFUSED, "contentType", "e1"},
    {"json, only longer", BINARY({"content-type", "application/jsonx"}), BYTES(GOOD), EVENT_REFUSED,
     "contentType", "e1"},
};

static void check_case(size_t i, const struct event *event)
{
    const char *id = event->id != NULL ? event->id : "none";
    const char *expected_id = cases[i].id != NULL ? cases[i].id : "none";
    if (event->worth != cases[i].worth || strcmp(event->fault.code, cases[i].code) != 0)
        fail_msg("%s: worth %u, `%s`: %s", cases[i].name, event->worth, event->fault.code,
                 event->fault.message);
    if (strcmp(id, expected_id) != 0)
        fail_msg("%s: id %s, not %s", cases[i].name, id, expected_id);
    bool is_binary = cases[i].headers != NULL && strncmp(cases[i].headers[0].name, "ce_", 3) == 0;
    bool is_answered_binary = is_binary && event->worth != EVENT_UNREADABLE;
    if (event->mode != (is_answered_binary ? EVENT_BINARY : EVENT_STRUCTURED))
        fail_msg("%s: mode %u", cases[i].name, event->mode);
    if (event->worth == EVENT_GOOD)
        return;
    struct str message = str_of(event->fault.message);
    assert_int_equal(event->fault.stage, STAGE_ADMIT);
    if (fault_code_find(event->fault.code) == NULL || !utf8_is_valid(message, NULL) ||
        message.size < 20 || message.data[message.size - 1] != '.')
        fail_msg("%s: `%s` is no code and sentence", cases[i].name, message.data);
}

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record record;
        record_of(&record, cases[i].value, cases[i].headers);
        struct event event;
        memset(&event, 0xA5, sizeof event);
        event_read(&record.record, &event);
        check_case(i, &event);
        event_finish(&event);
        event_finish(&event);
    }
}

static void keeps_the_limit_of_a_value(void **state)
{
    (void)state;
    size_t size = RECORD_BYTES_MAX + 1;
    char *value = malloc(size);
    memset(value, ' ', size);
    memcpy(value, GOOD, strlen(GOOD));
    struct event event;
    read_value((struct str){value, size}, &event);
    assert_string_equal(event.fault.code, "tooLarge");
    event_finish(&event);
    read_value((struct str){value, size - 1}, &event);
    assert_int_equal(event.worth, EVENT_GOOD);
    event_finish(&event);
    free(value);
}

/* ---- bytes that nobody thought of ---------------------------------------------------------------
 */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t mutate(char *bytes, size_t size, uint64_t *seed)
{
    static const char likely[] = "{}[]\",:\\u0dD\0\x80\xC0\xE2\xFF 19-+.eEtfn\n\x01";
    size_t changes = 1 + next_random(seed) % 4;
    for (size_t i = 0; i < changes && size > 1; i++) {
        size_t at = next_random(seed) % size;
        uint64_t how = next_random(seed) % 4;
        if (how == 0)
            bytes[at] = (char)next_random(seed);
        else if (how == 1)
            bytes[at] = likely[next_random(seed) % sizeof likely];
        else if (how == 2)
            memmove(bytes + at, bytes + at + 1, --size - at);
        else
            size = next_random(seed) % 16 == 0 ? at + 1 : size;
    }
    return size;
}

/* What is good has a body that passes the gate again; what is not has a code of ours. */
static void check_result(const struct event *event)
{
    if (event->worth != EVENT_GOOD) {
        assert_non_null(fault_code_find(event->fault.code));
        assert_true(utf8_is_valid(str_of(event->fault.message), NULL));
        return;
    }
    char body[2048];
    assert_true(graph_body_size(&event->body) <= sizeof body);
    size_t size = graph_body_write(&event->body, false, body, sizeof body);
    struct json_fault fault;
    assert_true(json_gate((struct str){body, size}, &fault));
}

static void survives_mutated_bytes(void **state)
{
    (void)state;
    static const struct str seeds[] = {
        BYTES(GOOD),
        BYTES(STRUCTURED(TYPE_RESOURCE, GOOD_RESOURCE)),
        BYTES(IN_DATA(
            "\"isValidationOnly\":true,\"x\":[1.5e-3,\"\\uD83D\\uDE00\xE2\x82\xAC\",null]")),
        BYTES(PLUS("\"subject\":\"s\",\"expirytime\":\"2026-03-01T08:30:00Z\"")),
    };
    int turns = 200000 / test_share();
    uint64_t seed = 0x9E3779B97F4A7C15;
    size_t counts[3] = {0};
    for (int turn = 0; turn < turns; turn++) {
        struct str start = seeds[turn % 4];
        char *bytes = malloc(start.size);
        memcpy(bytes, start.data, start.size);
        size_t size = mutate(bytes, start.size, &seed);
        struct test_record record;
        record_of(&record, (struct str){bytes, size}, NULL);
        struct event event;
        event_read(&record.record, &event);
        counts[event.worth]++;
        free(bytes);
        check_result(&event);
        event_finish(&event);
    }
    for (size_t worth = 0; worth < 3; worth++)
        assert_true(counts[worth] > (size_t)turns / 100);
}

/* The figure of the hot path: an event of 500 bytes, structured. */
static void says_how_long_it_takes(void **state)
{
    (void)state;
    static const char padding[] =
        PLUS("\"subject\":\"" GUID_A "\",\"time\":\"2026-03-01T08:30:00Z\"");
    struct test_record record;
    record_of(&record, BYTES(padding), NULL);
    int turns = 20000 / test_share();
    struct timespec start;
    struct timespec end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (int turn = 0; turn < turns; turn++) {
        struct event event;
        event_read(&record.record, &event);
        assert_int_equal(event.worth, EVENT_GOOD);
        event_finish(&event);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double us =
        (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
    printf("FIGURE event_read of %zu bytes: %.2f us of CPU\n", sizeof padding - 1, us / turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(keeps_the_limit_of_a_value),
        cmocka_unit_test(survives_mutated_bytes),
        cmocka_unit_test(says_how_long_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
