#pragma once

#include "worker/core/arena.h"
#include "worker/core/event.h"

#include <cjson/cJSON.h>

/* What Graph's two request types have for members (facts: graph 1.3, 1.5), so far as we judge them:
 * types, and names that a server which ignores case would take for known ones. Unknown members are
 * Graph's business and pass on. */

/* The members that something here asks for. */
enum slot {
    SLOT_NONE,
    SLOT_REQUEST_TYPE,
    SLOT_VALIDATION_ONLY,
    SLOT_ASSIGNMENT, /* accessPackageAssignment */
    SLOT_ASSIGNMENT_ID,
    SLOT_PACKAGE_ID,
    SLOT_PACKAGE_NAV_ID,     /* accessPackage.id of the assignment */
    SLOT_REQUEST_PACKAGE_ID, /* accessPackage.id of the request */
    SLOT_POLICY_ID,
    SLOT_TARGET_ID,
    SLOT_OBJECT_ID,           /* target.objectId */
    SLOT_EMAIL,               /* target.email */
    SLOT_ORGANIZATION_ID,     /* target.connectedOrganizationId */
    SLOT_ORGANIZATION_NAV_ID, /* target.connectedOrganization.id */
    SLOT_RESOURCE,            /* accessPackageResource */
    SLOT_RESOURCE_ID,
    SLOT_ORIGIN_ID,
    SLOT_ORIGIN_SYSTEM,
    SLOT_CATALOG_ID,
    SLOT_SCHEDULE,            /* of the request */
    SLOT_ASSIGNMENT_SCHEDULE, /* of its assignment */
    SLOT_COUNT,
};

enum shape {
    SHAPE_ANY,
    SHAPE_TEXT,
    SHAPE_GUID,
    SHAPE_TIME, /* RFC 3339 with a zone */
    SHAPE_BOOLEAN,
    SHAPE_LIST,
    SHAPE_OBJECT,  /* with the members `inside` */
    SHAPE_DROPPED, /* read-only: not sent on */
};

struct member {
    const char *name;
    enum shape shape;
    enum slot slot;
    const struct member *inside;
};

/* The members of `data` of that kind; the last has no name. */
const struct member *graph_members(enum kind kind);

/* The member that `name` equals, if case is ignored, or NULL. The letters that Unicode folds to
 * ASCII ones count as these. */
const struct member *graph_member_find(const struct member *members, const char *name);

/* What has been found so far: items that are there, not null and not the empty text. */
struct findings {
    const cJSON *items[SLOT_COUNT];
};

/* Checks one member of `data`, and what is inside it, and notes what it finds. `member` is the row
 * it equals but for case. False: the fault names its path. */
bool graph_member_check(const struct member *member, const cJSON *item, struct findings *findings,
                        struct fault *ret_fault);
