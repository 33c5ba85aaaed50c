#pragma once
// Calls to Graph as they came, one JSON line each, for those who judge what the worker sends:
// {"method", "path", "query": [[name, value]], "headers": {name: value}, "body"}. Path and query
// are decoded; of the headers those that matter are there, the token only in its scheme. `body` is
// absent where there is none.

#include "tests/sandbox/call.h"

#include <stdio.h>

// Writes a call whose whole body is in. `file` NULL: nothing is recorded.
void record_call(FILE *file, const struct call *call);
