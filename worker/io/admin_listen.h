#pragma once

#include "worker/core/error.h"

/* A listening, non-blocking socket on "host:port" as admin.listen has it; its port in *ret_port.
 * -1: the error names admin.listen. */
int admin_listen(const char *address, int *ret_port, struct error *error);
