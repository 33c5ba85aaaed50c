#include "worker/cli/demo_http.h"

#include <curl/curl.h>

enum { GET_MS = 2000 };

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct buffer *body = context;
    if (body != NULL)
        buffer_put(body, bytes, size * count);
    return size * count;
}

long demo_http_get(const char *url, struct buffer *body)
{
    long status = 0;
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return 0;
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)GET_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    if (curl_easy_perform(easy) == CURLE_OK)
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    return status;
}
