#pragma once

#include "tests/sim/mix.h"
#include "worker/core/event.h"
#include "worker/core/request.h"

/* The records of a history and what is known of each: what it asks for, and what became of it. */

enum { WORKLOAD_RECORDS_MAX = 1024, WORKLOAD_BODIES = 2 };

/* What a record is, as far as the checker must know. */
enum sort {
    SORT_REAL,    /* is to be carried out */
    SORT_DRY,     /* asks for a dry run only */
    SORT_BAD,     /* an event that is refused at once */
    SORT_GARBAGE, /* no event at all */
};

/* A person and a package, or a resource and a catalog: what Graph keeps. */
struct sim_subject {
    int number;
    enum kind kind;
    unsigned partition, events;  /* the events about it are there, so many */
    struct row *rows, *last_row; /* what Graph has carried out for it (graph.h), oldest first */
};

/* A real request that has left a worker, as the world sees it. */
enum post_fate {
    POST_FLIES,   /* under way or being carried out */
    POST_APPLIED, /* carried out */
    POST_REFUSED, /* Graph said no, or nothing of it arrived: it had no effect */
};
struct sim_post {
    int64_t sent_ms, ended_ms; /* ended: applied, or lost for good */
    enum post_fate fate;
    bool proved; /* the worker that sent it has heard that it was not applied */
    struct sim_record *record;
};

/* An event: one source and id. Several records may carry it. */
struct sim_event {
    int number;
    struct sim_subject *subject;
    enum request_type type;
    struct sim_record *first, *last_record;
    struct sim_post *post; /* the last real request of it */
    unsigned posts, grants, dry_grants;
    bool doubted;       /* somebody's claim of it was told that Redis may have forgotten it */
    bool forgotten;     /* Redis has lost something that it knew of it … */
    bool unnoticed;     /* … and somebody has claimed it as new since, without a witness of it */
    bool poison;        /* its first body ends the process */
    unsigned takeovers; /* of its claim, from workers that had not given it back */
};

struct sim_record {
    struct record record; /* what the worker sees */
    int number;
    enum sort sort;
    struct sim_event *event; /* NULL: none can be read */
    unsigned body;           /* which of the event's bodies */
    bool replay;
    int64_t expiry_wall_ms;
    struct sim_record *before_by_key, *before_by_subject, *same_event; /* earlier ones */
    int64_t appended_ms;                                               /* 0: not yet */
    /* what happened */
    bool handed_over; /* its reply has been given to a transaction */
    unsigned replies; /* committed */
    enum answer answer;
    bool duplicate, seen;
    uint64_t members; /* hash of the stored answer in the reply, if it was seen */
    char code[32];
    bool dry_granted; /* a dry run of it was carried out for real */
    unsigned grants;  /* real requests of this record that were applied */
    struct dry_pass {
        int64_t at_ms;
        uint64_t body_hash;
    } dry_pass[NODES_MAX]; /* the last dry run that passed, for each worker */
    struct marked {
        int64_t sent_ms;
        char client_request_id[GUID_SIZE];
    } marked[NODES_MAX]; /* the last intent that was confirmed */
};

struct workload {
    struct sim_record *records;
    size_t count;
    struct sim_event *events;
    size_t event_count;
    struct sim_subject *subjects;
    size_t subject_count;
    size_t answered; /* records with a committed reply */
};

/* Makes `count` records, and plans when each is written to its partition. */
void workload_make(struct world *world, size_t count);
struct sim_record *record_of(const struct request *rq);
/* Ids as Graph has them. */
void subject_guid(const struct sim_subject *subject, unsigned what, char ret[GUID_SIZE]);
enum { SUBJECT_TARGET = 1, SUBJECT_PACKAGE, SUBJECT_POLICY, SUBJECT_ASSIGNMENT, SUBJECT_RESOURCE };
