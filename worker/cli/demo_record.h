/*
 * The bytes of a demo event: a CloudEvent as contract 2 has it, in either mode, or one that was
 * spoilt.
 */
#pragma once

#include "worker/cli/demo_events.h"
#include "worker/core/guid.h"

enum { DEMO_HEADERS_MAX = 6, DEMO_TEXT_MAX = 64 };

struct demo_header {
    const char *name;
    char value[DEMO_TEXT_MAX];
};

struct demo_record {
    char key[GUID_SIZE]; /* the person or resource */
    char *value;         /* owned */
    size_t size;
    struct demo_header headers[DEMO_HEADERS_MAX];
    size_t header_count;
};

/* Its CloudEvents id. */
void demo_record_id(const struct demo_event *event, char ret[DEMO_TEXT_MAX]);

/* The record of event `number`. False: out of memory. */
bool demo_record_init(struct demo_record *record, const struct demo_events *events,
                      uint32_t number);
void demo_record_finish(struct demo_record *record);
