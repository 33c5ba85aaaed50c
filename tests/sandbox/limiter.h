#pragma once
// A limit of writes in a sliding window, as Graph has them: dry runs and real requests alike, and
// those that it refuses count too.

#include "tests/sandbox/call.h"

// Counts this POST, and says in the answer's headers how much of the limit is used. False: it is
// over the limit, and answered 429.
bool limiter_passes(struct sandbox *sandbox, struct call *call);
