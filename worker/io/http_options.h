#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <curl/curl.h>

/* What every call of ours, to Graph and to the token endpoint, asks of libcurl, and whether the
 * libcurl that runs can do it. */

enum {
    HTTP_CONNECT_TIMEOUT_MS = 10000, /* a hand-shake takes three round trips: under a second */
    /* The least that curl takes, and more than a body has; its default of 64 KiB stays with each
     * handle for good. */
    HTTP_UPLOAD_BUFFER = 16 << 10,
    /* An idle connection is not used again after a minute: Graph's front doors and what stands
     * between close theirs after two to four, and a connection that dies under a real request costs
     * a look-up. */
    HTTP_IDLE_MAX_S = 60,
    /* From this version on HTTP/2 is used unasked. 7.88, Debian 12's own, ends calls at a GOAWAY
     * that says they were not carried out (rc 16); 8.14 sends them again. */
    HTTP_2_SINCE = 0x080000,
};

/* `library`: curl_version_info(CURLVERSION_NOW). False: `error` says what it lacks: a resolver that
 * does not block (one slow name server would stop the whole worker), TLS, or HTTP/2 where
 * graph.http asks for it. */
bool http_library_is_fit(const curl_version_info_data *library, enum http_version wanted,
                         struct error *error);

/* The version to ask for, for CURLOPT_HTTP_VERSION. Without TLS it is 1.1. */
long http_version_of(const curl_version_info_data *library, enum http_version wanted, bool tls);

/* Sets them: TLS 1.2 and newer, verified, also that of a proxy; no redirects, no other scheme than
 * that of `url`, no signals; and no waiting for a name, neither while a call runs nor at its end.
 */
void http_options_set(CURL *easy, const struct settings *settings, const char *url);
