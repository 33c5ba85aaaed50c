/*
 * The properties of librdkafka that are not the operator's: the worker's promises rest on them. All
 * others pass through kafka.librdkafka untouched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct reserved_property {
    const char *name;
    const char *reason; /* goes after "belongs to the worker: " */
};

extern const struct reserved_property reserved_properties[];
extern const size_t reserved_properties_count;

/* Why the property is refused, or NULL: the operator may set it. */
const char *property_reserved(const char *name);

/*
 * Whether the value must not be shown: passwords, keys, tokens and secrets, but not the path or URL
 * of one. By the name's words, so that a property of a later librdkafka is hidden as well.
 */
bool property_is_secret(const char *name);
