#include "worker/core/record.h"

const struct header *record_header(const struct record *record, const char *name)
{
    for (size_t i = record->header_count; i > 0; i--) {
        if (str_is(record->headers[i - 1].name, name))
            return &record->headers[i - 1];
    }
    return NULL;
}
