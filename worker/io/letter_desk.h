#pragma once

#include "config/settings.h"

#include "worker/io/dead_letter_read.h"

/* Dead letters for who must not wait: the loop. A thread of its own reads the list every few
 * seconds for as long as somebody looks, replays what it is told to, and ends when nobody has
 * looked for a while. One log line for each dead letter that is replayed or cannot be. All calls
 * are of the loop's thread. */
struct letter_desk;

enum {
    DESK_REFRESH_MS = 5000, /* how old a list is at least when it is read again */
    DESK_IDLE_MS = 60000,   /* nobody has looked for so long: the thread and its consumer end */
    DESK_ORDER_MAX = LETTERS_MAX, /* letters replayed by one order */
    DESK_WHO_SIZE = 96,
};

/* NULL: out of memory. Settings must outlive it. Nothing is started yet. */
struct letter_desk *letter_desk_create(const struct settings *settings);
/* Waits for the thread, which ends within seconds: what it replays is finished or given up. NULL is
 * fine. */
void letter_desk_destroy(struct letter_desk *desk);

/* The newest list there is, which may be some seconds old; NULL: none yet. Asks for a newer one, so
 * look again. Stays until the next call of this. */
const struct letter_list *letter_desk_look(struct letter_desk *desk);
/* Why there is no newer list, a sentence; "" when all is well. Stays likewise. */
const char *letter_desk_trouble(const struct letter_desk *desk);

/* Replays these, in the order of their partitions and offsets. `who` is for the log. False: an
 * order is being carried out, there are too many, or no thread can be made. */
struct letter_order {
    const struct audit_origin *places;
    size_t count;
    char who[DESK_WHO_SIZE];
};
bool letter_desk_replay(struct letter_desk *desk, const struct letter_order *order,
                        struct error *error);

/* What became of the last order. */
struct letter_progress {
    bool is_running;
    size_t wanted, sent, refused, left; /* wanted 0: there was none. left: not tried, or unknown */
    char who[DESK_WHO_SIZE];
    struct error trouble; /* of the last one that was not sent */
};
struct letter_progress letter_desk_progress(struct letter_desk *desk);
