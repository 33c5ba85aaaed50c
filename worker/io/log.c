#include "worker/io/log.h"

#include "worker/io/log_line.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum {
    BURST = 10,       /* warnings of one name that may come at once */
    REFILL_MS = 1000, /* and how long until one more may */
    LIMITED_NAMES =
        64, /* the worker has about 40 names of warnings; those past it share the last place */
    MESSAGE_SIZE = 2048, /* before escaping */
};

struct limit {
    const char *event; /* NULL: free */
    int64_t tokens_ms; /* BURST * REFILL_MS: full */
    int64_t seen_ms;
    int64_t suppressed;
};

/* All of it under `lock`, but for the level, which is asked before. */
static struct {
    pthread_mutex_t lock;
    atomic_int level; /* -1: nothing is written */
    int fd;
    struct log_line line;
    time_t second; /* what `stamp` says */
    struct log_stamp stamp;
    struct limit limits[LIMITED_NAMES];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = -1, .fd = -1};

void log_open(enum log_level level, enum log_format format, FILE *out)
{
    pthread_mutex_lock(&state.lock);
    state.fd = fileno(out);
    state.line.json = format == LOG_JSON || (format == LOG_AUTO && !isatty(state.fd));
    atomic_store(&state.level, (int)level);
    pthread_mutex_unlock(&state.lock);
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&state.level, memory_order_relaxed);
}

/* Only the milliseconds change from line to line; the rest is written once a second. */
static int64_t stamp_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != state.second || state.stamp.text[0] == '\0') {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(state.stamp.text, sizeof state.stamp.text, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
        state.second = now.tv_sec;
    }
    long ms = now.tv_nsec / 1000000;
    state.stamp.text[20] = (char)('0' + ms / 100);
    state.stamp.text[21] = (char)('0' + ms / 10 % 10);
    state.stamp.text[22] = (char)('0' + ms % 10);
    return (int64_t)now.tv_sec * 1000 + ms;
}

static struct limit *find_limit(const char *event)
{
    for (size_t i = 0; i < LIMITED_NAMES - 1; i++) {
        struct limit *limit = &state.limits[i];
        if (limit->event == NULL)
            *limit = (struct limit){.event = event, .tokens_ms = BURST * REFILL_MS};
        if (strcmp(limit->event, event) == 0)
            return limit;
    }
    struct limit *last = &state.limits[LIMITED_NAMES - 1];
    if (last->event == NULL)
        *last = (struct limit){.event = event, .tokens_ms = BURST * REFILL_MS};
    return last;
}

/* -1: leave this line out; else how many were left out since the last one. */
static int64_t admit(const char *event, int64_t now_ms)
{
    struct limit *limit = find_limit(event);
    int64_t passed_ms = now_ms - limit->seen_ms;
    int64_t tokens_ms = limit->tokens_ms + (passed_ms > 0 ? passed_ms : 0);
    limit->tokens_ms = tokens_ms < BURST * REFILL_MS ? tokens_ms : BURST * REFILL_MS;
    limit->seen_ms = now_ms;
    if (limit->tokens_ms < REFILL_MS) {
        limit->suppressed++;
        return -1;
    }
    limit->tokens_ms -= REFILL_MS;
    int64_t suppressed = limit->suppressed;
    limit->suppressed = 0;
    return suppressed;
}

/* Takes the lock and starts a line; false: it is to be left out, and the lock is not held. */
static struct log_line *begin(enum log_level level, const char *event, const char *message)
{
    pthread_mutex_lock(&state.lock);
    int64_t now_ms = stamp_now();
    int64_t suppressed = level <= LOG_WARN ? admit(event, now_ms) : 0;
    if (suppressed < 0) {
        pthread_mutex_unlock(&state.lock);
        return NULL;
    }
    log_line_start(&state.line, &state.stamp, level, event, message);
    if (suppressed > 0)
        log_line_number(&state.line, "usher.suppressed", suppressed);
    return &state.line;
}

/* A log that cannot be written to must not hold up the worker: what does not go is lost. */
static void end(struct log_line *line)
{
    log_line_end(line);
    const char *bytes = line->text;
    size_t left = line->size;
    while (left > 0) {
        ssize_t written = write(state.fd, bytes, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        bytes += written;
        left -= (size_t)written;
    }
    pthread_mutex_unlock(&state.lock);
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    if (!log_wants(level))
        return;
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_line *line = begin(level, event, message);
    if (line != NULL)
        end(line);
}

static void put_if_set(struct log_line *line, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        log_line_text(line, name, str_of(value));
}

static void put_request(struct log_line *line, const struct request *rq)
{
    put_if_set(line, "usher.topic", rq->record.topic);
    log_line_number(line, "usher.partition", rq->record.partition);
    log_line_number(line, "usher.offset", rq->record.offset);
    put_if_set(line, "usher.tenant", rq->whose.name);
    put_if_set(line, "usher.event_source", rq->event.source);
    put_if_set(line, "usher.event_id", rq->event.id);
    /* 00-<32 hex>-<16 hex>-01 */
    if (rq->event.traceparent != NULL && strlen(rq->event.traceparent) >= 35)
        log_line_text(line, "trace.id", (struct str){rq->event.traceparent + 3, 32});
}

void log_request(enum log_level level, const char *event, const struct request *rq,
                 const char *format, ...)
{
    if (!log_wants(level))
        return;
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_line *line = begin(level, event, message);
    if (line == NULL)
        return;
    put_request(line, rq);
    end(line);
}

/* Spring's correlation id is a UUID in 16 raw bytes; others are text. */
static void put_correlation_id(struct log_line *line, const struct record *record)
{
    static const char hex[] = "0123456789abcdef";
    const struct header *header = record_header(record, "kafka_correlationId");
    if (header == NULL || header->value.data == NULL)
        return;
    if (header->value.size != 16) {
        log_line_text(line, "usher.correlation_id", header->value);
        return;
    }
    char uuid[36];
    size_t size = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            uuid[size++] = '-';
        unsigned char byte = (unsigned char)header->value.data[i];
        uuid[size++] = hex[byte >> 4];
        uuid[size++] = hex[byte & 15];
    }
    log_line_text(line, "usher.correlation_id", (struct str){uuid, size});
}

void log_answered(const struct request *rq)
{
    if (!log_wants(LOG_INFO))
        return;
    struct log_line *line = begin(LOG_INFO, "request.answered", answer_name(rq->answer));
    put_request(line, rq);
    log_line_text(line, "usher.outcome", str_of(answer_name(rq->answer)));
    if (rq->duplicate)
        log_line_true(line, "usher.duplicate");
    if (rq->fault.code[0] != '\0') {
        log_line_text(line, "usher.stage", str_of(stage_name(rq->fault.stage)));
        log_line_text(line, "error.code", str_of(rq->fault.code));
    }
    put_if_set(line, "usher.graph_request_id", rq->graph.request_id);
    put_if_set(line, "usher.client_request_id", rq->graph.client_request_id);
    put_correlation_id(line, &rq->record);
    log_line_number(line, "usher.took_ms", rq->finished_wall_ms - rq->received_wall_ms);
    end(line);
}

void log_moved(const struct request *rq, const struct verdict *verdict)
{
    if (!log_wants(LOG_DEBUG))
        return;
    bool ends = verdict->move == MOVE_DROP || verdict->move == MOVE_STOP;
    char answer[32] = "";
    if (verdict->answer != ANSWER_NONE)
        snprintf(answer, sizeof answer, " answer=%s", answer_name(verdict->answer));
    log_request(LOG_DEBUG, "request.moved", rq,
                "stage=%s outcome=%s next=%s wait_ms=%lld tries=%u%s", stage_name(rq->stage),
                outcome_name(rq->outcome),
                ends ? move_name(verdict->move) : stage_name(verdict->next),
                (long long)verdict->pause_ms, rq->tries, answer);
}
