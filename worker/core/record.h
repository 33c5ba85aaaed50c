#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/* One Kafka record, as the worker reads it. Nothing here is owned: all bytes live as long as
 * `handle`, which the source made and takes back (worker/io/source.h). Core never looks behind
 * `handle`. */
struct header {
    struct str name;
    struct str value; /* data NULL: a header without value */
};

struct record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;      /* -1: the record carries none */
    bool timestamp_is_brokers; /* the topic has LogAppendTime, so it is not the producer's */
    struct str key;            /* data NULL: no key, hence no order of its own */
    struct str value;          /* data NULL: a tombstone */
    const struct header *headers;
    size_t header_count;
    void *handle;
};

/* The last header of that name (Kafka's rule where a name stands twice), or NULL. Names are
 * compared byte for byte. */
const struct header *record_header(const struct record *record, const char *name);

/* The number in it, as Spring writes them: big-endian, so many bytes exactly. -1: there is none. */
int64_t record_header_number(const struct record *record, const char *name, size_t size);
