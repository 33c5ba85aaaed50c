#include "worker/core/audit.h"

#include "worker/core/event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* A mark: what is known of one offset. The two counts at its end stop at COUNT_MAX, which means
 * "cannot be told". */
enum {
    MARK_REPLIES = 0x3,   /* how many; 2 is two or more */
    MARK_DUE = 0x4,       /* a dead letter is due of it, by its reply or its record */
    MARK_REJECTED = 0x8,  /* so its reply says; it is due then if it is no event at all */
    MARK_RECORD = 0x10,   /* the request record is there */
    MARK_OLD = 0x20,      /* its reply may have been deleted */
    MARK_REPLAYED = 0x40, /* it was a dead letter: its own stands for another offset */
    LETTERS_SHIFT = 8,    /* dead letters that stand for this offset */
    REPLAYS_SHIFT = 12,   /* dead letters due of records that are this one, sent again */
    COUNT_MAX = 0xF,
};

/* Clocks of producers and workers may differ by as much. */
enum { SKEW_MS = 60000 };

static const char *const names[AUDIT_PROBLEMS] = {
    [AUDIT_MISSING] = "missing",
    [AUDIT_DOUBLE] = "double",
    [AUDIT_EARLY] = "early",
    [AUDIT_LETTER_MISSING] = "deadLetterMissing",
    [AUDIT_LETTER_DOUBLE] = "deadLetterDouble",
    [AUDIT_LETTER_UNDUE] = "deadLetterUndue",
    [AUDIT_LETTER_ALONE] = "deadLetterAlone",
};

const char *audit_problem_name(enum audit_problem problem)
{
    assert(problem < AUDIT_PROBLEMS);
    return names[problem];
}

/* ---- life ------------------------------------------------------------------------------------ */

bool audit_init(struct audit *audit, const struct audit_names *group, size_t partitions)
{
    *audit = (struct audit){
        .names = *group,
        .partitions = calloc(partitions > 0 ? partitions : 1, sizeof *audit->partitions),
        .replies_from_ms = INT64_MIN,
    };
    if (audit->partitions == NULL)
        return false;
    audit->count = partitions;
    for (size_t i = 0; i < partitions; i++) {
        if (!ledger_init(&audit->partitions[i].before, LEDGER_WINDOW_MAX) ||
            !ledger_init(&audit->partitions[i].after, LEDGER_WINDOW_MAX))
            return false;
    }
    return true;
}

void audit_finish(struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        ledger_finish(&audit->partitions[i].before);
        ledger_finish(&audit->partitions[i].after);
        free(audit->partitions[i].marks);
    }
    free(audit->partitions);
    *audit = (struct audit){0};
}

bool audit_open_partition(struct audit *audit, int32_t partition, int64_t low, int64_t end,
                          struct error *error)
{
    assert(partition >= 0 && (size_t)partition < audit->count && low >= 0);
    struct audit_partition *opened = &audit->partitions[partition];
    uint64_t size = end > low ? (uint64_t)(end - low) : 0;
    audit->offsets += size;
    if (audit->offsets > AUDIT_OFFSETS_MAX)
        return error_set(error,
                         "kafka.requests_topic: \"%s\" holds more than %d offsets, the most that "
                         "can be audited at once; let it keep its records for a shorter time",
                         audit->names.requests_topic, AUDIT_OFFSETS_MAX);
    *opened = (struct audit_partition){
        .low = low,
        .end = low + (int64_t)size,
        .before = opened->before,
        .after = opened->after,
        .marks = calloc(size > 0 ? size : 1, sizeof *opened->marks),
    };
    return opened->marks != NULL ||
           error_set(error, "out of memory: %" PRIu64 " offsets at 2 bytes each", audit->offsets);
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* NULL: no record that is looked at. */
static uint16_t *mark_of(const struct audit *audit, struct audit_origin origin)
{
    if ((size_t)origin.partition >= audit->count)
        return NULL;
    const struct audit_partition *partition = &audit->partitions[origin.partition];
    if (origin.offset < partition->low || origin.offset >= partition->end)
        return NULL;
    return &partition->marks[origin.offset - partition->low];
}

static unsigned count_of(uint16_t mark, int shift)
{
    return (unsigned)mark >> shift & COUNT_MAX;
}

static void count_up(uint16_t *mark, int shift)
{
    if (count_of(*mark, shift) < COUNT_MAX)
        *mark = (uint16_t)(*mark + (1U << shift));
}

static void set(uint16_t *mark, unsigned bits)
{
    *mark = (uint16_t)(*mark | bits);
}

void audit_take_reply(struct audit *audit, const struct record *record)
{
    struct audit_reply reply;
    if (!audit_reply_read(record, &audit->names, &reply)) {
        audit->counts.replies_foreign++;
        return;
    }
    uint16_t *mark = mark_of(audit, reply.origin);
    if (mark == NULL) {
        audit->counts.replies_gone++;
        return;
    }
    if ((*mark & MARK_REPLIES) < 2)
        (*mark)++;
    if ((reply.answer == ANSWER_FAILED || reply.answer == ANSWER_UNKNOWN) && !reply.duplicate)
        set(mark, MARK_DUE);
    if (reply.answer == ANSWER_REJECTED)
        set(mark, MARK_REJECTED);
}

void audit_take_letter(struct audit *audit, const struct record *record)
{
    struct audit_origin origin;
    if (audit_letter_read(record, &audit->names, &origin) != AUDIT_LETTER_OURS) {
        audit->counts.replies_foreign++;
        return;
    }
    uint16_t *mark = mark_of(audit, origin);
    if (mark != NULL)
        count_up(mark, LETTERS_SHIFT);
    else
        audit->counts.replies_gone++;
}

static bool is_no_event(const struct record *record)
{
    struct event event;
    event_read(record, &event);
    bool unreadable = event.worth == EVENT_UNREADABLE;
    event_finish(&event);
    return unreadable;
}

static bool is_finished(const struct audit *audit, const struct record *record)
{
    return ledger_is_finished(&audit->partitions[record->partition].before, record->offset);
}

/* A dead letter that was sent again; its own dead letter tells of where it was first. */
static void take_replay(struct audit *audit, const struct record *record, uint16_t mark)
{
    struct audit_origin origin;
    uint16_t *first = NULL;
    if (audit_letter_read(record, &audit->names, &origin) == AUDIT_LETTER_OURS)
        first = mark_of(audit, origin);
    if (first == NULL) {
        audit->counts.letters_unjudged += (mark & MARK_DUE) != 0;
    } else if (!is_finished(audit, record)) { /* in motion: it may have one or not */
        set(first, COUNT_MAX << REPLAYS_SHIFT);
    } else if ((mark & MARK_DUE) != 0) {
        count_up(first, REPLAYS_SHIFT);
    }
}

void audit_take_request(struct audit *audit, const struct record *record)
{
    uint16_t *mark = mark_of(audit, (struct audit_origin){record->partition, record->offset});
    struct audit_origin origin;
    if (mark == NULL)
        return;
    set(mark, MARK_RECORD);
    audit->counts.records++;
    bool deleted = audit->replies_from_ms != INT64_MIN;
    if (deleted && record->timestamp_ms - SKEW_MS <= audit->replies_from_ms)
        set(mark, MARK_OLD);
    if ((*mark & MARK_REJECTED) != 0 && is_no_event(record))
        set(mark, MARK_DUE);
    if (audit_letter_read(record, &audit->names, &origin) != AUDIT_LETTER_NONE) {
        set(mark, MARK_REPLAYED);
        take_replay(audit, record, *mark);
    }
}

/* ---- judging --------------------------------------------------------------------------------- */

struct judging {
    struct audit *audit;
    const struct audit_partition *partition;
    struct audit_origin origin;
    uint16_t mark;
    void (*on_finding)(void *context, const struct audit_finding *finding);
    void *context;
};

static void find(const struct judging *judging, enum audit_problem problem, unsigned found,
                 unsigned due)
{
    struct audit_finding finding = {problem, judging->origin, found, due};
    judging->audit->counts.findings[problem]++;
    judging->on_finding(judging->context, &finding);
}

static void judge_letters(const struct judging *judging)
{
    struct audit_counts *counts = &judging->audit->counts;
    bool replied = (judging->mark & MARK_REPLIES) != 0;
    bool own = (judging->mark & MARK_DUE) != 0 && (judging->mark & MARK_REPLAYED) == 0;
    unsigned replays = count_of(judging->mark, REPLAYS_SHIFT);
    unsigned found = count_of(judging->mark, LETTERS_SHIFT), due = replays + own;
    bool unsure = found == COUNT_MAX || replays == COUNT_MAX ||
                  (found < due && judging->audit->letters_deleted) ||
                  (found > due && !replied && (judging->mark & MARK_OLD) != 0);
    if (found == due) {
        counts->dead += own;
        return;
    }
    if (unsure)
        counts->letters_unjudged++;
    else if (found < due)
        find(judging, AUDIT_LETTER_MISSING, found, due);
    else if (!replied)
        find(judging, AUDIT_LETTER_ALONE, found, due);
    else
        find(judging, due > 0 ? AUDIT_LETTER_DOUBLE : AUDIT_LETTER_UNDUE, found, due);
}

static void judge_finished(const struct judging *judging)
{
    struct audit_counts *counts = &judging->audit->counts;
    unsigned replies = judging->mark & MARK_REPLIES;
    counts->finished++;
    counts->answered += replies == 1;
    if (replies == 0 && (judging->mark & MARK_OLD) != 0)
        counts->replies_unjudged++;
    else if (replies == 0)
        find(judging, AUDIT_MISSING, 0, 1);
    judge_letters(judging);
}

static void judge_unfinished(const struct judging *judging)
{
    unsigned replies = judging->mark & MARK_REPLIES;
    unsigned letters = count_of(judging->mark, LETTERS_SHIFT);
    if (replies > 0)
        find(judging, AUDIT_EARLY, replies, 0);
    else if (letters > 0)
        find(judging, AUDIT_LETTER_ALONE, letters, 0);
}

static void judge(const struct judging *judging)
{
    if ((judging->mark & MARK_REPLIES) > 1)
        find(judging, AUDIT_DOUBLE, 2, 1);
    if (ledger_is_finished(&judging->partition->before, judging->origin.offset))
        judge_finished(judging);
    else if (!ledger_is_finished(&judging->partition->after, judging->origin.offset))
        judge_unfinished(judging);
}

void audit_judge(struct audit *audit,
                 void (*on_finding)(void *context, const struct audit_finding *finding),
                 void *context)
{
    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_partition *partition = &audit->partitions[i];
        for (int64_t offset = partition->low; offset < partition->end; offset++) {
            struct judging judging = {audit,
                                      partition,
                                      {(int32_t)i, offset},
                                      partition->marks[offset - partition->low],
                                      on_finding,
                                      context};
            if ((judging.mark & MARK_RECORD) != 0)
                judge(&judging);
            else if (judging.mark != 0)
                audit->counts.replies_gone++;
        }
    }
}

bool audit_is_ahead(const struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_partition *partition = &audit->partitions[i];
        for (int64_t offset = partition->low; offset < partition->end; offset++) {
            unsigned mark = partition->marks[offset - partition->low];
            bool answered = (mark & (MARK_REPLIES | COUNT_MAX << LETTERS_SHIFT)) != 0;
            if (answered && !ledger_is_finished(&partition->after, offset))
                return true;
        }
    }
    return false;
}
