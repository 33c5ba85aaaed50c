#include "worker/io/http_options.h"

#include <string.h>

static bool has_http_2(const curl_version_info_data *library)
{
    return (library->features & CURL_VERSION_HTTP2) != 0;
}

bool http_library_is_fit(const curl_version_info_data *library, enum http_version wanted,
                         struct error *error)
{
    if ((library->features & CURL_VERSION_ASYNCHDNS) == 0)
        return error_set(error,
                         "libcurl %s looks names up in the worker's own thread, where a slow name "
                         "server would stop all of it; use one that was built with a threaded "
                         "resolver or c-ares, such as Debian's",
                         library->version);
    if ((library->features & CURL_VERSION_SSL) == 0)
        return error_set(error, "libcurl %s was built without TLS; use one with OpenSSL",
                         library->version);
    if (wanted == HTTP_VERSION_2 && !has_http_2(library))
        return error_set(error,
                         "graph.http: libcurl %s was built without HTTP/2; set it to auto or 1.1",
                         library->version);
    return true;
}

long http_version_of(const curl_version_info_data *library, enum http_version wanted, bool tls)
{
    bool good = wanted == HTTP_VERSION_2 ||
                (wanted == HTTP_VERSION_AUTO && library->version_num >= HTTP_2_SINCE);
    return tls && good && has_http_2(library) ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
}

static void set_tls(CURL *easy, const char *ca_file)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_file[0] == '\0')
        return;
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, ca_file);
}

void http_options_set(CURL *easy, const struct settings *settings, const char *url)
{
    bool tls = strncmp(url, "https://", 8) == 0;
    long version = http_version_of(curl_version_info(CURLVERSION_NOW), settings->graph.http, tls);
    set_tls(easy, settings->graph.tls_ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else the end of a call whose name is still being looked up waits for the resolver's thread.
     */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)HTTP_IDLE_MAX_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                     (long)(settings->graph.connection_age_ms / 1000));
}
