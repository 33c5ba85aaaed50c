/* What the operator may say about traces (group `traces` of options.c). */
#pragma once

#include <stdint.h>

#include "worker/core/error.h"
#include "worker/core/span.h"

/* What the spans of a record have to do with the trace that it carries. */
enum traces_join {
    TRACES_JOIN_PARENT, /* they continue it */
    TRACES_JOIN_LINK,   /* they begin one of their own, and link to it */
};

struct traces_settings {
    const char *endpoint; /* "": off */
    const char *headers, *headers_file, *tls_ca_file;
    enum sampler sampler;
    const char *ratio; /* a number from 0 to 1 */
    enum traces_join join;
    const char *service_name, *resource; /* otlp_pairs_are_good() */
    int64_t timeout_ms, interval_ms;
    int batch, queue;
};

/* A share of all: a number from 0 to 1. */
bool rule_ratio(char *text, struct error *error);

/* http(s)://host[:port][/path] of a collector, which may be anywhere; or nothing. */
bool rule_collector(char *text, struct error *error);

/* NAME=VALUE with commas between, %XX in the values; or nothing. Never quotes them. */
bool rule_headers(char *text, struct error *error);
bool rule_attributes(char *text, struct error *error);
