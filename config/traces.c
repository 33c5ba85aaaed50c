#include "config/traces.h"

#include <stdlib.h>
#include <string.h>

#include "worker/core/otlp_json.h"

bool rule_ratio(char *text, struct error *error)
{
    size_t digits = strspn(text, "0123456789.");
    char *end = text;
    double ratio = digits > 0 && text[digits] == '\0' ? strtod(text, &end) : -1;

    if (end == text || *end != '\0' || ratio < 0 || ratio > 1) {
        return error_set(error, "\"%.40s\" is no number from 0 to 1, such as 0.25", text);
    }
    return true;
}

/* Letters of a host, and of a path without a query. */
static bool is_place(const char *host)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._~:/[]%!$&'()*+,;=";

    return host[0] != '\0' && host[0] != ':' && host[0] != '/' &&
           host[strspn(host, letters)] == '\0';
}

bool rule_collector(char *text, struct error *error)
{
    const char *host = strstr(text, "://");
    bool is_web = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;

    if (text[0] == '\0') {
        return true;
    }
    if (!is_web || host == NULL) {
        return error_set(error, "must start with https:// or http://, as in "
                                "http://collector:4318/v1/traces");
    }
    if (strchr(host, '@') != NULL) {
        return error_set(error, "must not hold a user or password; send what the collector asks "
                                "for in traces.headers_file");
    }
    if (!is_place(host + strlen("://"))) {
        return error_set(error, "is no address; write http://host:port/path, without a query");
    }
    return true;
}

bool rule_headers(char *text, struct error *error)
{
    return otlp_pairs_are_good(text, OTLP_HEADERS_MAX) ||
           error_set(error,
                     "is not NAME=VALUE with commas between, %d at most; write %%2C for a comma "
                     "in a value",
                     OTLP_HEADERS_MAX);
}

bool rule_attributes(char *text, struct error *error)
{
    return otlp_pairs_are_good(text, OTLP_RESOURCE_MAX) ||
           error_set(error,
                     "is not NAME=VALUE with commas between, %d at most; write %%2C for a comma "
                     "in a value",
                     OTLP_RESOURCE_MAX);
}
