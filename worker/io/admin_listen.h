#pragma once

#include "worker/core/error.h"

/* A listening, non-blocking socket on "host:port" as the setting (admin.listen, for one) has it;
 * its port in *ret_port. -1: the error names the setting. */
int admin_listen(const char *setting, const char *address, int *ret_port, struct error *error);
