#include "worker/io/log.h"

#include "config/options.h"
#include "worker/io/log_line.h"
#include "worker/io/terminal.h"

#include <assert.h>
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
    QUIET_MS = 10000,    /* after which it is told what was left out of a flood that is over */
};

struct limit {
    const char *event; /* NULL: free */
    int64_t tokens_ms; /* BURST * REFILL_MS: full */
    int64_t seen_ms;
    int64_t suppressed;
};

/* All of it under `lock`, but for what is asked before: level and components. */
static struct {
    pthread_mutex_t lock;
    atomic_int level;       /* -1: nothing is written */
    atomic_uint components; /* a bit for each choice of log.debug that is chosen */
    bool plain;             /* no colour, whatever the terminal */
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
    state.line.colour = !state.line.json && !state.plain && terminal_has_colour(state.fd);
    atomic_store(&state.level, (int)level);
    pthread_mutex_unlock(&state.lock);
}

void log_stay_plain(void)
{
    pthread_mutex_lock(&state.lock);
    state.plain = true;
    state.line.colour = false;
    pthread_mutex_unlock(&state.lock);
}

void log_set_debug(const struct strings *components)
{
    const char *const *known = option_find("log.debug")->choices;
    unsigned bits = 0;
    for (size_t i = 0; known[i] != NULL; i++) {
        assert(i < 8 * sizeof bits);
        for (size_t k = 0; k < components->count; k++)
            bits |= (unsigned)(strcmp(components->items[k], known[i]) == 0) << i;
    }
    atomic_store(&state.components, bits);
}

/* Is its component, the word in front of the dot, one of log.debug's? */
static bool is_chosen(const char *event)
{
    unsigned bits = atomic_load_explicit(&state.components, memory_order_relaxed);
    if (bits == 0)
        return false;
    const char *const *known = option_find("log.debug")->choices;
    size_t size = strcspn(event, ".");
    for (size_t i = 0; known[i] != NULL; i++) {
        if ((bits >> i & 1) != 0 && strlen(known[i]) == size && strncmp(known[i], event, size) == 0)
            return true;
    }
    return false;
}

bool log_wants(enum log_level level, const char *event)
{
    int most = atomic_load_explicit(&state.level, memory_order_relaxed);
    return (int)level <= most || (level == LOG_DEBUG && most >= 0 && is_chosen(event));
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

/* A log that cannot be written to must not hold up the worker: what does not go is lost. */
static void write_out(struct log_line *line)
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
}

/* What was left out of floods that have been over for so long, since no line of theirs tells it. */
static void tell_left_out(int64_t now_ms, int64_t quiet_ms)
{
    if (!log_wants(LOG_WARN, "log.left_out"))
        return;
    for (size_t i = 0; i < LIMITED_NAMES && state.limits[i].event != NULL; i++) {
        struct limit *limit = &state.limits[i];
        if (limit->suppressed == 0 || now_ms - limit->seen_ms < quiet_ms)
            continue;
        log_line_start(&state.line, &state.stamp, LOG_WARN, limit->event,
                       "more such lines were left out; the last one some time ago");
        log_line_number(&state.line, "usher.suppressed", limit->suppressed);
        write_out(&state.line);
        limit->suppressed = 0;
    }
}

void log_tell_left_out(void)
{
    pthread_mutex_lock(&state.lock);
    tell_left_out(stamp_now(), 0);
    pthread_mutex_unlock(&state.lock);
}

/* Takes the lock and starts a line; NULL: it is to be left out, and the lock is not held. */
static struct log_line *begin(enum log_level level, const char *event, const char *message)
{
    pthread_mutex_lock(&state.lock);
    time_t before = state.second;
    int64_t now_ms = stamp_now();
    if (state.second != before)
        tell_left_out(now_ms, QUIET_MS);
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

static void end(struct log_line *line)
{
    write_out(line);
    pthread_mutex_unlock(&state.lock);
}

void log_turn(int steps)
{
    char message[128];
    int was = atomic_load(&state.level);
    int is = was + steps > LOG_DEBUG   ? LOG_DEBUG
             : was + steps < LOG_ERROR ? LOG_ERROR
                                       : was + steps;
    if (was < 0)
        return;
    atomic_store(&state.level, is);
    if (is == was)
        snprintf(message, sizeof message, "the level stays %s: there is none beyond it",
                 log_level_name((enum log_level)is));
    else
        snprintf(message, sizeof message, "the level is %s now, and was %s",
                 log_level_name((enum log_level)is), log_level_name((enum log_level)was));
    end(begin(LOG_INFO, "log.level", message)); /* at info nothing is limited */
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    if (!log_wants(level, event))
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

void log_request(enum log_level level, const char *event, const struct request *rq,
                 const char *format, ...)
{
    if (!log_wants(level, event))
        return;
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_line *line = begin(level, event, message);
    if (line == NULL)
        return;
    log_line_request(line, rq);
    end(line);
}

void log_answered(const struct request *rq)
{
    if (!log_wants(LOG_INFO, "request.answered"))
        return;
    struct log_line *line = begin(LOG_INFO, "request.answered", answer_name(rq->answer));
    log_line_request(line, rq);
    log_line_text(line, "usher.outcome", str_of(answer_name(rq->answer)));
    if (rq->duplicate)
        log_line_true(line, "usher.duplicate");
    if (rq->fault.code[0] != '\0') {
        log_line_text(line, "usher.stage", str_of(stage_name(rq->fault.stage)));
        log_line_text(line, "error.code", str_of(rq->fault.code));
    }
    if (rq->graph.diagnostic[0] != '\0')
        log_line_text(line, "usher.graph_diagnostic", str_of(rq->graph.diagnostic));
    log_line_number(line, "usher.took_ms", rq->finished_wall_ms - rq->received_wall_ms);
    end(line);
}

void log_moved(const struct request *rq, const struct verdict *verdict)
{
    if (!log_wants(LOG_DEBUG, "request.moved"))
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
