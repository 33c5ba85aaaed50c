#pragma once

#include "worker/core/letter.h"
#include "worker/io/audit_client.h"

/* Reads the topic of dead letters: the newest ones as a list, or one of them whole. A consumer
 * without a group, read_committed, which commits nothing. All calls block; one thread. The status
 * page and the actions use it through dead_letter_desk.h. */

enum {
    LETTERS_MAX = 1000,      /* rows of a list: 1.5 MiB, and more than a person reads */
    LETTERS_STALL_MS = 8000, /* nothing comes: a transaction that is open, or no leader */
};

struct letter_list {
    struct letter *rows; /* the newest first, by the time of their requests */
    size_t count;
    bool is_partial; /* there are older ones, which are not listed */
    int64_t read_wall_ms;
};

struct letter_reader {
    struct audit_client client;
    const struct settings *settings;
    const atomic_bool *stop; /* where it is true, all calls end soon, with exit code 75 */
};

/* Reaches the brokers. Settings and `stop` must outlive it. False: *ret_refusal says why.
 * letter_reader_finish() is due either way. */
bool letter_reader_init(struct letter_reader *reader, const struct settings *settings,
                        const atomic_bool *stop, struct kafka_refusal *ret_refusal);
void letter_reader_finish(struct letter_reader *reader);

/* letter_list_finish() is due where it is true. */
bool letter_reader_list(struct letter_reader *reader, struct letter_list *ret,
                        struct kafka_refusal *ret_refusal);
void letter_list_finish(struct letter_list *list);

/* NULL: it is not in the list. */
struct letter *letter_list_find(const struct letter_list *list, struct audit_origin place);

/* The record itself, for kafka_record_finish(). False with exit code 66: it is not there (any
 * more). */
bool letter_reader_fetch(struct letter_reader *reader, struct audit_origin place,
                         struct record *ret, struct kafka_refusal *ret_refusal);
