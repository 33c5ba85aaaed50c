#pragma once

#include "worker/core/message.h"
#include "worker/core/request.h"

/* The reply (contract 3) and the dead letter: pure, from a request whose answer stands to bytes and
 * headers. */

#define REPLY_TYPE "usher.accessRequestReply"

struct reply_settings {
    const char *group;         /* source: /usher/<group> */
    const char *replies_topic; /* where replies go by default */
    const char *dead_letters_topic;
    char *const *allowed_topics; /* kafka.reply_topics_allowed */
    size_t allowed_count;
};

enum {
    /* What a broker that refused the whole gets instead: a key or a correlation id longer than this
     * is left out, and all headers of a dead letter together are no more. A dead letter's value is
     * cut here (contract 3). */
    BRIEF_BYTES_MAX = 64 << 10,
    /* Likewise `requestType` of a brief reply, which is cut, and `subject`, which is left out. */
    BRIEF_TEXT_MAX = 1024,
};

/* The members below: Graph's object, its error with its details, a few hundred bytes of ours. */
enum { REPLY_MEMBERS_MAX = GRAPH_OBJECT_MAX + GRAPH_DETAILS_MAX + (8 << 10) };

/* The members that are stored in Redis and stand in every reply alike: `"outcome":…,"graph":…,
 * "error":…,"attempts":…,"graphRequestId":…,"clientRequestId":…,"receivedAt":…,"finishedAt":…`,
 * without braces. Owned by the caller (free). For a request that was seen it is a copy of
 * rq->stored. NULL: out of memory, or over REPLY_MEMBERS_MAX. */
char *reply_members(const struct request *rq);

/* True if `stored` is such members and can be put into a reply; sets *ret_answer to its outcome. */
bool reply_stored_read(const char *stored, enum answer *ret_answer);

/* A sentence for the log when kafka_replyTopic or kafka_replyPartition could not be honoured; else
 * "". It quotes the header, so it may hold any bytes. */
struct reply_warning {
    char text[256];
};

/* Makes the reply of a request that has its answer. `brief`: without `graph` and error.details, and
 * with long texts cut, for a broker that refused the whole one as too large. False: out of memory,
 * and `ret` is zeroed. */
bool reply_make(const struct request *rq, const struct reply_settings *settings, bool brief,
                struct message *ret, struct reply_warning *ret_warning);

/* Where it goes: to the topic that the requester names, if it is allowed, else to the default. */
const char *reply_topic(const struct request *rq, const struct reply_settings *settings);

/* Our own source as CloudEvents have it, `/usher/<group>`. It takes REPLY_SOURCE_SIZE(group). */
#define REPLY_SOURCE_SIZE(group) (sizeof "/usher/" + 3 * strlen(group))
struct str reply_source(struct arena *arena, const char *group);

/* Does this answer need a person? (contract 3: failed, unknown, and what is no event at all; not
 * what was answered before) */
bool dead_letter_is_due(const struct request *rq);

/* `truncated_sha256`: for a broker that refused it as too large: the SHA-256 of the whole value in
 * hex; then it is cut to BRIEF_BYTES_MAX and says so. NULL: whole. False: out of memory, and `ret`
 * is zeroed. */
bool dead_letter_make(const struct request *rq, const struct reply_settings *settings,
                      const char *truncated_sha256, struct message *ret);
