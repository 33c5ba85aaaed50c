/*
 * A GET from a program on this machine: the worker's readiness, the sandbox's ledger.
 */
#pragma once

#include "worker/core/buffer.h"

/* Returns the HTTP status, 0 if none came within two seconds. The answer's body is put into `body`,
 * which buffer_init() made; NULL: it is not wanted. Proxies are not asked. */
long demo_http_get(const char *url, struct buffer *body);
