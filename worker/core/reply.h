#pragma once

#include "worker/core/request.h"

/* The reply (contract 3) and the dead letter: pure, from a request whose answer stands to bytes and headers. */

struct reply_settings {
    const char *group;         /* source: /usher/<group> */
    const char *replies_topic; /* where replies go by default */
    const char *dead_letters_topic;
    char *const *allowed_topics; /* kafka.reply_topics_allowed */
    size_t allowed_count;
};

enum { MESSAGE_HEADERS_MAX = 24 }; /* ours: at most 8 ce_*, 4 of tracing and reply, 12 of a dead letter */

/* A Kafka message to be produced. Everything in it lives in `memory` or in the request, until message_finish(). */
struct message {
    const char *topic;
    int32_t partition; /* -1: the partitioner chooses by key */
    int64_t timestamp_ms; /* 0: now */
    struct str key;    /* data NULL: none */
    struct str value;
    struct header headers[MESSAGE_HEADERS_MAX]; /* ours */
    size_t header_count;
    const struct header *kept; /* a dead letter's: the record's own headers, before ours, less those in `headers` */
    size_t kept_count;
    void *memory;
};

void message_finish(struct message *message);

/* The members that are stored in Redis and stand in every reply alike: `"outcome":…,"graph":…,"error":…,"attempts":…,
 * "graphRequestId":…,"clientRequestId":…,"receivedAt":…,"finishedAt":…`. Owned by the caller (free). For a request that was
 * seen, reply_members() is a copy of rq->stored. NULL: out of memory. */
char *reply_members(const struct request *rq);

/* True if `stored` is such members and can be put into a reply; sets *ret_answer to its outcome. */
bool reply_stored_read(const char *stored, enum answer *ret_answer);

/* Makes the reply. `ret_warning` is set to a sentence, or "", when kafka_replyTopic or kafka_replyPartition could not be honoured. `brief`: without
 * `graph` and with error.details cut, for a broker that refused the whole one as too large. */
struct reply_warning {
    char text[256];
};
void reply_make(const struct request *rq, const struct reply_settings *settings, bool brief,
                struct message *ret, struct reply_warning *ret_warning);

/* Does this answer need a person? (contract 3: failed, unknown, and what is no event at all; not what was answered before) */
bool dead_letter_is_due(const struct request *rq);
/* `truncated`: the first 64 KiB with usher-value-sha256 (given by the caller in hex) and usher-truncated; NULL: whole. */
void dead_letter_make(const struct request *rq, const struct reply_settings *settings,
                      const char *truncated_sha256, struct message *ret);
