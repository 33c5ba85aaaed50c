#pragma once

#include "worker/core/buffer.h"
#include "worker/core/span.h"

/* OTLP's ExportTraceServiceRequest in protobuf's JSON mapping, as OTLP narrows it: ids are
 * hexadecimal, enums are numbers, 64-bit numbers are texts. One resource and one scope a request:
 *
 *     otlp_json_begin(), otlp_json_span() for each span, otlp_json_end() */

enum {
    /* Name, tracestate, error and attributes, each at most SPAN_TEXT_MAX bytes of which JSON makes
       six times as many at worst, and the ids, times and names. */
    OTLP_SPAN_BYTES_MAX = (SPAN_ATTRIBUTES_MAX + 3) * (6 * SPAN_TEXT_MAX + 128) + 1024,
    OTLP_RESOURCE_MAX = 16, /* attributes that traces.resource may have */
    OTLP_HEAD_BYTES_MAX = (OTLP_RESOURCE_MAX + 4) * (6 * 2 * SPAN_TEXT_MAX + 128) + 1024,
    OTLP_HEADERS_MAX = 16,
    OTLP_VALUE_SIZE = 4096, /* of a pair, with NUL: a header may hold a bearer token */
};

/* What the spans come from. */
struct otlp_source {
    const char *service, *version, *instance;
    const char *resource; /* traces.resource, which otlp_pairs_are_good() */
};

void otlp_json_begin(struct buffer *json, const struct otlp_source *source);
void otlp_json_span(struct buffer *json, const struct span *span);
void otlp_json_end(struct buffer *json);

/* `name=value` with commas between and blanks around, the form of OTEL_RESOURCE_ATTRIBUTES and of
 * OTEL_EXPORTER_OTLP_HEADERS; values may have %XX in them. Takes the next one off `rest` and
 * decodes its value into `ret_value` (`size` bytes, with NUL), an empty pair is passed over. False:
 * there is none left, or it is wrong: then rest->data is NULL. */
bool otlp_pair_take(struct str *rest, struct str *ret_name, char *ret_value, size_t size);

/* Can all of it be taken, at most `max` pairs? */
bool otlp_pairs_are_good(const char *text, size_t max);

/* How many spans the collector did not take, as its answer to a POST that went well says
 * (partial_success). What cannot be read is none. */
uint64_t otlp_rejected(struct str body);
