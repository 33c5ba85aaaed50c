#include "worker/core/claim.h"

#include "worker/core/reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void claim_origin(const struct record *record, char ret[ORIGIN_SIZE])
{
    int size = snprintf(ret, ORIGIN_SIZE, "%s/%" PRId32 "/%" PRId64, record->topic,
                        record->partition, record->offset);
    assert(size > 0 && size < ORIGIN_SIZE);
}

size_t claim_identity(const struct event *event, char *ret, size_t size)
{
    assert(event->source != NULL && event->id != NULL);
    int length = snprintf(ret, size, "%zu:%s%zu:%s", strlen(event->source), event->source,
                          strlen(event->id), event->id);
    assert(length > 0 && (size_t)length < size);
    return (size_t)length;
}

bool claim_is_replay(const struct record *record)
{
    return record_header(record, "usher-replay") != NULL;
}

static char *copy_text(struct str from)
{
    char *copy = malloc(from.size + 1);
    if (copy != NULL) {
        memcpy(copy, from.data, from.size);
        copy[from.size] = '\0';
    }
    return copy;
}

static bool is_crash_loop(struct request *rq, const struct claim_answer *answer)
{
    if (answer->crashes < CLAIM_CRASHES_MAX)
        return false;
    fault_set(&rq->fault, STAGE_CLAIM, "crashLoop",
              "%u workers ended while they worked on this event, so no further one tries it; look "
              "for the cause in their logs before you send the event again",
              answer->crashes);
    return true;
}

/* When the event was first there: a replay is a record of its own, written after what was sent for
 * the first one. 0: nobody knows. */
static int64_t first_written_ms(const struct record *record)
{
    int64_t written_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0;
    int64_t first_ms =
        record_header_number(record, "kafka_dlt-original-timestamp", sizeof(int64_t));
    bool is_earlier = claim_is_replay(record) && first_ms > 0 && first_ms < written_ms;
    return is_earlier ? first_ms : written_ms;
}

/* Redis knows nothing, and may have forgotten it. What an earlier owner sent for this event, it
 * sent after its record was written. */
static enum outcome read_forgotten(struct request *rq)
{
    rq->claim.intent_wall_ms = first_written_ms(&rq->record);
    return OUTCOME_FORGOTTEN;
}

static enum outcome read_ours(struct request *rq, const struct claim_answer *answer, int64_t now_ms,
                              int64_t wall_ms)
{
    bool forgot = answer->forgot && !rq->event.validation_only; /* which is never sent for real */
    rq->claim = (struct claim){.fence = answer->fence, .confirmed_ms = now_ms};
    if (is_crash_loop(rq, answer))
        return forgot ? OUTCOME_UNKNOWN : OUTCOME_INVALID;
    if (forgot)
        return read_forgotten(rq);
    return request_is_expired(rq, wall_ms) ? OUTCOME_EXPIRED : OUTCOME_OK;
}

static enum outcome read_interrupted(struct request *rq, const struct claim_answer *answer,
                                     int64_t now_ms)
{
    rq->claim = (struct claim){
        .fence = answer->fence,
        .confirmed_ms = now_ms,
        .intent_wall_ms = answer->intent_wall_ms,
    };
    if (answer->client_request_id.size < sizeof rq->claim.client_request_id)
        memcpy(rq->claim.client_request_id, answer->client_request_id.data,
               answer->client_request_id.size);
    return is_crash_loop(rq, answer) ? OUTCOME_UNKNOWN : OUTCOME_INTERRUPTED;
}

static enum outcome read_seen(struct request *rq, const struct claim_answer *answer)
{
    char origin[ORIGIN_SIZE];
    claim_origin(&rq->record, origin);
    char *stored = copy_text(answer->stored);
    if (stored == NULL)
        return OUTCOME_PACED;
    enum answer told = ANSWER_NONE;
    if (answer->stored.size > REPLY_MEMBERS_MAX || strlen(stored) != answer->stored.size ||
        !reply_stored_read(stored, &told)) {
        free(stored);
        fault_set(&rq->fault, STAGE_CLAIM, "storedUnreadable",
                  "the answer that Redis keeps for this event cannot be read; look at the event's "
                  "key, and delete it only if the event may be worked on anew");
        return OUTCOME_FAILED;
    }
    free(rq->stored);
    rq->stored = stored;
    rq->stored_answer = told;
    rq->duplicate = !str_is(answer->origin, origin);
    return OUTCOME_SEEN;
}

static enum outcome read_held(struct request *rq, int64_t held_ms)
{
    rq->pause_ms = held_ms;
    if (rq->pause_ms > CLAIM_HELD_PAUSE_MAX_MS)
        rq->pause_ms = CLAIM_HELD_PAUSE_MAX_MS;
    if (rq->pause_ms < CLAIM_HELD_PAUSE_MIN_MS)
        rq->pause_ms = CLAIM_HELD_PAUSE_MIN_MS;
    return OUTCOME_HELD;
}

enum outcome claim_read(struct request *rq, const struct claim_answer *answer, int64_t now_ms,
                        int64_t wall_ms)
{
    struct str word = answer->word;

    rq->claim = (struct claim){0};
    if (str_is(word, "new") || str_is(word, "taken"))
        return read_ours(rq, answer, now_ms, wall_ms);
    if (str_is(word, "seen"))
        return read_seen(rq, answer);
    if (str_is(word, "held"))
        return read_held(rq, answer->held_ms);
    if (str_is(word, "interrupted"))
        return read_interrupted(rq, answer, now_ms);
    if (str_is(word, "interlock")) {
        rq->pause_ms = CLAIM_INTERLOCK_PAUSE_MS;
        return OUTCOME_PACED;
    }
    if (str_is(word, "conflict")) {
        fault_set(&rq->fault, STAGE_CLAIM, "idConflict",
                  "an event with this source and id, but another body, was worked on before; give "
                  "each event an id of its own");
        return OUTCOME_CONFLICT;
    }
    fault_set(&rq->fault, STAGE_CLAIM, "claimUnreadable",
              "Redis answered the claim with \"%.*s\", which this worker does not know; a newer "
              "worker may have written the event's key",
              (int)(word.size < 32 ? word.size : 32), word.data != NULL ? word.data : "");
    return OUTCOME_FAILED;
}
