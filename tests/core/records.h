#pragma once

#include "worker/core/event.h"

/* Kafka records for tests, made of text. */

enum { HEADERS_MAX = 8 };

#define GUID_A             "46184453-e63b-4f20-86c2-c557ed5d5df9"
#define GUID_A_IN_CAPITALS "46184453-E63B-4F20-86C2-C557ED5D5DF9"
#define GUID_B             "2264bf65-76ba-417b-a27d-54d291f0cbc8"
#define GUID_C             "a914b616-e04e-476b-aa37-91038f0b165b"

#define TYPE_ASSIGNMENT "microsoft.graph.accessPackageAssignmentRequest"
#define TYPE_RESOURCE   "microsoft.graph.accessPackageResourceRequest"

/* `data` of a good event of each kind, and a structured event around any data. */
#define GOOD_ASSIGNMENT                                                                 \
    "{\"requestType\":\"AdminAdd\",\"accessPackageAssignment\":{\"targetId\":\"" GUID_A \
    "\",\"assignmentPolicyId\":\"" GUID_B "\",\"accessPackageId\":\"" GUID_C "\"}}"
#define GOOD_RESOURCE                                       \
    "{\"requestType\":\"AdminAdd\",\"catalogId\":\"" GUID_A \
    "\",\"accessPackageResource\":{\"originId\":\"" GUID_B "\",\"originSystem\":\"AadGroup\"}}"
#define STRUCTURED(type, data)                                                  \
    "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/s\",\"type\":\"" type \
    "\",\"data\":" data "}"

/* A good event, and one with other attributes or one more. */
#define GOOD             STRUCTURED(TYPE_ASSIGNMENT, GOOD_ASSIGNMENT)
#define WITH(attributes) "{" attributes ",\"data\":" GOOD_ASSIGNMENT "}"
#define IDENTITY         "\"id\":\"e1\",\"source\":\"/s\",\"type\":\"" TYPE_ASSIGNMENT "\""
#define PLUS(member)     WITH("\"specversion\":\"1.0\"," IDENTITY "," member)

/* Headers of a record in binary mode, as a list for record_of(). */
#define FOUR(id, source, type)                                       \
    {"ce_specversion", "1.0"}, {"ce_id", id}, {"ce_source", source}, \
    {                                                                \
        "ce_type", type                                              \
    }
#define BINARY(...)              \
    (const struct text_header[]) \
    {                            \
        __VA_ARGS__,             \
        {                        \
            NULL, NULL           \
        }                        \
    }

/* A literal's bytes, with NULs inside. */
#define BYTES(literal) ((struct str){literal, sizeof(literal) - 1})

/* A record with headers of text; `headers` ends with a NULL name, and a NULL value is a null
 * header. */
struct text_header {
    const char *name, *value;
};

struct test_record {
    struct record record;
    struct header headers[HEADERS_MAX];
};

void record_of(struct test_record *ret, struct str value, const struct text_header *headers);

/* The four headers of a good event in binary mode. */
extern const struct text_header binary_headers[5];

/* Reads `value` in structured mode, as a copy without a byte behind it, so that a sanitizer sees
 * reads past its end. */
void read_value(struct str value, struct event *ret);
