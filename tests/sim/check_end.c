/* What can be said only when all is over: is each answer true? */
#include "tests/sim/node.h"

#include <string.h>

enum { DATE_STEP_MS = 1000 };

/* Did the event's effect stand at some time since the first record of it? Or since the second
 * before: an intent has the time of Graph's Date, in whole seconds. */
static bool stood(const struct world *world, const struct sim_record *record)
{
    int64_t since_ms = record->event->first->appended_ms - DATE_STEP_MS;
    return graph_stood_since(record->event, since_ms, world->now_ms);
}

/* Beyond what excuses a second grant: what Redis forgot, another record with the same id may have
 * taken; and of what it may have forgotten, clocks that differ at all make another event's request
 * look like ours, and a resource of ours look older than our request. */
static bool is_excused(const struct world *world, const struct sim_record *record)
{
    const struct sim_event *event = record->event;
    bool has_others = event->forgotten && event->first != event->last_record;
    bool clocks_differ = event->doubted && world->mix.graph_clock_ms != 0;
    bool may_mistake = record->answer == ANSWER_SUBMITTED || event->subject->kind == KIND_RESOURCE;
    return check_is_excused(world, event) ||
           (mix_kinds(&world->mix) > 1 && (has_others || (clocks_differ && may_mistake)));
}

static void check_truth(struct world *world, const struct sim_record *record)
{
    const struct sim_event *event = record->event;
    bool lies = false;
    switch (record->answer) {
    case ANSWER_SUBMITTED:
        /* Another event may have asked for the very same: a look-up takes it for ours. */
        world->counts.mistaken += event->grants + event->dry_grants == 0;
        lies = event->grants + event->dry_grants == 0 && !stood(world, record);
        break;
    case ANSWER_EXISTING:
        lies = !stood(world, record);
        break;
    case ANSWER_FAILED:
    case ANSWER_REJECTED:
    case ANSWER_EXPIRED:
    case ANSWER_VALIDATED:
        lies = record->grants > 0;
        break;
    default:
        break;
    }
    if (lies && is_excused(world, record))
        world->counts.lies_forgotten++;
    else if (lies)
        check_fail(world, "I6",
                   "record %d is answered %s (%s), and its event %d was granted %u times",
                   record->number, answer_name(record->answer), record->code, event->number,
                   event->grants);
    bool alone = mix_kinds(&world->mix) == 1;
    if (record->dry_granted && record->answer == ANSWER_VALIDATED && alone)
        check_fail(world, "I6", "record %d is answered validated, and its dry run was a grant",
                   record->number);
}

/* It is answered what the record keeps in Redis, and the event's reply was of an earlier or later
 * owner: both say that it stands, or one knew more than the other. */
static bool is_in_accord(const struct sim_record *duplicate, const struct sim_record *first)
{
    enum answer a = duplicate->answer, b = first->answer;
    bool both_stand = (a == ANSWER_SUBMITTED || a == ANSWER_EXISTING) &&
                      (b == ANSWER_SUBMITTED || b == ANSWER_EXISTING);
    bool had_owners = first->event->takeovers > 0 || first->event->doubted;
    return a == b || (had_owners && (both_stand || a == ANSWER_UNKNOWN || b == ANSWER_UNKNOWN));
}

/* Another record of the event was answered the same, first hand. */
static void check_duplicate(struct world *world, const struct sim_record *record)
{
    for (const struct sim_record *other = record->event->last_record; other != NULL;
         other = other->same_event)
        if (other != record && !other->duplicate && is_in_accord(record, other))
            return;
    if (!record->event->forgotten)
        check_fail(world, "I7", "record %d is answered %s as a duplicate of none of event %d",
                   record->number, answer_name(record->answer), record->event->number);
}

/* A crash loop is answered so after three takeovers only: a crash, or a zombie, cannot be told
 * apart. */
static void check_crash_loop(struct world *world, const struct sim_record *record)
{
    bool is_loop = strcmp(record->code, "crashLoop") == 0;
    if (is_loop && record->event->takeovers < 3)
        check_fail(world, "crashLoop", "record %d is answered so after %u takeovers",
                   record->number, record->event->takeovers);
    world->counts.crash_loops += is_loop;
}

/* What no fault explains. */
static void check_calm(struct world *world, const struct sim_record *record)
{
    bool is_answer_to_trouble = record->answer == ANSWER_UNKNOWN || record->answer == ANSWER_FAILED;
    if (world->mix.kinds == 0 && is_answer_to_trouble)
        check_fail(world, "calm", "record %d is answered %s (%s) in a world without faults",
                   record->number, answer_name(record->answer), record->code);
    if (record->sort == SORT_BAD && record->answer != ANSWER_REJECTED)
        check_fail(world, "I10", "record %d is answered %s", record->number,
                   answer_name(record->answer));
}

void check_end(struct world *world)
{
    const struct workload *workload = &world->workload;
    for (size_t i = 0; i < workload->count; i++) {
        const struct sim_record *record = &workload->records[i];
        if (record->replies == 0) {
            check_fail(world, "I1", "record %d is not answered", record->number);
            continue;
        }
        world->counts.answers[record->answer]++;
        world->counts.duplicates += record->duplicate;
        check_calm(world, record);
        if (record->event == NULL)
            continue;
        check_truth(world, record);
        check_crash_loop(world, record);
        if (record->duplicate)
            check_duplicate(world, record);
    }
}

void counts_add(struct counts *to, const struct counts *from)
{
    uint64_t *sums = (uint64_t *)to;
    const uint64_t *numbers = (const uint64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *sums; i++)
        sums[i] += numbers[i];
}
