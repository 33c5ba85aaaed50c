#pragma once

#include "worker/core/audit_origin.h"
#include "worker/core/error.h"
#include "worker/core/ledger.h"

/* Was every request record answered exactly once (guarantees I1, I2)? Judged from what stands in
 * Kafka alone. Pure: worker/io/audit_read.h brings the records, two bytes are kept of each.
 *
 * Workers may be at it meanwhile, so the order counts: first `before` is read; then the ends of the
 * reply topics and of the dead letters, up to which they are read; then the end of the requests;
 * `after` when the replies and dead letters have been taken; the requests are taken last. What
 * `before` calls finished was answered before the ends were asked for. What is on a reply topic
 * below its end is called finished by `after`. Between the two it is in motion: all that is asked
 * of it is not to be answered twice. */

/* 2 bytes each, 256 MiB in all: at Graph's 20 writes a second that is 77 days of requests. */
enum { AUDIT_OFFSETS_MAX = 128 << 20 };

enum audit_problem {
    AUDIT_MISSING,        /* finished, but no reply */
    AUDIT_DOUBLE,         /* two replies or more */
    AUDIT_EARLY,          /* a reply, but not finished: it would be answered again */
    AUDIT_LETTER_MISSING, /* fewer dead letters than are due */
    AUDIT_LETTER_DOUBLE,  /* more than are due, and one is */
    AUDIT_LETTER_UNDUE,   /* the reply says that none is due */
    AUDIT_LETTER_ALONE,   /* a dead letter, but no reply */
    AUDIT_PROBLEMS,
};

struct audit_finding {
    enum audit_problem problem;
    struct audit_origin origin;
    unsigned found, due; /* replies (2 stands for more, too), or dead letters */
};

struct audit_partition {
    int64_t low, end;            /* the request records that are looked at: [low, end) */
    struct ledger before, after; /* for ledger_open(); window LEDGER_WINDOW_MAX */
    uint16_t *marks;             /* one for each offset, see audit.c */
};

struct audit_counts {
    uint64_t records;  /* request records that are still there */
    uint64_t finished; /* of them, by `before` */
    uint64_t answered; /* of the finished: exactly once */
    uint64_t dead;     /* of the finished: a dead letter is due and there */
    uint64_t findings[AUDIT_PROBLEMS];
    /* Not judged: no reply, but replies as old as that were deleted; dead letters were deleted, or
     * are of another group's or topic's first pass, or of a pass that is in motion. */
    uint64_t replies_unjudged, letters_unjudged;
    uint64_t replies_gone;    /* replies and dead letters whose request record is gone */
    uint64_t replies_foreign; /* records on the three topics that are not this group's, and no
                                 requests */
};

struct audit {
    struct audit_names names;
    struct audit_partition *partitions;
    size_t count;
    uint64_t offsets; /* of all partitions */
    /* Replies from before this time may have been deleted; INT64_MIN: none was. For the caller to
     * set before the first audit_take_request(). */
    int64_t replies_from_ms;
    bool letters_deleted; /* dead letters were: one that is not there may have been */
    struct audit_counts counts;
};

/* False: out of memory. The names must outlive it. */
bool audit_init(struct audit *audit, const struct audit_names *names, size_t partitions);
void audit_finish(struct audit *audit);

/* Once for each partition, before anything is taken. False: more than AUDIT_OFFSETS_MAX, or out of
 * memory. */
bool audit_open_partition(struct audit *audit, int32_t partition, int64_t low, int64_t end,
                          struct error *error);

/* In this order: all replies, all dead letters, all requests. */
void audit_take_reply(struct audit *audit, const struct record *record);
void audit_take_letter(struct audit *audit, const struct record *record);
void audit_take_request(struct audit *audit, const struct record *record);

/* Are there answers that `after` does not call finished? With at-least-once, offsets are committed
 * a little after the replies: then `after` is worth asking for again. */
bool audit_is_ahead(const struct audit *audit);

/* Judges all, fills audit->counts, and calls `on_finding` by partition and offset. Once. */
void audit_judge(struct audit *audit,
                 void (*on_finding)(void *context, const struct audit_finding *finding),
                 void *context);

const char *audit_problem_name(enum audit_problem problem); /* "missing" … */
