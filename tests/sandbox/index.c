#include "tests/sandbox/index.h"

#include "tests/sandbox/base.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_text(const char *text)
{ // FNV-1a
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return hash ^ (hash >> 29);
}

static struct index_slot *find_slot(const struct index *index, const char *key, uint64_t hash)
{
    size_t at = (size_t)hash & (index->room - 1);
    while (index->slots[at].key != NULL &&
           (index->slots[at].hash != hash || strcmp(index->slots[at].key, key) != 0)) {
        at = (at + 1) & (index->room - 1);
    }
    return &index->slots[at];
}

int32_t index_find(const struct index *index, const char *key)
{
    if (index->count == 0) {
        return INDEX_NONE;
    }
    const struct index_slot *slot = find_slot(index, key, hash_text(key));
    return slot->key == NULL ? INDEX_NONE : slot->value;
}

static void grow(struct index *index)
{
    struct index bigger = {.room = index->room == 0 ? 1024 : index->room * 2,
                           .count = index->count};
    bigger.slots = memory_need(calloc(bigger.room, sizeof *bigger.slots));
    for (size_t i = 0; i < index->room; i++) {
        if (index->slots[i].key != NULL) {
            *find_slot(&bigger, index->slots[i].key, index->slots[i].hash) = index->slots[i];
        }
    }
    free(index->slots);
    *index = bigger;
}

void index_put(struct index *index, const char *key, int32_t value)
{
    if (index->count * 2 >= index->room) {
        grow(index);
    }
    uint64_t hash = hash_text(key);
    struct index_slot *slot = find_slot(index, key, hash);
    if (slot->key == NULL) {
        *slot = (struct index_slot){.key = memory_need(strdup(key)), .hash = hash};
        index->count++;
    }
    slot->value = value;
}

void index_finish(struct index *index)
{
    for (size_t i = 0; i < index->room; i++) {
        free(index->slots[i].key);
    }
    free(index->slots);
    *index = (struct index){0};
}
