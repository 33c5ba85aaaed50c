#pragma once
// What the caller may do, as Graph decides it: application permissions (the token's roles), and
// roles of entitlement management itself, which a token does not show.

#include "tests/sandbox/call.h"

// What an application is given where nothing is set.
#define RIGHTS_ALL                                                                       \
    "EntitlementManagement.ReadWrite.All Group.ReadWrite.All Application.ReadWrite.All " \
    "Sites.FullControl.All"

// The call has a good token. False: it is answered, 403, or 400 for somebody else's resource.
bool rights_check(struct sandbox *sandbox, struct call *call);
