#include "tests/core/records.h"

#include <assert.h>
#include <stdlib.h>

const struct text_header binary_headers[5] = {
    {"ce_specversion", "1.0"},    {"ce_id", "e1"}, {"ce_source", "/s"},
    {"ce_type", TYPE_ASSIGNMENT}, {NULL, NULL},
};

void record_of(struct test_record *ret, struct str value, const struct text_header *headers)
{
    *ret = (struct test_record){.record = {.topic = "access-requests", .value = value}};
    size_t count = 0;
    while (headers != NULL && headers[count].name != NULL) {
        assert(count < HEADERS_MAX);
        ret->headers[count].name = str_of(headers[count].name);
        ret->headers[count].value = str_of(headers[count].value);
        count++;
    }
    ret->record.headers = ret->headers;
    ret->record.header_count = count;
}

void read_value(struct str value, struct event *ret)
{
    char *copy = value.data != NULL ? malloc(value.size + (value.size == 0)) : NULL;
    if (copy != NULL && value.size > 0)
        memcpy(copy, value.data, value.size);
    struct test_record record;
    record_of(&record, (struct str){copy, value.size}, NULL);
    event_read(&record.record, ret);
    free(copy);
}
