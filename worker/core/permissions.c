#include "worker/core/permissions.h"

#include <assert.h>
#include <stdio.h>

#define WRITE "EntitlementManagement.ReadWrite.All"
#define READ  "EntitlementManagement.Read.All"

static const struct origin {
    const char *name, *system, *permission;
} origins[PERMISSION_ORIGINS] = {
    {"groups", "AadGroup", "Group.ReadWrite.All"},
    {"applications", "AadApplication", "Application.ReadWrite.All"},
    {"sites", "SharePointOnline", "Sites.FullControl.All"},
};

/* The least role of entitlement management that does, in the words of the portal. */
static const char *role_of(enum kind kind)
{
    return kind == KIND_RESOURCE ? "Catalog owner" : "Access package assignment manager";
}

bool permission_may_be_of_parts(const struct token_roles *roles, const struct permission_view *view)
{
    return !view->list_is_allowed && !token_roles_have(roles, WRITE);
}

static enum permission judge_write(const struct permission_view *view, char *text)
{
    if (view->list_is_allowed) {
        snprintf(text, PERMISSION_TEXT_SIZE, "the token has " WRITE);
        return PERMISSION_GOOD;
    }
    snprintf(text, PERMISSION_TEXT_SIZE,
             "the token has " WRITE ", and Graph refuses all the same: is the licence there (Entra "
             "ID P2 or ID Governance), and has it not run out");
    return PERMISSION_MISSING;
}

enum permission permission_of_kind(enum kind kind, const struct token_roles *roles,
                                   const struct permission_view *view,
                                   char text[PERMISSION_TEXT_SIZE])
{
    const char *part = kind == KIND_RESOURCE ? "catalogs" : "access_packages";
    const char *role = role_of(kind);
    if (token_roles_have(roles, WRITE))
        return judge_write(view, text);
    if (view->parts_allowed > 0 && view->parts_allowed == view->parts) {
        snprintf(
            text, PERMISSION_TEXT_SIZE,
            "Graph lets us read all %u of policy.%s, by a role of entitlement management; that "
            "it is %s, and not a reader's, shows at the first dry run",
            view->parts, part, role);
        return PERMISSION_OPEN;
    }
    if (view->list_is_allowed && !token_roles_have(roles, READ)) {
        snprintf(text, PERMISSION_TEXT_SIZE,
                 "Graph lets us read, %s; that we may request as well shows at the first dry run",
                 roles->is_known ? "by a role and not by a permission of the token"
                                 : "and the token cannot be read");
        return PERMISSION_OPEN;
    }
    const char *lacks = roles->is_known ? "the token lacks " WRITE : "Graph refuses a read (403)";
    if (view->parts > 0)
        snprintf(text, PERMISSION_TEXT_SIZE,
                 "%s, and Graph lets us read %u of the %u of policy.%s; grant the permission (and "
                 "admin consent), or give the application the role %s there",
                 lacks, view->parts_allowed, view->parts, part, role);
    else
        snprintf(text, PERMISSION_TEXT_SIZE,
                 "%s%s; grant the permission (and admin consent), or give the application the role "
                 "%s and list what it reaches in policy.%s",
                 lacks, view->list_is_allowed ? " (" READ " only reads)" : "", role, part);
    return PERMISSION_MISSING;
}

const char *permission_origin_name(size_t origin)
{
    assert(origin < PERMISSION_ORIGINS);
    return origins[origin].name;
}

enum permission permission_of_origin(size_t origin, const struct token_roles *roles,
                                     char text[PERMISSION_TEXT_SIZE])
{
    assert(origin < PERMISSION_ORIGINS);
    const struct origin *it = &origins[origin];
    if (token_roles_have(roles, it->permission) && !roles->is_delegated) {
        snprintf(text, PERMISSION_TEXT_SIZE, "the token has %s", it->permission);
        return PERMISSION_GOOD;
    }
    if (roles->is_delegated)
        snprintf(
            text, PERMISSION_TEXT_SIZE,
            "the token speaks for a person: requests for %s pass where that person may add them",
            it->system);
    else
        snprintf(text, PERMISSION_TEXT_SIZE,
                 "%s. Without %s Graph refuses requests for %s (CallerNotResourceOwner); grant it "
                 "only if there are such requests",
                 roles->is_known ? "the token lacks it" : "the token cannot be read",
                 it->permission, it->system);
    return PERMISSION_OPEN;
}
