#pragma once
// What one POST asks for, of both kinds. A *member* (a target, a resource's origin) is put into or
// taken out of a *container* (an access package, a catalog).

#include "tests/sandbox/base.h"

#define MEMBER_SIZE 512 // a SharePoint site's address is the longest member: at most 400

enum kind { KIND_NONE, KIND_ASSIGNMENT, KIND_RESOURCE };
enum version { VERSION_BETA, VERSION_V1 };
enum verb { VERB_ADD, VERB_REMOVE, VERB_UPDATE };

// What one POST asks for. Texts point into the request's JSON. GUIDs are in lower case.
struct change {
    enum kind kind;
    enum version version;
    enum verb verb;
    bool dry;
    bool execute_immediately;
    char request_type[24];
    char container[GUID_SIZE]; // "" until state_resolve() where only grant_id is given
    char member[MEMBER_SIZE];  // GUID, e-mail address or site address; likewise
    char grant_id[GUID_SIZE];  // "" if the body names none
    char detail[64];           // assignment: policy id; resource: originSystem
    const char *justification; // NULL if absent, as expiration
    const char *expiration;
};
