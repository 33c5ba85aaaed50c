#include "tests/sandbox/rights.h"

#include <stdio.h>
#include <string.h>

// Which permission a resource of this origin needs besides.
static const struct origin {
    const char *system;
    const char *permission;
} ORIGINS[] = {{"AadGroup", "Group.ReadWrite.All"},
               {"AadApplication", "Application.ReadWrite.All"},
               {"SharePointOnline", "Sites.FullControl.All"}};

// One of the words of a list.
static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0')) {
            return true;
        }
    }
    return false;
}

// Does a role of entitlement management reach it? A list must name the package in its filter.
static bool is_managed(const struct sandbox *sandbox, const struct call *call)
{
    const char *package = sandbox->token_settings.managed_package;
    const char *catalog = sandbox->token_settings.managed_catalog;
    if (call->route->op == OP_SUBMIT) {
        struct change change = call->change;
        if (change.verb != VERB_ADD) {
            state_resolve(&sandbox->state, &change);
        }
        const char *managed = change.kind == KIND_RESOURCE ? catalog : package;
        return managed[0] != '\0' && strcmp(change.container, managed) == 0;
    }
    if (call->route->set == SET_RESOURCES) {
        return catalog[0] != '\0' && strcasecmp(call->segment, catalog) == 0;
    }
    char filter[128];
    const char *asked = call_argument(call, "$filter");
    snprintf(filter, sizeof filter, "accessPackage/id eq '%s'", package);
    return package[0] != '\0' && asked != NULL && strstr(asked, filter) != NULL;
}

// A person need not have it: what they own is theirs to add.
static bool owns(const struct sandbox *sandbox, const struct call *call, const char *roles)
{
    if (call->route->op != OP_SUBMIT || call->change.kind != KIND_RESOURCE ||
        call->change.verb != VERB_ADD || sandbox->token_settings.delegated_user[0] != '\0') {
        return true;
    }
    for (size_t i = 0; i < sizeof ORIGINS / sizeof ORIGINS[0]; i++) {
        if (strcmp(ORIGINS[i].system, call->change.detail) == 0) {
            return has_word(roles, ORIGINS[i].permission);
        }
    }
    return true; // no such origin: body_check() says so
}

bool rights_check(struct sandbox *sandbox, struct call *call)
{
    const char *roles = tokens_roles(&sandbox->tokens, &sandbox->token_settings,
                                     call_header(call, "Authorization"));
    bool reads = call->route->op != OP_SUBMIT && has_word(roles, "EntitlementManagement.Read.All");
    if (!reads && !has_word(roles, "EntitlementManagement.ReadWrite.All") &&
        !is_managed(sandbox, call)) {
        answer_error(call, 403, "Forbidden",
                     "Insufficient permissions for entitlement management.");
        return false;
    }
    if (!owns(sandbox, call, roles)) {
        answer_error(call, 400, "CallerNotResourceOwner", "Caller is not the resource owner.");
        return false;
    }
    return true;
}
