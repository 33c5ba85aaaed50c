/*
 * The shapes a setting may have beside text and numbers, and where a value came from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "worker/core/strings.h"

/* Where a value came from, lowest precedence first. LAYER_AZURE: AZURE_*, OTEL_*. */
enum layer { LAYER_DEFAULT, LAYER_AZURE, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_FLAG };

/* `line` and `column` count from 1; they are 0 outside a file, and for a file as a whole. */
struct origin {
    enum layer layer;
    int line, column;
    const char *variable; /* of LAYER_AZURE: its name, which is never freed; else NULL */
    bool is_of_tenant;    /* said under a tenant's name, which goes before every layer of `graph` */
};

struct pair {
    char *name, *value;
    struct origin origin;
};

struct pairs {
    struct pair *items;
    size_t count;
};
