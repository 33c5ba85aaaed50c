/*
 * What an audit found, for people and for scripts.
 */
#pragma once

#include "config/settings.h"
#include "worker/core/audit.h"
#include "worker/core/buffer.h"

/* Findings that are named; the rest is counted. Whoever has more looks for one cause. */
enum { AUDIT_NAMED_MAX = 100 };

struct audit_print {
    const struct settings *settings;
    bool json;
    uint64_t findings;  /* so far */
    struct buffer list; /* JSON: those that are named */
};

void audit_print_init(struct audit_print *print, const struct settings *settings, bool json);

/* For audit_judge(), `context` is the audit_print: a line of text at once. */
void audit_print_finding(void *context, const struct audit_finding *finding);

/* The sums, and in JSON all of it: one object in one line. */
void audit_print_end(struct audit_print *print, const struct audit_counts *counts);
