#pragma once

#include "worker/core/record.h"
#include "worker/core/stage.h"

#include <stdbool.h>

/* Which request record a reply or a dead letter is about, for the audit (audit.h): from its own
 * bytes and headers, whoever wrote it. Pure. */

/* Whose: all three topics may hold the records of other groups and programs too. */
struct audit_names {
    const char *requests_topic, *group;
};

struct audit_origin {
    int32_t partition;
    int64_t offset;
};

/* `<topic>/<partition>/<offset>` and `end` behind it. False: it is not of this topic, or not in
 * this form. */
bool audit_origin_read(struct str id, const char *topic, const char *end, struct audit_origin *ret);

struct audit_reply {
    struct audit_origin origin;
    enum answer answer; /* of the header usher-outcome; ANSWER_NONE: none that is known */
    bool duplicate;     /* only told for `failed` and `unknown`, where it matters */
};

/* By its CloudEvents id, which is `<topic>/<partition>/<offset>/reply`, and its source, which is
 * `/usher/<group>`. False: it is no reply of this group to this topic. */
bool audit_reply_read(const struct record *record, const struct audit_names *names,
                      struct audit_reply *ret);

enum audit_letter {
    AUDIT_LETTER_NONE,    /* without the headers kafka_dlt-original-* */
    AUDIT_LETTER_FOREIGN, /* they name another topic or group, or cannot be read */
    AUDIT_LETTER_OURS,    /* `ret` is filled */
};

/* By the headers kafka_dlt-original-*: of a dead letter, and of a request record that is a dead
 * letter which was sent again: it keeps them, and so does its own dead letter. */
enum audit_letter audit_letter_read(const struct record *record, const struct audit_names *names,
                                    struct audit_origin *ret);
