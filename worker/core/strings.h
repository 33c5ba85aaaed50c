#pragma once

#include <stddef.h>

/* A list of texts, such as a setting that is one. Who made it owns items and texts. */
struct strings {
    char **items;
    size_t count;
};
