#include "worker/core/recent.h"

bool answer_is_problem(enum answer answer)
{
    return answer == ANSWER_REJECTED || answer == ANSWER_EXPIRED || answer == ANSWER_FAILED ||
           answer == ANSWER_UNKNOWN;
}

/* An id that is too long is refused, and told in its reply: here it is cut. */
static void copy(char *ret, size_t size, const char *text)
{
    size_t length = text != NULL ? strnlen(text, size - 1) : 0;
    if (length > 0)
        memcpy(ret, text, length);
    ret[length] = '\0';
}

static void add(struct recent_ring *ring, const struct request *rq, int64_t wall_ms)
{
    struct recent_answer *one = &ring->all[ring->count++ % RECENT_MAX];
    one->answer = rq->answer;
    one->duplicate = rq->duplicate;
    one->kind = rq->event.kind;
    one->type = rq->event.request_type;
    one->stage = rq->fault.stage;
    one->finished_wall_ms = wall_ms;
    one->took_ms = wall_ms - rq->received_wall_ms;
    copy(one->id, sizeof one->id, rq->event.id);
    copy(one->source, sizeof one->source, rq->event.source);
    copy(one->code, sizeof one->code, rq->fault.code);
}

void recent_note(struct recent *recent, const struct request *rq, int64_t wall_ms)
{
    add(answer_is_problem(rq->answer) ? &recent->problems : &recent->successes, rq, wall_ms);
}

const struct recent_answer *recent_at(const struct recent_ring *ring, size_t age)
{
    if (age >= RECENT_MAX || age >= ring->count)
        return NULL;
    return &ring->all[(ring->count - 1 - age) % RECENT_MAX];
}

static size_t add_sources(const struct recent_ring *ring, const char **ret, size_t count)
{
    const struct recent_answer *one;
    for (size_t age = 0; (one = recent_at(ring, age)) != NULL; age++) {
        size_t i = 0;
        while (i < count && strcmp(ret[i], one->source) != 0)
            i++;
        if (i == count && one->source[0] != '\0')
            ret[count++] = one->source;
    }
    return count;
}

size_t recent_sources(const struct recent *recent, const char *ret[2 * RECENT_MAX])
{
    return add_sources(&recent->problems, ret, add_sources(&recent->successes, ret, 0));
}
