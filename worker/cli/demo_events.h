/*
 * The events of `usher demo`: what each one is, and what must become of it. All of it follows from
 * how many there are: the same number gives the same events every time. demo_record.h makes their
 * bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/core/event.h"
#include "worker/core/stage.h"

enum {
    DEMO_EVENTS_DEFAULT = 1000,
    DEMO_EVENTS_MAX = 100000, /* under 10 MB here, and under a minute on a slow machine */
    DEMO_PARTITIONS = 4,
    DEMO_CODE_SIZE = 48, /* fault_codes.h: the longest of ours has 19 letters */
};

/* What an event is. The first ones are about a person or resource of their own; those that follow
 * another are about the other's; the bad ones are spoilt in one way each. */
enum demo_sort {
    DEMO_HIRE, /* of a person: a package is asked for */
    DEMO_HIRE_DRY,
    DEMO_HIRE_AGAIN,    /* follows a hire: another event, the same wish */
    DEMO_HIRE_CONFLICT, /* follows a hire: its id with another body */
    DEMO_LEAVE,         /* removes an assignment that is gone already */
    DEMO_RESOURCE,      /* a group is put into a catalog */
    DEMO_RESOURCE_DRY,
    DEMO_RESOURCE_AGAIN,  /* follows a resource */
    DEMO_RESOURCE_REMOVE, /* follows a resource: takes it out again */
    DEMO_EXPIRED,
    DEMO_REFUSED, /* by Graph, at the dry run */
    DEMO_BAD_CUT, /* from here on: bad input */
    DEMO_BAD_FRAME,
    DEMO_BAD_UTF8,
    DEMO_BAD_EMPTY,
    DEMO_BAD_MARK,
    DEMO_BAD_LIST,
    DEMO_BAD_NO_TYPE,
    DEMO_BAD_TYPE,
    DEMO_BAD_MISSING,
    DEMO_BAD_TWICE,
    DEMO_BAD_CASE,
    DEMO_BAD_DELEGATED,
    DEMO_SORTS,
};

struct demo_fate {
    const char *name; /* "a hire" */
    enum kind kind;
    enum answer answer;
    const char *code;        /* of the reply's error; "": none is looked for */
    bool is_dead_letter;     /* no event at all, so that it goes to a person as well */
    unsigned share;          /* of 1,000 events that are neither bad nor a repetition */
    enum demo_sort followed; /* the sort that it follows; its own: none */
};

/* What must become of a sort. */
const struct demo_fate *demo_fate(enum demo_sort sort);

struct demo_event {
    enum demo_sort sort;
    uint32_t about;   /* the event whose person or resource, for a conflict whose id, it has */
    uint32_t same_as; /* a repetition: the event that it repeats byte for byte; else itself */
    bool is_binary;   /* CloudEvents' binary mode, else structured */
    bool is_followed;
    int partition;
    int64_t offset; /* it will have: nobody else writes to the topic meanwhile */

    /* What was seen of it. */
    unsigned replies, dead_letters;
    enum answer answer; /* of the first reply, as the rest */
    bool is_duplicate;
    bool is_misnamed; /* its requestId is another event's */
    char code[DEMO_CODE_SIZE];
};

struct demo_events {
    struct demo_event *items;
    uint32_t count;
    uint32_t *by_offset[DEMO_PARTITIONS]; /* numbers of events, `filled` of them */
    uint32_t filled[DEMO_PARTITIONS];
};

/* 1 to DEMO_EVENTS_MAX events. False: out of memory. */
bool demo_events_init(struct demo_events *events, uint32_t count);
void demo_events_finish(struct demo_events *events);

/* The event of this record; NULL: it is none of ours. */
struct demo_event *demo_events_find(const struct demo_events *events, int partition,
                                    int64_t offset);

/* Number to number, well mixed: all that looks like chance here. */
uint64_t demo_mix(uint64_t number);
