#include "worker/io/failpoint.h"

#ifdef USHER_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARMED_MAX = 8,
    TEXT_MAX = 512, /* of the variable */
    EXIT_UNREADABLE = 2,
};

enum mode { MODE_KILL, MODE_STOP, MODE_FAIL, MODE_COUNT };

struct armed {
    enum failpoint point;
    enum mode mode;
    unsigned long pass;
};

static const char *const names[FAILPOINT_COUNT] = {
    [FAILPOINT_CLAIM_START] = "claim.start",
    [FAILPOINT_CLAIM_ANSWER] = "claim.answer",
    [FAILPOINT_DRY_RUN_ANSWER] = "dry_run.answer",
    [FAILPOINT_MARK_START] = "mark.start",
    [FAILPOINT_MARK_ANSWER] = "mark.answer",
    [FAILPOINT_SUBMIT_START] = "submit.start",
    [FAILPOINT_SUBMIT_ANSWER] = "submit.answer",
    [FAILPOINT_RECORD_START] = "record.start",
    [FAILPOINT_RECORD_ANSWER] = "record.answer",
    [FAILPOINT_TRANSACTION_OPEN] = "transaction.open",
    [FAILPOINT_COMMIT_SENT] = "commit.sent",
    [FAILPOINT_COMMIT_ANSWER] = "commit.answer",
    [FAILPOINT_COMMIT_DONE] = "commit.done",
    [FAILPOINT_REBALANCE] = "rebalance",
    [FAILPOINT_REVOKE] = "revoke",
    [FAILPOINT_LOST] = "lost",
    [FAILPOINT_SIGTERM] = "sigterm",
    [FAILPOINT_RECYCLE] = "recycle",
    [FAILPOINT_LOOK_ANSWER] = "look.answer",
};
static const char *const modes[MODE_COUNT] = {"kill", "stop", "fail"};

/* Written before main(), when there is one thread. */
static struct armed armed[ARMED_MAX];
static size_t armed_count;
static atomic_ulong passes[FAILPOINT_COUNT];

static int index_of(const char *const *texts, int count, const char *text)
{
    int i = 0;
    while (i < count && (text == NULL || strcmp(texts[i], text) != 0))
        i++;
    return i;
}

/* "submit.answer:kill:37". False: it cannot be read. */
static bool read_one(char *text, struct armed *ret)
{
    char *rest = text;
    int point = index_of(names, FAILPOINT_COUNT, strsep(&rest, ":"));
    int mode = index_of(modes, MODE_COUNT, strsep(&rest, ":"));
    char *end = rest;
    unsigned long pass = rest != NULL ? strtoul(rest, &end, 10) : 0;
    *ret = (struct armed){(enum failpoint)point, (enum mode)mode, pass};
    return point < FAILPOINT_COUNT && mode < MODE_COUNT && pass > 0 && *end == '\0';
}

/* Before main(), so that a point that nobody knows is not found out at its first pass. */
__attribute__((constructor)) static void read_variable(void)
{
    const char *variable = getenv("USHER_FAILPOINT");
    char text[TEXT_MAX];
    if (variable == NULL)
        return;
    bool good = strlen(variable) < sizeof text;
    (void)snprintf(text, sizeof text, "%s", variable);
    for (char *rest = text; good && rest != NULL;)
        good = armed_count < ARMED_MAX && read_one(strsep(&rest, ","), &armed[armed_count++]);
    if (good)
        return;
    (void)fprintf(stderr, "USHER_FAILPOINT: \"%s\" is not NAME:kill|stop|fail:PASS[,...]\n",
                  variable);
    _exit(EXIT_UNREADABLE);
}

static void say(const struct armed *hit)
{
    char line[64];
    int size = snprintf(line, sizeof line, "failpoint %s:%s:%lu\n", names[hit->point],
                        modes[hit->mode], hit->pass);
    if (write(STDERR_FILENO, line, (size_t)size) < 0)
        abort();
}

bool failpoint(enum failpoint point)
{
    unsigned long pass = atomic_fetch_add(&passes[point], 1) + 1;
    for (size_t i = 0; i < armed_count; i++) {
        if (armed[i].point != point || armed[i].pass != pass)
            continue;
        say(&armed[i]);
        if (armed[i].mode == MODE_FAIL)
            return true;
        (void)kill(getpid(), armed[i].mode == MODE_KILL ? SIGKILL : SIGSTOP);
    }
    return false;
}

#endif
