#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <curl/curl.h>

/* The way through a proxy: graph.proxy, or what libcurl reads in the environment (https_proxy,
 * all_proxy, no_proxy). Behind it TLS is spoken with Graph itself, so the proxy learns host names
 * and nothing else. A plain http:// address is near by (config allows no other) and never goes
 * through one. The password stands in no log and no error. */
struct http_proxy {
    const struct settings *settings;
    char *password;  /* owned; NULL: none is needed */
    unsigned number; /* of the password: grows with each new one */
    uint64_t stamp;  /* of its file when it was last read */
    int64_t looked_ms;
};

enum { HTTP_PROXY_LOOK_MS = 1000 }; /* how often the file's time is looked at */

/* False: the password cannot be read; `error` names the setting. */
bool http_proxy_init(struct http_proxy *proxy, const struct settings *settings,
                     struct error *error);
/* A zeroed one is fine. */
void http_proxy_finish(struct http_proxy *proxy);

/* Reads the password again if its file has changed; one that cannot be read changes nothing. */
void http_proxy_look(struct http_proxy *proxy, int64_t now_ms);

/* For the calls of this handle, which go to `url`; and again when the number has grown. */
void http_proxy_set(const struct http_proxy *proxy, CURL *easy, const char *url);
