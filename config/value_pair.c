/* The same option of two settings: alike, and changed for each other. */
#include "config/value.h"

#include <assert.h>
#include <string.h>

static size_t size_of(const struct option *option)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return sizeof(char *);
    case OPTION_DURATION:
    case OPTION_SIZE:
        return sizeof(int64_t);
    case OPTION_COUNT:
        return sizeof(int);
    case OPTION_CHOICE:
        return sizeof(unsigned);
    case OPTION_SWITCH:
        return sizeof(bool);
    case OPTION_LIST:
        return sizeof(struct strings);
    case OPTION_MAP:
        return sizeof(struct pairs);
    }
    assert(!"a kind that does not exist");
    return 0;
}

static bool lists_equal(const struct strings *a, const struct strings *b)
{
    size_t i = 0;

    while (i < a->count && i < b->count && strcmp(a->items[i], b->items[i]) == 0) {
        i++;
    }
    return i == a->count && i == b->count;
}

static bool has_pair(const struct pairs *map, const struct pair *pair)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[i].name, pair->name) == 0) {
            return strcmp(map->items[i].value, pair->value) == 0;
        }
    }
    return false;
}

static bool maps_equal(const struct pairs *a, const struct pairs *b)
{
    size_t i = 0;

    while (i < a->count && has_pair(b, &a->items[i])) {
        i++;
    }
    return i == a->count && a->count == b->count;
}

bool value_equals(const struct settings *a, const struct settings *b, const struct option *option)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return strcmp(value_text(a, option), value_text(b, option)) == 0;
    case OPTION_LIST:
        return lists_equal(value_list(a, option), value_list(b, option));
    case OPTION_MAP:
        return maps_equal(value_map(a, option), value_map(b, option));
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_COUNT:
    case OPTION_CHOICE:
    case OPTION_SWITCH:
        break;
    }
    return memcmp((const char *)a + option->offset, (const char *)b + option->offset,
                  size_of(option)) == 0;
}

void value_swap(struct settings *a, struct settings *b, const struct option *option)
{
    char held[sizeof(struct pairs)];
    size_t size = size_of(option);

    assert(size <= sizeof held);
    memcpy(held, (char *)a + option->offset, size);
    memcpy((char *)a + option->offset, (char *)b + option->offset, size);
    memcpy((char *)b + option->offset, held, size);
}
