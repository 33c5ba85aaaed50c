#pragma once

#include "worker/core/stage.h"

/* Why an event did not succeed: the `error` member of its reply (contract: stage, code, message,
 * httpStatus, details). `code` is Graph's own or one of ours, never empty once set; `message` names
 * the thing, says what was wrong and what to do. Both are valid UTF-8 and hold no secret and no
 * bytes of a token. Longer texts are cut at a character. */
enum {
    FAULT_CODE_MAX = 96,     /* Graph's longest known code has 32 letters */
    FAULT_MESSAGE_MAX = 512, /* Graph's messages are a sentence or two; two stand in each request */
};

struct fault {
    enum stage stage;
    char code[FAULT_CODE_MAX]; /* "": no fault */
    char message[FAULT_MESSAGE_MAX];
    int http_status; /* 0: no HTTP answer stands behind it */
    char *details;   /* owned; a JSON array as Graph sent it in error.details, or NULL */
    char *whole;     /* owned; Graph's message, where `message` has only the start of it, or NULL */
};

void fault_set(struct fault *fault, enum stage stage, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Frees what it owns and makes it "no fault" again. */
void fault_clear(struct fault *fault);
