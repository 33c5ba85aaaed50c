#include "worker/io/http_slot.h"

#include "worker/core/retry_after.h"
#include "worker/io/token_claims.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BODY_FIRST_CAPACITY = 4096,    /* most answers are far smaller */
    BODY_KEPT_CAPACITY = 64 << 10, /* a slot that once read a long list gives the memory back */
};

/* ---- what is asked for ---- */

static char *copy_to(char **at, const char *bytes, size_t size)
{
    char *copy = *at;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    *at += size + 1;
    return copy;
}

static char *copy_header(char **at, const char *name, const char *value)
{
    if (value == NULL)
        return NULL;
    size_t name_size = strlen(name);
    char *header = *at;
    memcpy(header, name, name_size);
    *at += name_size;
    copy_to(at, value, strlen(value));
    return header;
}

/* A line feed in a header would start another one. What is no plain text is left out. */
static const char *header_value(const char *value)
{
    for (const char *c = value; c != NULL && *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return NULL;
    return value;
}

static const char *operation_of(const struct request *rq, const struct http_call *call)
{
    if (call->operation != NULL)
        return call->operation;
    if (call->method == HTTP_GET)
        return stage_name(STAGE_LOOK);
    return stage_name(call->for_real || rq->stage == STAGE_SUBMIT ? STAGE_SUBMIT : STAGE_DRY_RUN);
}

/* `root_end` is where the root of beta ends; v1.0's stands beside it (config/check.c has seen to
 * that). */
static void go_to_v1(char *root_end)
{
    static const char beta[] = "/beta", v1[] = "/v1.0";
    static_assert(sizeof beta == sizeof v1, "one takes the other's place");
    size_t size = strlen(beta);
    assert(memcmp(root_end - size, beta, size) == 0);
    memcpy(root_end - size, v1, size);
}

struct queued *queued_create(const char *base_url, struct request *rq, const struct http_call *call)
{
    static const char parent_name[] = "traceparent: ", state_name[] = "tracestate: ";
    assert(call->path[0] == '/'); /* else it could go on with the host's name: the token's way */
    const char *parent = header_value(call->traceparent);
    const char *state = parent != NULL ? header_value(call->tracestate) : NULL;
    size_t base_size = strlen(base_url), path_size = strlen(call->path);
    size_t size = sizeof(struct queued) + base_size + path_size + 1 + call->body.size + 1 +
                  (parent != NULL ? sizeof parent_name + strlen(parent) : 0) +
                  (state != NULL ? sizeof state_name + strlen(state) : 0);
    struct queued *queued = malloc(size);
    if (queued == NULL)
        return NULL;
    *queued = (struct queued){.rq = rq, .call = *call, .operation = operation_of(rq, call)};
    char *at = (char *)(queued + 1);
    queued->url = at;
    memcpy(at, base_url, base_size);
    at += base_size;
    if (call->version == GRAPH_V1)
        go_to_v1(at);
    queued->call.path = copy_to(&at, call->path, path_size);
    queued->call.body.data = copy_to(&at, call->body.data, call->body.size);
    queued->trace_headers[0] = copy_header(&at, parent_name, parent);
    queued->trace_headers[1] = copy_header(&at, state_name, state);
    assert(at <= (char *)queued + size);
    return queued;
}

void queued_destroy(struct queued *queued)
{
    free(queued);
}

/* ---- the headers that do not change ---- */

struct bearer *bearer_create(const char *token, unsigned number)
{
    /* curl reads header lists and never writes them; its type does not say so. */
    static char type[] = "Content-Type: application/json", accept[] = "Accept:";
    static char expect[] = "Expect:", agent[] = "User-Agent: usher/" USHER_VERSION;
    static const char name[] = "Authorization: Bearer ";
    size_t size = token != NULL ? sizeof name + strlen(token) : 1;
    struct bearer *bearer = calloc(1, sizeof *bearer + size);
    if (bearer == NULL)
        return NULL;
    bearer->users = 1;
    bearer->number = number;
    bearer->size = size;
    if (token != NULL)
        snprintf(bearer->text, size, "%s%s", name, token);
    char *const lines[5] = {type, accept, expect, agent, bearer->text};
    for (size_t i = 0; i < 5; i++) {
        bool last = i == 4 || (i == 3 && token == NULL);
        bearer->nodes[i] = (struct curl_slist){lines[i], last ? NULL : &bearer->nodes[i + 1]};
    }
    return bearer;
}

void bearer_release(struct bearer *bearer)
{
    if (bearer == NULL || --bearer->users > 0)
        return;
    explicit_bzero(bearer->text, bearer->size);
    free(bearer);
}

/* ---- a slot ---- */

/* The guard. Curl calls it each time it is about to send the request, also when it sends it again
 * by itself because a kept connection died: then the first may have been carried out. */
static int on_send(void *context, char *address, char *local_address, int port, int local_port)
{
    (void)address, (void)local_address, (void)port, (void)local_port;
    struct slot *slot = context;
    const struct http_call *call = &slot->queued->call;
    slot->sends++;
    if (!call->for_real)
        return CURL_PREREQFUNC_OK;
    if (slot->sends > 1)
        return CURL_PREREQFUNC_ABORT;
    slot->is_refused = call->may_send != NULL && !call->may_send(call->context, slot->queued->rq);
    return slot->is_refused ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* Curl takes a connection that closes in the middle of the headers for the end of an answer. */
static size_t on_header(char *bytes, size_t unit, size_t count, void *context)
{
    struct slot *slot = context;
    if (unit * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        slot->has_head = false; /* of a 1xx before it */
    else if (bytes[0] == '\r' || bytes[0] == '\n')
        slot->has_head = true;
    return unit * count;
}

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    struct slot *slot = context;
    size_t size = unit * count, needed = slot->body_size + size;
    if (needed > HTTP_BODY_MAX) {
        slot->body_is_cut = true;
        return 0;
    }
    if (needed > slot->body_capacity) {
        size_t capacity = slot->body_capacity > 0 ? slot->body_capacity : BODY_FIRST_CAPACITY;
        while (capacity < needed)
            capacity *= 2;
        char *grown = realloc(slot->body, capacity);
        if (grown == NULL)
            return 0;
        slot->body = grown;
        slot->body_capacity = capacity;
    }
    memcpy(slot->body + slot->body_size, bytes, size);
    slot->body_size = needed;
    return size;
}

struct slot *slot_create(struct http *http, struct http_loop *loop, const struct settings *settings)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL || !http_transfer_init(&slot->transfer, loop, settings->graph.base_url)) {
        free(slot);
        return NULL;
    }
    slot->http = http;
    CURL *easy = slot->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->graph.timeout_ms);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    return slot;
}

void slot_destroy(struct slot *slot)
{
    if (slot == NULL)
        return;
    http_transfer_finish(&slot->transfer);
    free(slot->body);
    free(slot);
}

static void load_headers(struct slot *slot, const struct queued *queued)
{
    bool post = queued->call.method == HTTP_POST;
    struct curl_slist *rest = &slot->bearer->nodes[post ? 0 : 1];
    for (size_t i = 2; i-- > 0;) {
        if (queued->trace_headers[i] == NULL)
            continue;
        slot->nodes[i + 1] = (struct curl_slist){queued->trace_headers[i], rest};
        rest = &slot->nodes[i + 1];
    }
    snprintf(slot->id_header, sizeof slot->id_header, "client-request-id: %s",
             queued->rq->graph.client_request_id);
    slot->nodes[0] = (struct curl_slist){slot->id_header, rest};
    curl_easy_setopt(slot->transfer.easy, CURLOPT_HTTPHEADER, &slot->nodes[0]);
}

void slot_load(struct slot *slot, struct queued *queued, struct bearer *bearer, struct slot_way way)
{
    CURL *easy = slot->transfer.easy;
    slot->queued = queued;
    slot->bearer = bearer;
    slot->sends = 0;
    slot->is_refused = slot->body_is_cut = slot->has_head = false;
    slot->body_size = 0;
    load_headers(slot, queued);
    curl_easy_setopt(easy, CURLOPT_CURLU, way.parsed);
    if (way.parsed == NULL)
        curl_easy_setopt(easy, CURLOPT_URL, queued->url);
    if (queued->call.method == HTTP_POST) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)queued->call.body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, queued->call.body.data);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, way.fresh ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, way.pipewait ? 1L : 0L);
}

/* A header that is not there is a str without data. */
static struct str read_header(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;
    bool given = curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return given ? str_of(header->value) : (struct str){0};
}

/* One that is longer, or no plain text, is left out. */
static void copy_plain(struct str value, char *ret, size_t size)
{
    bool good = value.data != NULL && value.size < size && header_value(value.data) != NULL;
    if (good)
        memcpy(ret, value.data, value.size);
    ret[good ? value.size : 0] = '\0';
}

static void read_ids(CURL *easy, struct http_answer *ret)
{
    copy_plain(read_header(easy, "request-id"), ret->request_id, sizeof ret->request_id);
    copy_plain(read_header(easy, "x-ms-ags-diagnostic"), ret->diagnostic, sizeof ret->diagnostic);
}

/* A date in Retry-After counts from the server's own Date: our clock may be wrong. Of several the
 * longest. */
static int64_t read_retry_after_ms(CURL *easy)
{
    struct curl_header *header = NULL, *date = NULL;
    int64_t longest_ms = -1, now_ms = (int64_t)time(NULL) * 1000;
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        if (curl_easy_header(easy, "Retry-After", i, CURLH_HEADER, -1, &header) != CURLHE_OK)
            break;
        count = header->amount;
        /* The next look-up may reuse what `header` points to. */
        struct str value = str_of(header->value);
        if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
            http_date_read(str_of(date->value), &now_ms);
        int64_t ms = retry_after_read(value, now_ms);
        longest_ms = ms > longest_ms ? ms : longest_ms;
    }
    return longest_ms;
}

static void read_limits(CURL *easy, struct http_answer *ret)
{
    ret->used_permille =
        throttle_used_permille(read_header(easy, "x-ms-throttle-limit-percentage"));
    if (ret->status == 429)
        ret->scope = throttle_scope(read_header(easy, "x-ms-throttle-scope"));
}

static int64_t read_date_ms(CURL *easy)
{
    struct curl_header *date = NULL;
    int64_t date_ms = 0;
    bool given = curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK;
    return given && http_date_read(str_of(date->value), &date_ms) ? date_ms : 0;
}

static enum http_reach reach_of(const struct slot *slot, CURLcode result, int status)
{
    bool applied_unread = slot->body_is_cut && status >= 200 && status < 300;
    if ((result == CURLE_OK && slot->has_head) || applied_unread)
        return HTTP_ANSWERED;
    if (slot->sends == 0)
        return HTTP_NOT_SENT;
    return slot->sends == 1 && slot->is_refused ? HTTP_REFUSED : HTTP_LOST;
}

void slot_read_answer(struct slot *slot, CURLcode result, char text[SLOT_TEXT_SIZE],
                      struct http_answer *ret)
{
    CURL *easy = slot->transfer.easy;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    *ret = (struct http_answer){.status = (int)status, .error = text, .retry_after_ms = -1};
    ret->reach = reach_of(slot, result, ret->status);
    ret->timed_out = result == CURLE_OPERATION_TIMEDOUT;
    text[0] = '\0';
    if (result == CURLE_OK && !slot->has_head) {
        snprintf(text, SLOT_TEXT_SIZE, "the connection closed in the middle of the headers");
    } else if (result == CURLE_OK) {
        ret->body = (struct str){slot->body, slot->body_size};
    } else if (slot->body_is_cut) {
        snprintf(text, SLOT_TEXT_SIZE, "the answer's body is longer than %d bytes", HTTP_BODY_MAX);
    } else if (slot->queued->call.for_real && slot->sends > 1) {
        snprintf(text, SLOT_TEXT_SIZE,
                 "the kept connection closed without an answer; it was not sent a second time");
    } else {
        const char *why = slot->transfer.error;
        snprintf(text, SLOT_TEXT_SIZE, "%s", why[0] != '\0' ? why : curl_easy_strerror(result));
    }
    if (status > 0)
        read_ids(easy, ret);
    if (status > 0 && !slot->queued->call.for_real)
        ret->date_wall_ms = read_date_ms(easy);
    if (status > 0)
        read_limits(easy, ret);
    if (status >= 300)
        ret->retry_after_ms = read_retry_after_ms(easy);
}

char *slot_read_claims(const struct slot *slot)
{
    struct curl_header *header = NULL;
    char *claims = NULL;
    size_t count = 1;
    for (size_t i = 0; i < count && claims == NULL; i++) {
        if (curl_easy_header(slot->transfer.easy, "WWW-Authenticate", i, CURLH_HEADER, -1,
                             &header) != CURLHE_OK)
            break;
        count = header->amount;
        claims = token_claims_read(header->value);
    }
    return claims;
}

void slot_unload(struct slot *slot)
{
    slot->queued = NULL;
    bearer_release(slot->bearer);
    slot->bearer = NULL;
    if (slot->body_capacity > BODY_KEPT_CAPACITY) {
        free(slot->body);
        slot->body = NULL;
        slot->body_capacity = 0;
    }
}
