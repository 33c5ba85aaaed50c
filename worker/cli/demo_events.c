#include "worker/cli/demo_events.h"

#include <stdlib.h>

enum {
    REPEATED_OF_1000 = 100,
    BAD_OF_1000 = 50,
    BACK_MAX = 500, /* how far back an event is looked for that another follows or repeats */
};

#define A KIND_ASSIGNMENT
#define R KIND_RESOURCE

static const struct demo_fate fates[DEMO_SORTS] = {
    [DEMO_HIRE] = {"a hire", A, ANSWER_SUBMITTED, "", false, 500, DEMO_HIRE},
    [DEMO_HIRE_DRY] = {"a hire's dry run", A, ANSWER_VALIDATED, "", false, 80, DEMO_HIRE_DRY},
    [DEMO_HIRE_AGAIN] = {"a hire that stands", A, ANSWER_EXISTING, "", false, 50, DEMO_HIRE},
    [DEMO_HIRE_CONFLICT] = {"a known id with another body", A, ANSWER_REJECTED, "idConflict", false,
                            20, DEMO_HIRE},
    [DEMO_LEAVE] = {"a removal of what is gone", A, ANSWER_EXISTING, "", false, 30, DEMO_LEAVE},
    [DEMO_RESOURCE] = {"a resource", R, ANSWER_SUBMITTED, "", false, 180, DEMO_RESOURCE},
    [DEMO_RESOURCE_DRY] = {"a resource's dry run", R, ANSWER_VALIDATED, "", false, 40,
                           DEMO_RESOURCE_DRY},
    [DEMO_RESOURCE_AGAIN] = {"a resource that stands", R, ANSWER_EXISTING, "", false, 20,
                             DEMO_RESOURCE},
    [DEMO_RESOURCE_REMOVE] = {"a resource's removal", R, ANSWER_SUBMITTED, "", false, 40,
                              DEMO_RESOURCE},
    [DEMO_EXPIRED] = {"an expired hire", A, ANSWER_EXPIRED, "", false, 20, DEMO_EXPIRED},
    [DEMO_REFUSED] = {"a resource of no known system", R, ANSWER_REJECTED, "ArgumentException",
                      false, 20, DEMO_REFUSED},
    [DEMO_BAD_CUT] = {"JSON that was cut", A, ANSWER_REJECTED, "notJson", true, 0, DEMO_BAD_CUT},
    [DEMO_BAD_FRAME] = {"a schema registry's frame", A, ANSWER_REJECTED, "schemaRegistryFrame",
                        true, 0, DEMO_BAD_FRAME},
    [DEMO_BAD_UTF8] = {"wrong UTF-8", A, ANSWER_REJECTED, "invalidUtf8", true, 0, DEMO_BAD_UTF8},
    [DEMO_BAD_EMPTY] = {"an empty value", A, ANSWER_REJECTED, "emptyValue", true, 0,
                        DEMO_BAD_EMPTY},
    [DEMO_BAD_MARK] = {"a byte order mark", A, ANSWER_REJECTED, "byteOrderMark", true, 0,
                       DEMO_BAD_MARK},
    [DEMO_BAD_LIST] = {"a list", A, ANSWER_REJECTED, "notObject", true, 0, DEMO_BAD_LIST},
    [DEMO_BAD_NO_TYPE] = {"no type", A, ANSWER_REJECTED, "missingAttribute", true, 0,
                          DEMO_BAD_NO_TYPE},
    [DEMO_BAD_TYPE] = {"an unknown type", A, ANSWER_REJECTED, "unknownType", false, 0,
                       DEMO_BAD_TYPE},
    [DEMO_BAD_MISSING] = {"a missing member", A, ANSWER_REJECTED, "missingMember", false, 0,
                          DEMO_BAD_MISSING},
    [DEMO_BAD_TWICE] = {"a member that stands twice", A, ANSWER_REJECTED, "duplicateMember", false,
                        0, DEMO_BAD_TWICE},
    [DEMO_BAD_CASE] = {"a member in other case", A, ANSWER_REJECTED, "memberCase", false, 0,
                       DEMO_BAD_CASE},
    [DEMO_BAD_DELEGATED] = {"a request that only a person may send", A, ANSWER_REJECTED,
                            "delegatedOnly", false, 0, DEMO_BAD_DELEGATED},
};

const struct demo_fate *demo_fate(enum demo_sort sort)
{
    return &fates[sort];
}

uint64_t demo_mix(uint64_t number) /* splitmix64 */
{
    number += 0x9E3779B97F4A7C15U;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31);
}

/* Answered from Redis with the stored reply. What had no effect may be worked on anew instead, and
 * a refusal by us is never stored. */
static bool is_repeatable(const struct demo_event *event, uint32_t number)
{
    enum answer answer = fates[event->sort].answer;
    return event->same_as == number &&
           (answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING || answer == ANSWER_VALIDATED);
}

/* An earlier event that nothing has followed yet, so that its state is known; `number` itself if
 * there is none. */
static uint32_t find_followed(const struct demo_events *events, uint32_t number,
                              enum demo_sort sort)
{
    for (uint32_t i = number; i-- > 0 && number - i <= BACK_MAX;) {
        const struct demo_event *event = &events->items[i];
        if (event->sort == sort && event->same_as == i && !event->is_followed)
            return i;
    }
    return number;
}

static uint32_t find_repeated(const struct demo_events *events, uint32_t number, uint64_t chance)
{
    uint32_t back = number < BACK_MAX ? number : BACK_MAX;
    for (uint32_t i = back > 0 ? number - 1 - (uint32_t)(chance % back) : 0; i < number; i++) {
        if (is_repeatable(&events->items[i], i))
            return i;
    }
    return number;
}

static enum demo_sort choose_good(uint64_t chance)
{
    unsigned left = (unsigned)(chance % 1000);
    for (enum demo_sort sort = DEMO_HIRE; sort < DEMO_SORTS; sort++) {
        if (left < fates[sort].share)
            return sort;
        left -= fates[sort].share;
    }
    return DEMO_HIRE;
}

static void choose(struct demo_events *events, uint32_t number, enum demo_sort *next_bad)
{
    struct demo_event *event = &events->items[number];
    uint64_t chance = demo_mix(number);
    unsigned which = (unsigned)(chance % 1000);
    chance = demo_mix(chance);
    uint32_t repeated = find_repeated(events, number, chance);
    *event = (struct demo_event){.about = number, .same_as = number, .is_binary = chance >> 63};
    if (which < REPEATED_OF_1000 && repeated != number) {
        *event = events->items[repeated];
        event->same_as = repeated;
    } else if (which < REPEATED_OF_1000 + BAD_OF_1000) {
        event->sort = *next_bad;
        *next_bad = *next_bad + 1 < DEMO_SORTS ? *next_bad + 1 : DEMO_BAD_CUT;
    } else {
        event->sort = choose_good(chance);
        enum demo_sort followed = fates[event->sort].followed;
        if (followed != event->sort) {
            event->about = find_followed(events, number, followed);
            events->items[event->about].is_followed = true;
            if (event->about == number) /* too early */
                *event = (struct demo_event){.about = number, .same_as = number};
        }
    }
}

/* Keyed by person or resource: what follows an event comes after it in its partition. */
static void place(struct demo_events *events, uint32_t number)
{
    struct demo_event *event = &events->items[number];
    int partition = (int)(demo_mix(event->about) % DEMO_PARTITIONS);
    uint32_t at = events->filled[partition]++;
    event->partition = partition;
    event->offset = at;
    events->by_offset[partition][at] = number;
}

bool demo_events_init(struct demo_events *events, uint32_t count)
{
    enum demo_sort next_bad = DEMO_BAD_CUT;
    *events = (struct demo_events){.count = count};
    events->items = calloc(count, sizeof *events->items);
    bool has_memory = events->items != NULL;
    for (int i = 0; i < DEMO_PARTITIONS; i++) {
        events->by_offset[i] = calloc(count, sizeof *events->by_offset[i]);
        has_memory = has_memory && events->by_offset[i] != NULL;
    }
    for (uint32_t i = 0; has_memory && i < count; i++) {
        choose(events, i, &next_bad);
        place(events, i);
    }
    return has_memory;
}

void demo_events_finish(struct demo_events *events)
{
    free(events->items);
    for (int i = 0; i < DEMO_PARTITIONS; i++)
        free(events->by_offset[i]);
    *events = (struct demo_events){0};
}

struct demo_event *demo_events_find(const struct demo_events *events, int partition, int64_t offset)
{
    if (partition < 0 || partition >= DEMO_PARTITIONS || offset < 0 ||
        offset >= events->filled[partition])
        return NULL;
    return &events->items[events->by_offset[partition][offset]];
}
