#include "worker/io/otlp_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wipe(char *text, size_t size)
{
    if (text != NULL)
        explicit_bzero(text, size);
    free(text);
}

/* `text` has room for the lines: each is as long as its pair, and a space longer. */
static void make_list(struct otlp_headers *headers, struct str pairs)
{
    /* curl reads header lists and never writes them; its type does not say so. */
    static char type[] = "Content-Type: application/json", accept[] = "Accept: application/json";
    static char expect[] = "Expect:", agent[] = "User-Agent: usher/" USHER_VERSION;
    char *const ours[] = {type, accept, expect, agent};
    size_t count = 0;
    for (; count < sizeof ours / sizeof *ours; count++)
        headers->nodes[count] = (struct curl_slist){ours[count], &headers->nodes[count + 1]};
    char value[OTLP_VALUE_SIZE];
    struct str name;
    char *at = headers->text;
    while (otlp_pair_take(&pairs, &name, value, sizeof value)) {
        size_t left = headers->size - (size_t)(at - headers->text);
        headers->nodes[count] = (struct curl_slist){at, &headers->nodes[count + 1]};
        count++;
        at += snprintf(at, left, "%.*s: %s", (int)name.size, name.data, value) + 1;
    }
    explicit_bzero(value, sizeof value);
    headers->nodes[count - 1].next = NULL;
    headers->list = &headers->nodes[0];
}

bool otlp_headers_read(struct otlp_headers *headers, const struct settings *settings,
                       struct error *error)
{
    const char *file = settings->traces.headers_file;
    if (headers->text != NULL && file[0] == '\0')
        return true;
    char *secret = calloc(1, SECRET_SIZE_MAX);
    char *text = calloc(1, 2 * SECRET_SIZE_MAX);
    struct error why = {0};
    bool done = secret != NULL && text != NULL &&
                secret_read(settings->traces.headers, file, secret, SECRET_SIZE_MAX, &why);
    if (done && !otlp_pairs_are_good(secret, OTLP_HEADERS_MAX))
        done = error_set(&why, "file %s: is not NAME=VALUE with commas between, %d at most", file,
                         OTLP_HEADERS_MAX);
    if (done) {
        otlp_headers_finish(headers);
        headers->text = text;
        headers->size = 2 * SECRET_SIZE_MAX;
        make_list(headers, str_of(secret));
        text = NULL;
    } else {
        error_set(error, "traces.headers: %s", why.text[0] != '\0' ? why.text : "no memory");
    }
    wipe(secret, SECRET_SIZE_MAX);
    free(text);
    return done;
}

void otlp_headers_finish(struct otlp_headers *headers)
{
    wipe(headers->text, headers->size);
    *headers = (struct otlp_headers){.text = NULL};
}
