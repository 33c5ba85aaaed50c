#include "worker/doctor_http.h"

#include "worker/doctor_net.h"
#include "worker/io/http_options.h"
#include "worker/io/http_proxy.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
    PATIENCE_MS = 10000, /* as long as the worker gives a connection */
    PRECISION_MS = 1500, /* a Date has whole seconds */
    DAY_S = 24 * 60 * 60,
};

struct look {
    struct doctor_job *job;
    const char *url;
    struct endpoint endpoint;
    CURL *easy;
    CURLcode code;
    char trouble[CURL_ERROR_SIZE];
    int64_t before_ms, after_ms; /* the time of day */
};

static size_t drop(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

/* ---- the call ---- */

static void call(struct look *look, const struct http_proxy *proxy)
{
    http_options_set(look->easy, look->job->settings, look->url);
    http_proxy_set(proxy, look->easy, look->url);
    curl_easy_setopt(look->easy, CURLOPT_URL, look->url);
    curl_easy_setopt(look->easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(look->easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(look->easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(look->easy, CURLOPT_ERRORBUFFER, look->trouble);
    curl_easy_setopt(look->easy, CURLOPT_TIMEOUT_MS,
                     (long)doctor_patience_ms(look->job, PATIENCE_MS));
    look->before_ms = doctor_wall_ms();
    look->code = curl_easy_perform(look->easy);
    look->after_ms = doctor_wall_ms();
    if (look->trouble[0] == '\0')
        (void)snprintf(look->trouble, sizeof look->trouble, "%s", curl_easy_strerror(look->code));
}

static bool went_through_proxy(const struct look *look)
{
    long used = 0;
    return look->code == CURLE_COULDNT_RESOLVE_PROXY ||
           (curl_easy_getinfo(look->easy, CURLINFO_USED_PROXY, &used) == CURLE_OK && used != 0);
}

/* ---- the lines ---- */

/* Days until the first certificate of the chain ends; false: there is none. */
static bool find_end(const struct look *look, int64_t *ret_days)
{
    static const char label[] = "Expire date:";
    struct curl_certinfo *chain = NULL;
    bool found = false;
    if (curl_easy_getinfo(look->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL)
        return false;
    for (int i = 0; i < chain->num_of_certs; i++) {
        for (const struct curl_slist *line = chain->certinfo[i]; line != NULL; line = line->next) {
            if (strncmp(line->data, label, sizeof label - 1) != 0)
                continue;
            time_t end = curl_getdate(line->data + sizeof label - 1, NULL);
            int64_t days = (end - look->after_ms / 1000) / DAY_S;
            if (end >= 0 && (!found || days < *ret_days))
                *ret_days = days;
            found = found || end >= 0;
        }
    }
    return found;
}

static void judge_connection(const struct look *look, struct diagnosis *ret)
{
    bool proxy = went_through_proxy(look);
    const char *way = proxy ? "it can be reached through the proxy" : "it can be reached";
    int64_t days = 0;
    if (look->code == CURLE_PEER_FAILED_VERIFICATION)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "its certificate is refused: %.200s; set graph.tls_ca_file to the "
                          "authority that has signed it, if that is not a public one",
                          look->trouble);
    else if (look->code == CURLE_SSL_CACERT_BADFILE)
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED, "graph.tls_ca_file: %.200s", look->trouble);
    else if (look->code != CURLE_OK)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "it cannot be reached%s: %.200s; %s",
                          proxy ? " through the proxy" : "", look->trouble,
                          proxy ? "look at graph.proxy, or at https_proxy in the environment"
                                : "does a firewall or network policy let us through, or is a proxy "
                                  "needed (graph.proxy)?");
    else if (find_end(look, &days))
        diagnosis_of_certificate(ret, way, days);
    else
        diagnosis_good(ret, "%s, without TLS", way);
}

static void tell_clock(const struct look *look)
{
    struct diagnosis diagnosis;
    struct curl_header *header = NULL;
    time_t date = -1;
    if (curl_easy_header(look->easy, "Date", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        date = curl_getdate(header->value, NULL);
    int64_t half_ms = (look->after_ms - look->before_ms) / 2;
    if (date >= 0)
        diagnosis_of_clock(&diagnosis, look->before_ms + half_ms, (int64_t)date * 1000 + 500,
                           half_ms + PRECISION_MS);
    else
        diagnosis_open(&diagnosis, "it does not tell the time");
    doctor_tell(look->job, CHECK_GRAPH_CLOCK, look->endpoint.host, &diagnosis);
}

static void tell(const struct look *look)
{
    struct diagnosis diagnosis;
    char name[ENDPOINT_NAME_SIZE];
    if (!went_through_proxy(look)) { /* a proxy looks names up itself */
        struct addrinfo *addresses = doctor_look_up(look->job, CHECK_GRAPH_DNS, &look->endpoint);
        if (addresses == NULL)
            return;
        freeaddrinfo(addresses);
    }
    endpoint_name(&look->endpoint, name);
    judge_connection(look, &diagnosis);
    doctor_tell(look->job, CHECK_GRAPH_CONNECTION, name, &diagnosis);
    if (look->code == CURLE_OK)
        tell_clock(look);
}

void doctor_look_at_host(struct doctor_job *job, const char *url)
{
    struct look look = {.job = job, .url = url, .easy = curl_easy_init()};
    struct http_proxy proxy = {0};
    struct error error = {0};
    struct diagnosis diagnosis;
    bool good = endpoint_of_url(url, &look.endpoint) || error_set(&error, "%s is no address", url);
    good = good && (look.easy != NULL || error_set(&error, "no memory for a call"));
    if (good && http_proxy_init(&proxy, job->settings, &error)) {
        call(&look, &proxy);
        tell(&look);
    } else {
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED, "%s", error.text);
        doctor_tell(job, CHECK_GRAPH_CONNECTION, look.endpoint.host, &diagnosis);
    }
    http_proxy_finish(&proxy);
    curl_easy_cleanup(look.easy);
}
