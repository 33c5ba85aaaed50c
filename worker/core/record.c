#include "worker/core/record.h"

const struct header *record_header(const struct record *record, const char *name)
{
    for (size_t i = record->header_count; i > 0; i--) {
        if (str_is(record->headers[i - 1].name, name))
            return &record->headers[i - 1];
    }
    return NULL;
}

int64_t record_header_number(const struct record *record, const char *name, size_t size)
{
    const struct header *header = record_header(record, name);
    if (header == NULL || header->value.data == NULL || header->value.size != size)
        return -1;
    uint64_t value = (header->value.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)header->value.data[i];
    return (int64_t)value;
}
