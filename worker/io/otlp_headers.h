#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/otlp_json.h"

#include <curl/curl.h>

/* The headers of a POST to the collector: ours, and those of traces.headers or of the file that
 * traces.headers_file names, which may hold a key of the collector's. Wiped when they go. */
struct otlp_headers {
    char *text; /* the lines, one behind the other; NULL: not read yet */
    size_t size;
    struct curl_slist nodes[OTLP_HEADERS_MAX + 4];
    struct curl_slist *list;
};

/* Reads them again. False: they cannot be read, `error` names the setting and never a value, and
 * `headers` is as it was. */
bool otlp_headers_read(struct otlp_headers *headers, const struct settings *settings,
                       struct error *error);
void otlp_headers_finish(struct otlp_headers *headers);
