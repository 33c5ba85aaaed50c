#include "tests/sim/workload.h"

#include "tests/sim/node.h"
#include "worker/core/rfc3339.h"

#include <stdio.h>
#include <string.h>

enum {
    VALUE_MAX = 640,
    SUBJECT_MOST_EVENTS = 6, /* so that Graph's lists stay short */
    KEYS_EACH = 16,          /* of a partition */
};

void subject_guid(const struct sim_subject *subject, unsigned what, char ret[GUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    memcpy(ret, "00000000-0000-4000-8000-000000000000", GUID_SIZE);
    ret[0] = digits[what];
    unsigned number = (unsigned)subject->number;
    for (size_t at = 35; number > 0; at--, number >>= 4)
        ret[at] = digits[number & 15];
}

struct sim_record *record_of(const struct request *rq)
{
    return rq->record.handle;
}

/* ---- values -------------------------------------------------------------------------------------
 */

static int write_assignment(const struct sim_event *event, unsigned body, const char *rest,
                            char *ret)
{
    char target[GUID_SIZE], package[GUID_SIZE], policy[GUID_SIZE], id[GUID_SIZE], why[48] = "";
    const struct sim_subject *subject = event->subject;
    if (event->number % 2 == 0 || body > 0)
        (void)snprintf(why, sizeof why, ",\"justification\":\"e%d/%u\"", event->number, body);
    if (event->type != REQUEST_TYPE_ADMIN_ADD) {
        subject_guid(subject, SUBJECT_ASSIGNMENT, id);
        return snprintf(ret, VALUE_MAX,
                        "{\"requestType\":\"%s\"%s%s,\"accessPackageAssignment\":{\"id\":\"%s\"}}",
                        request_type_name(event->type), rest, why, id);
    }
    subject_guid(subject, SUBJECT_TARGET, target);
    subject_guid(subject, SUBJECT_PACKAGE, package);
    subject_guid(subject, SUBJECT_POLICY, policy);
    return snprintf(ret, VALUE_MAX,
                    "{\"requestType\":\"AdminAdd\"%s%s,\"accessPackageAssignment\":{\"targetId\":"
                    "\"%s\",\"assignmentPolicyId\":\"%s\",\"accessPackageId\":\"%s\"}}",
                    rest, why, target, policy, package);
}

static int write_data(const struct sim_record *record, char *ret)
{
    const struct sim_event *event = record->event;
    const char *rest = record->sort == SORT_DRY ? ",\"isValidationOnly\":true" : "";
    if (event->subject->kind == KIND_ASSIGNMENT)
        return write_assignment(event, record->body, rest, ret);
    char catalog[GUID_SIZE], resource[GUID_SIZE];
    subject_guid(event->subject, SUBJECT_PACKAGE, catalog);
    subject_guid(event->subject, SUBJECT_RESOURCE, resource);
    return snprintf(ret, VALUE_MAX,
                    "{\"requestType\":\"AdminAdd\"%s,\"catalogId\":\"%s\",\"justification\":\"%u\","
                    "\"accessPackageResource\":{\"originId\":\"%s\",\"originSystem\":"
                    "\"AadGroup\"}}",
                    rest, catalog, record->body, resource);
}

static void add_header(struct world *world, struct sim_record *record, const char *name,
                       const char *value)
{
    struct header *header =
        (struct header *)(uintptr_t)&record->record.headers[record->record.header_count++];
    header->name = str_of(name);
    header->value = world_text(world, value, strlen(value));
}

/* Half of them in binary mode: they need no envelope. */
static void write_value(struct world *world, struct sim_record *record)
{
    char value[2 * VALUE_MAX], data[VALUE_MAX], id[24];
    const struct sim_event *event = record->event;
    const char *type = kind_type(event->subject->kind);
    int size = write_data(record, data);
    (void)snprintf(id, sizeof id, "e%d", event->number);
    if (record->sort == SORT_BAD)
        size = snprintf(data, sizeof data, "{\"requestType\":\"AdminAdd\"}");
    if (record->number % 2 == 0 && record->expiry_wall_ms == 0) {
        add_header(world, record, "ce_specversion", "1.0");
        add_header(world, record, "ce_id", id);
        add_header(world, record, "ce_source", "/sim");
        add_header(world, record, "ce_type", type);
        record->record.value = world_text(world, data, (size_t)size);
        return;
    }
    char expiry[64] = "", time[RFC3339_SIZE];
    if (record->expiry_wall_ms != 0) {
        rfc3339_format(record->expiry_wall_ms, time);
        (void)snprintf(expiry, sizeof expiry, ",\"expirytime\":\"%s\"", time);
    }
    size = snprintf(value, sizeof value,
                    "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/sim\",\"type\":\"%s\"%s,"
                    "\"data\":%s}",
                    id, type, expiry, data);
    record->record.value = world_text(world, value, (size_t)size);
}

/* ---- what is asked for --------------------------------------------------------------------------
 */

static struct sim_event *new_event(struct world *world, unsigned partition)
{
    struct workload *workload = &world->workload;
    struct sim_event *event = &workload->events[workload->event_count];
    *event = (struct sim_event){.number = (int)workload->event_count++};
    /* About somebody new, or somebody whom this partition knows. */
    struct sim_subject *subject = NULL;
    for (int i = 0; i < 3 && subject == NULL && workload->subject_count > 0; i++) {
        struct sim_subject *any =
            &workload->subjects[world_between(world, 0, (int64_t)workload->subject_count - 1)];
        if (any->partition == partition && any->events < SUBJECT_MOST_EVENTS)
            subject = any;
    }
    if (subject == NULL || world_chance(world, 7000)) {
        subject = &workload->subjects[workload->subject_count];
        *subject = (struct sim_subject){.number = (int)workload->subject_count++,
                                        .partition = partition,
                                        .kind = world_chance(world, 8500) ? KIND_ASSIGNMENT
                                                                          : KIND_RESOURCE};
    }
    subject->events++;
    event->subject = subject;
    event->type = REQUEST_TYPE_ADMIN_ADD;
    if (subject->kind == KIND_ASSIGNMENT && subject->events > 1 && world_chance(world, 5000))
        event->type =
            world_chance(world, 8000) ? REQUEST_TYPE_ADMIN_REMOVE : REQUEST_TYPE_ADMIN_UPDATE;
    return event;
}

static struct sim_event *choose_event(struct world *world, unsigned partition)
{
    struct workload *workload = &world->workload;
    if (workload->event_count == 0 || !world_chance(world, world->mix.duplicates))
        return new_event(world, partition);
    struct sim_event *event =
        &workload->events[world_between(world, 0, (int64_t)workload->event_count - 1)];
    /* Sent again by its producer: to the same partition as a rule. */
    return event->subject->partition == partition || world_chance(world, 2000)
               ? event
               : new_event(world, partition);
}

static enum sort choose_sort(struct world *world, const struct sim_event *event)
{
    if (event->first != NULL)
        return event->first->sort;
    if (world_chance(world, 300))
        return SORT_DRY;
    return world_chance(world, 200) ? SORT_BAD : SORT_REAL;
}

/* ---- order --------------------------------------------------------------------------------------
 */

struct last {
    struct sim_record *of_key[PARTITIONS_MAX][KEYS_EACH];
    struct sim_record *of_subject[WORKLOAD_RECORDS_MAX];
};

static void set_key(struct world *world, struct sim_record *record, struct last *last)
{
    static const char *const keys[KEYS_EACH] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                                "i", "j", "k", "l", "m", "n", "o", "p"};
    if (!world_chance(world, world->mix.keyed))
        return;
    size_t key = (size_t)world_between(world, 0, KEYS_EACH - 1);
    if (record->event != NULL) /* producers key by whom it is about */
        key = (size_t)record->event->subject->number % KEYS_EACH;
    record->record.key = str_of(keys[key]);
    struct sim_record **before = &last->of_key[record->record.partition][key];
    record->before_by_key = *before;
    *before = record;
}

/* The order of a subject is that of the ids that its records name: an add's are others than a
 * removal's. */
static void set_subject(struct sim_record *record, struct last *last)
{
    const struct sim_event *event = record->event;
    if (event == NULL || record->sort == SORT_BAD ||
        event->subject->partition != (unsigned)record->record.partition)
        return;
    bool by_id = event->type != REQUEST_TYPE_ADMIN_ADD;
    struct sim_record **before =
        &last->of_subject[(size_t)event->subject->number * 2 + (by_id ? 1 : 0)];
    record->before_by_subject = *before;
    *before = record;
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

static void on_append(struct world *world, void *what)
{
    struct sim_record *record = what;
    unsigned partition = (unsigned)record->record.partition;
    if (world_chance(world, 500)) /* the marker of a producer's transaction */
        kafka_append(world, partition, NULL);
    kafka_append(world, partition, record);
}

static void make_record(struct world *world, struct sim_record *record, int64_t at_ms)
{
    unsigned partition = (unsigned)world_between(world, 0, (int64_t)world->mix.partitions - 1);
    record->record = (struct record){
        .topic = "access-requests",
        .partition = (int32_t)partition,
        .timestamp_ms = -1,
        .timestamp_is_brokers = true,
        .headers = world_scrap(world, 6 * sizeof(struct header)),
        .handle = record,
    };
    if (world_chance(world, 200)) {
        record->sort = SORT_GARBAGE;
        record->record.value = str_of("no event");
        return;
    }
    struct sim_event *event = choose_event(world, partition);
    record->event = event;
    record->sort = choose_sort(world, event);
    record->body = event->first != NULL && world_chance(world, 1000) ? 1 : 0;
    if (record->sort == SORT_REAL && world_chance(world, 300))
        record->expiry_wall_ms =
            WORLD_EPOCH_MS + at_ms - WORLD_START_MS + world_between(world, 0, 60000);
    if (event->first == NULL)
        event->first = record;
    else if (world_chance(world, 2000))
        record->replay = true;
    record->same_event = event->last_record;
    event->last_record = record;
    write_value(world, record);
    if (record->replay)
        add_header(world, record, "usher-replay", "1");
}

/* Not one that is replayed: that is done by hand, when its answer is known. */
static void poison(struct sim_event *event)
{
    event->poison = true;
    for (const struct sim_record *record = event->last_record; record != NULL;
         record = record->same_event)
        if (record->replay)
            event->poison = false;
}

void workload_make(struct world *world, size_t count)
{
    struct workload *workload = &world->workload;
    assert(count <= WORKLOAD_RECORDS_MAX);
    *workload = (struct workload){
        .records = world_scrap(world, count * sizeof *workload->records),
        .events = world_scrap(world, count * sizeof *workload->events),
        .subjects = world_scrap(world, count * sizeof *workload->subjects),
        .count = count,
    };
    struct last *last = world_scrap(world, sizeof *last);
    *last = (struct last){0};
    int64_t at_ms = world->now_ms;
    for (size_t i = 0; i < count; i++) {
        struct sim_record *record = &workload->records[i];
        *record = (struct sim_record){.number = (int)i};
        at_ms += world_between(world, 0, 2 * world->mix.span_ms / (int64_t)count);
        make_record(world, record, at_ms);
        set_key(world, record, last);
        set_subject(record, last);
        world_plan(world, at_ms, on_append, record);
    }
    for (unsigned i = 0; i < world->mix.times[FAULT_POISON] && workload->event_count > 0; i++)
        poison(&workload->events[world_between(world, 0, (int64_t)workload->event_count - 1)]);
}
