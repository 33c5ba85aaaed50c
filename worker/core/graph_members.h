#pragma once

#include "worker/core/event.h"
#include "worker/core/graph_version.h"

#include <cjson/cJSON.h>

/* What Graph's two request types have for members (facts: graph 1.3, 1.5), so far as we judge them:
 * types, what each version calls them, and names that a server which ignores case would take for
 * known ones. It is the one table by which bodies are checked
 * (graph_check.h) and translated (graph_shape.h).
 * Unknown members are Graph's business and pass on, from beta to beta. */

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
    SHAPE_WORD, /* a name: `AdminAdd` on beta, `adminAdd` on v1.0 */
    SHAPE_GUID,
    SHAPE_TIME, /* RFC 3339 with a zone */
    SHAPE_BOOLEAN,
    SHAPE_LIST,    /* of objects with the members `inside`; NULL: of anything */
    SHAPE_OBJECT,  /* with the members `inside` */
    SHAPE_DROPPED, /* read-only: not sent on */
};

struct member {
    enum shape shape;
    enum slot slot;
    const char *names[GRAPH_VERSIONS]; /* NULL: that version has no such member that may be sent */
    const struct member *inside;
    const char *wrap; /* v1.0 has it inside an object, under this name: catalogId, catalog.id */
};

/* The members of `data` of that kind; the last has no name. */
const struct member *graph_members(enum kind kind);
bool graph_member_is_last(const struct member *member);

/* The member that `name` equals in one of the versions, if case is ignored, or NULL. The letters
 * that Unicode folds to ASCII ones count as these. */
const struct member *graph_member_find(const struct member *members, const char *name);

/* What a version calls it that equals `name` but for case, or NULL. */
const char *graph_member_name_like(const struct member *member, const char *name);
