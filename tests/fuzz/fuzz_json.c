/* The strict gate, and what is read behind it. Input: the text. Python's reader is its judge in
 * differential.py; here are the properties that need no judge. */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/event.h"
#include "worker/core/fault_codes.h"
#include "worker/core/json_read.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdlib.h>

static unsigned depth_of(const cJSON *tree)
{
    unsigned most = 0;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        unsigned depth = depth_of(item);
        most = depth > most ? depth : most;
    }
    return cJSON_IsObject(tree) || cJSON_IsArray(tree) ? most + 1 : 0;
}

static void check_texts(const cJSON *tree)
{
    if (tree->string != NULL)
        assert(utf8_is_valid(str_of(tree->string), NULL));
    if (cJSON_IsString(tree))
        assert(utf8_is_valid(str_of(tree->valuestring), NULL));
    for (const cJSON *item = tree->child; item != NULL; item = item->next)
        check_texts(item);
}

/* The walk over the bytes finds the tree's members, in their order, and each value's bytes say what
 * the tree says. */
static void check_walk(struct str text, const cJSON *tree)
{
    struct json_walk walk = json_walk_object(text);
    struct str member, value;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        struct json_fault fault;
        bool found = json_walk_next(&walk, &member, &value);
        assert(found && member.data >= text.data && member.data < value.data);
        assert(value.data + value.size <= text.data + text.size);
        assert(value.data + value.size == member.data + member.size);
        cJSON *alone = json_parse(value, &fault);
        assert(alone != NULL && cJSON_Compare(alone, item, true));
        cJSON_Delete(alone);
    }
    assert(!json_walk_next(&walk, &member, &value));
}

/* Without white space it is the same value, and there is no more to take away. */
static void check_compact(struct str text, const cJSON *tree)
{
    char *once = malloc(text.size), *twice = malloc(text.size);
    assert(once != NULL && twice != NULL);
    struct str compact = {once, json_compact(text, once)};
    assert(compact.size <= text.size && json_compact(compact, twice) == compact.size);
    assert(memcmp(once, twice, compact.size) == 0);
    cJSON *again = check_json(compact);
    assert(cJSON_Compare(tree, again, true));
    cJSON_Delete(again);
    free(once);
    free(twice);
}

static void check_accepted(struct str text, cJSON *tree)
{
    struct json_fault fault;
    assert(text.size <= RECORD_BYTES_MAX && depth_of(tree) <= EVENT_DEPTH_MAX);
    assert(utf8_is_valid(text, NULL) && memchr(text.data, '\0', text.size) == NULL);
    check_texts(tree);
    if (!json_check(tree, &fault)) {
        assert(fault_code_find(fault.code) != NULL);
        return;
    }
    check_compact(text, tree);
    if (cJSON_IsObject(tree))
        check_walk(text, tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct json_fault fault;
    input_init(&input, data, size);
    struct str text = input_rest(&input);
    bool passed = json_gate(text, &fault);
    assert(passed == (fault.code == NULL));
    if (!passed) {
        assert(fault_code_find(fault.code) != NULL && fault.offset <= text.size);
        assert(utf8_is_printable(str_of(fault.message)) && fault.message[0] != '\0');
    }
    cJSON *tree = json_parse(text, &fault);
    assert((tree != NULL) == passed); /* cJSON reads all that passes */
    if (passed)
        check_accepted(text, tree);
    cJSON_Delete(tree);
    input_finish(&input);
    return 0;
}
