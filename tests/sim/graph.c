#include "tests/sim/world.h"

#include "worker/core/rfc3339.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DELIVERY_MOST_MS = 20000, PAUSE_MOST_MS = 20000 };

int64_t graph_wall_ms(const struct world *world)
{
    return world_wall_ms(world) + world->mix.graph_clock_ms;
}

/* ---- what stands --------------------------------------------------------------------------------
 */

static bool is_removal(enum request_type type)
{
    return type == REQUEST_TYPE_ADMIN_REMOVE;
}

static bool is_add(enum request_type type)
{
    return type == REQUEST_TYPE_ADMIN_ADD;
}

/* Is the person assigned, the resource in the catalog, as it was at that time? */
static bool is_present(const struct sim_subject *subject, int64_t at_ms)
{
    bool present = false;
    for (const struct row *row = subject->rows; row != NULL; row = row->next) {
        if (row->delivered_ms > at_ms)
            continue;
        if (is_add(row->type))
            present = true;
        else if (is_removal(row->type))
            present = false;
    }
    return present;
}

/* Was it ever? Then Graph goes on to show the assignment, as one that has ended. */
static bool was_present(const struct sim_subject *subject, int64_t at_ms)
{
    for (const struct row *row = subject->rows; row != NULL; row = row->next)
        if (is_add(row->type) && row->delivered_ms <= at_ms)
            return true;
    return false;
}

static const struct row *open_row(const struct sim_subject *subject, int64_t at_ms)
{
    for (const struct row *row = subject->rows; row != NULL; row = row->next)
        if (row->applied_ms <= at_ms && row->delivered_ms > at_ms)
            return row;
    return NULL;
}

bool graph_stands(const struct sim_event *event, int64_t at_ms)
{
    const struct row *open = open_row(event->subject, at_ms);
    if (open != NULL && open->type == event->type)
        return true;
    return is_present(event->subject, at_ms) != is_removal(event->type);
}

bool graph_stood_since(const struct sim_event *event, int64_t since_ms, int64_t now_ms)
{
    if (graph_stands(event, since_ms) || graph_stands(event, now_ms))
        return true;
    for (const struct row *row = event->subject->rows; row != NULL; row = row->next)
        if ((row->applied_ms >= since_ms &&
             (graph_stands(event, row->applied_ms) || row->type == event->type)) ||
            (row->delivered_ms >= since_ms && row->delivered_ms <= now_ms &&
             graph_stands(event, row->delivered_ms)))
            return true;
    return false;
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static struct graph_said say(struct world *world, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct graph_said say(struct world *world, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(world->graph.body, sizeof world->graph.body, format, arguments);
    va_end(arguments);
    return (struct graph_said){.status = status,
                               .body = {world->graph.body, (size_t)size},
                               .retry_after_ms = -1};
}

static struct graph_said refuse(struct world *world, int status, const char *code)
{
    return say(world, status, "{\"error\":{\"code\":\"%s\",\"message\":\"no\"}}", code);
}

/* What a busy or broken Graph says of any call. status 0: it is well. */
static struct graph_said misbehave(struct world *world)
{
    if (world_fault(world, FAULT_GRAPH_BUSY)) {
        int status = world_chance(world, 7000) ? 429 : 503;
        struct graph_said said = refuse(world, status, "TooManyRequests");
        if (world_chance(world, 8000))
            said.retry_after_ms = world_between(world, 0, PAUSE_MOST_MS);
        world->counts.throttles++;
        return said;
    }
    return (struct graph_said){0};
}

/* An error before anything was applied. */
static struct graph_said fail(struct world *world, bool after)
{
    static const struct {
        int status;
        const char *code; /* NULL: no error body */
        bool after;       /* may come although it was applied */
    } errors[] = {
        {500, NULL, true},
        {502, NULL, true},
        {504, "UnknownError", true},
        {408, NULL, true},
        {302, NULL, true},
        {403, NULL, true},
        {500, "InternalServerError", true},
        {400, "ResourceNotFoundInOriginSystem", false},
        {404, "ResourceNotFound", false},
        {401, "InvalidAuthenticationToken", false},
    };
    size_t most = sizeof errors / sizeof *errors - 1, i;
    do
        i = (size_t)world_between(world, 0, (int64_t)most);
    while (after && !errors[i].after);
    world->counts.errors++;
    if (errors[i].code != NULL)
        return refuse(world, errors[i].status, errors[i].code);
    return say(world, errors[i].status, "<html>");
}

/* Graph's own word on an add, removal or update that is not possible; status 0: it is. */
static struct graph_said judge(struct world *world, const struct sim_event *event)
{
    const struct sim_subject *subject = event->subject;
    bool present = is_present(subject, world->now_ms);
    const struct row *open = open_row(subject, world->now_ms);
    /* Refused in any case: what needs an assignment that never was, and, since a catalog is a set,
       a resource that is in it. */
    if (!is_add(event->type) && !was_present(subject, world->now_ms))
        return refuse(world, 404, "InvalidRequestNoActiveGrant");
    if (!world->mix.rejects_duplicates && subject->kind != KIND_RESOURCE)
        return (struct graph_said){0};
    if (open != NULL && subject->kind == KIND_ASSIGNMENT)
        return refuse(world, 400, "ExistingOpenRequest");
    if (is_add(event->type) && (present || open != NULL))
        return subject->kind == KIND_RESOURCE ? refuse(world, 400, "ResourceAlreadyOnboarded")
                                              : refuse(world, 409, "InvalidRequestExistingGrant");
    if (is_removal(event->type) && !present)
        return refuse(world, 404, "InvalidRequestNoActiveGrant");
    return (struct graph_said){0};
}

static void carry_out(struct world *world, struct sim_record *record, bool was_dry_run)
{
    struct sim_event *event = record->event;
    struct sim_subject *subject = event->subject;
    struct row *row = world_scrap(world, sizeof *row);
    int64_t takes_ms =
        subject->kind == KIND_RESOURCE ? 0 : world_between(world, 0, DELIVERY_MOST_MS);
    *row = (struct row){
        .event = event,
        .record = record,
        .type = event->type,
        .body = record->body,
        .applied_ms = world->now_ms,
        .delivered_ms = world->now_ms + (world_chance(world, 3000) ? takes_ms : 0),
        .created_wall_ms = graph_wall_ms(world),
        .was_dry_run = was_dry_run,
    };
    if (subject->last_row == NULL)
        subject->rows = row;
    else
        subject->last_row->next = row;
    subject->last_row = row;
    check_applied(world, record, was_dry_run);
}

struct graph_said graph_post(struct world *world, struct sim_record *record, bool dry_run)
{
    *(dry_run ? &world->graph.dry_runs : &world->graph.posts) += 1;
    struct graph_said said = misbehave(world);
    if (said.status != 0)
        return said;
    bool fails = world_fault(world, FAULT_GRAPH_ERROR), after = world_chance(world, 5000);
    if (fails && !after)
        return fail(world, false);
    said = judge(world, record->event);
    if (said.status != 0)
        return said;
    bool is_unsafe = dry_run && world_fault(world, FAULT_GRAPH_UNSAFE);
    bool applies = !dry_run || is_unsafe;
    if (applies)
        carry_out(world, record, dry_run);
    if (fails)
        said = fail(world, true);
    else
        said = say(world, dry_run && !is_unsafe ? 200 : 201,
                   "{\"id\":\"r%u\",\"requestState\":\"Submitted\",\"isValidationOnly\":%s}",
                   ++world->graph.numbers, dry_run && !is_unsafe ? "true" : "false");
    said.applied = applies;
    return said;
}

/* ---- reads --------------------------------------------------------------------------------------
 */

static void add(struct world *world, size_t *size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct world *world, size_t *size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof world->graph.body - *size;
    *size += (size_t)vsnprintf(world->graph.body + *size, room, format, arguments);
    va_end(arguments);
}

/* Rows as (target, package) of their own; what a filter leaves over is there as well. */
static void add_assignment(struct world *world, size_t *size, const struct sim_subject *subject,
                           bool stands)
{
    char id[GUID_SIZE], target[GUID_SIZE], package[GUID_SIZE];
    subject_guid(subject, SUBJECT_ASSIGNMENT, id);
    subject_guid(subject, SUBJECT_TARGET, target);
    subject_guid(subject, SUBJECT_PACKAGE, package);
    add(world, size,
        "{\"id\":\"%s\",\"accessPackageId\":\"%s\",\"assignmentState\":\"%s\","
        "\"target\":{\"objectId\":\"%s\"}}",
        id, package, stands ? "Delivered" : "Expired", target);
}

static void add_request(struct world *world, size_t *size, const struct row *row, int64_t seen_ms)
{
    const struct sim_subject *subject = row->event->subject;
    char id[GUID_SIZE], target[GUID_SIZE], package[GUID_SIZE], created[RFC3339_SIZE];
    subject_guid(subject, SUBJECT_ASSIGNMENT, id);
    subject_guid(subject, SUBJECT_TARGET, target);
    subject_guid(subject, SUBJECT_PACKAGE, package);
    rfc3339_format(row->created_wall_ms, created);
    add(world, size,
        "{\"requestType\":\"%s\",\"requestState\":\"%s\",\"createdDateTime\":\"%s\","
        "\"accessPackage\":{\"id\":\"%s\"},\"accessPackageAssignment\":{\"id\":\"%s\","
        "\"target\":{\"objectId\":\"%s\"}}",
        request_type_name(row->type), row->delivered_ms > seen_ms ? "Submitted" : "Delivered",
        created, package, id, target);
    if (row->record->record.value.size > 0 && row->event->number % 2 == 0)
        add(world, size, ",\"justification\":\"e%d/%u\"", row->event->number, row->body);
    add(world, size, "}");
}

static void add_resource(struct world *world, size_t *size, const struct sim_subject *subject,
                         int64_t seen_ms)
{
    char id[GUID_SIZE], added[RFC3339_SIZE] = "";
    subject_guid(subject, SUBJECT_RESOURCE, id);
    for (const struct row *row = subject->rows; row != NULL && added[0] == '\0'; row = row->next)
        if (is_add(row->type) && row->delivered_ms <= seen_ms)
            rfc3339_format(row->created_wall_ms, added);
    add(world, size, "{\"id\":\"%s\",\"originId\":\"%s\",\"addedOn\":\"%s\"}", id, id, added);
}

/* Some replica of Graph's directory answers, as it was some time ago. */
struct graph_said graph_get(struct world *world, const struct sim_record *record,
                            enum graph_list list)
{
    const struct sim_subject *subject = record->event->subject;
    world->graph.looks++;
    struct graph_said said = misbehave(world);
    if (said.status != 0)
        return said;
    if (world_fault(world, FAULT_GRAPH_ERROR))
        return fail(world, false);
    int64_t seen_ms = world->now_ms;
    if (mix_has(&world->mix, FAULT_GRAPH_STALE))
        seen_ms -= world_between(world, 0, world->mix.stale_ms);
    size_t size = 0;
    add(world, &size, "{\"value\":[");
    if (list == GRAPH_REQUESTS) {
        bool first = true;
        for (const struct row *row = subject->rows; row != NULL; row = row->next) {
            if (row->applied_ms > seen_ms)
                continue;
            add(world, &size, first ? "%s" : ",%s", "");
            add_request(world, &size, row, seen_ms);
            first = false;
        }
    } else if (list == GRAPH_ASSIGNMENTS && was_present(subject, seen_ms)) {
        add_assignment(world, &size, subject, is_present(subject, seen_ms));
    } else if (list == GRAPH_RESOURCES && is_present(subject, seen_ms)) {
        add_resource(world, &size, subject, seen_ms);
    }
    add(world, &size, "]}");
    return (
        struct graph_said){.status = 200, .body = {world->graph.body, size}, .retry_after_ms = -1};
}
