#include "worker/io/http.h"

#include "worker/core/guid.h"
#include "worker/core/width.h"
#include "worker/io/failpoint.h"
#include "worker/io/http_place.h"
#include "worker/io/http_slot.h"
#include "worker/io/token.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ADDRESSES_MAX = 4,  /* assignments and resources, of beta and of v1.0 */
    GUIDS_AT_ONCE = 16, /* random bytes for so many are fetched in one system call */
};

/* What the server speaks, as its last answer said. */
enum wire { WIRE_UNKNOWN, WIRE_HTTP1, WIRE_HTTP2 };

/* An address that calls are posted to, parsed when it is first needed; url NULL: none yet. */
struct address {
    char *url;
    CURLU *parsed;
};

struct line {
    struct queued *first, *last;
};

struct http {
    const struct settings *settings;
    struct token *token;
    struct http_loop *loop;
    struct bearer *bearer;
    struct slot *free_slots, *busy_slots;
    size_t active;
    struct line real, others; /* waiting; real requests go first, their claims grow old */
    size_t waiting;
    enum wire wire;
    struct width width; /* over HTTP/1.1 */
    bool wants_fresh;   /* after a 503: the next call goes over a new connection of its own */
    struct address addresses[ADDRESSES_MAX];
    struct call_stats stats;
    uint8_t random[GUIDS_AT_ONCE][16];
    size_t random_left;
};

static size_t width_of(const struct http *http)
{
    if (http->wire == WIRE_UNKNOWN)
        return 1;
    return http->wire == WIRE_HTTP2 ? (size_t)http->settings->graph.in_flight : http->width.now;
}

static void make_guid(struct http *http, char ret[GUID_SIZE])
{
    if (http->random_left == 0) {
        ssize_t size = getrandom(http->random, sizeof http->random, 0);
        assert(size == (ssize_t)sizeof http->random); /* never short up to 256 bytes */
        (void)size;
        http->random_left = GUIDS_AT_ONCE;
    }
    guid_from_random(http->random[--http->random_left], ret);
}

/* ---- the waiting list ---- */

static struct line *line_of(struct http *http, const struct queued *queued)
{
    return queued->call.for_real ? &http->real : &http->others;
}

static void put_last(struct http *http, struct queued *queued)
{
    struct line *line = line_of(http, queued);
    queued->next = NULL;
    if (line->first == NULL)
        line->first = queued;
    else
        line->last->next = queued;
    line->last = queued;
    http->waiting++;
}

static void put_first(struct http *http, struct queued *queued)
{
    struct line *line = line_of(http, queued);
    queued->next = line->first;
    if (line->first == NULL)
        line->last = queued;
    line->first = queued;
    http->waiting++;
}

static struct queued *take_first(struct http *http)
{
    struct line *line = http->real.first != NULL ? &http->real : &http->others;
    struct queued *queued = line->first;
    line->first = queued->next;
    http->waiting--;
    return queued;
}

/* ---- starting ---- */

/* The headers for the token of now. False: there is none. */
static bool refresh_bearer(struct http *http)
{
    unsigned number = 0;
    const char *text = http->token != NULL ? token_get(http->token, &number) : NULL;
    if (http->token != NULL && text == NULL)
        return false;
    if (http->bearer != NULL && http->bearer->number == number)
        return true;
    struct bearer *bearer = bearer_create(text, number);
    assert(bearer != NULL);
    bearer_release(http->bearer);
    http->bearer = bearer;
    return true;
}

static void on_done(struct http_transfer *transfer, CURLcode result);

static struct slot *take_slot(struct http *http)
{
    struct slot *slot = http->free_slots;
    if (slot == NULL) {
        slot = slot_create(http, http->loop, http->settings);
        assert(slot != NULL);
        slot->transfer.on_done = on_done;
    } else {
        http->free_slots = slot->next;
    }
    slot->next = http->busy_slots;
    slot->previous = NULL;
    if (slot->next != NULL)
        slot->next->previous = slot;
    http->busy_slots = slot;
    http->active++;
    return slot;
}

static void give_slot(struct http *http, struct slot *slot)
{
    if (slot->previous != NULL)
        slot->previous->next = slot->next;
    else
        http->busy_slots = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    slot->next = http->free_slots;
    http->free_slots = slot;
    http->active--;
}

/* There are four addresses to post to. Read once, they spare curl a tenth of its work for each
 * call. NULL: it is none of the first four. */
static CURLU *parsed_address(struct http *http, const struct queued *queued)
{
    if (queued->call.method != HTTP_POST || queued->call.body.size == 0)
        return NULL;
    for (size_t i = 0; i < ADDRESSES_MAX; i++) {
        struct address *address = &http->addresses[i];
        if (address->url == NULL) {
            address->url = strdup(queued->url);
            address->parsed = curl_url();
            assert(address->url != NULL && address->parsed != NULL);
            (void)curl_url_set(address->parsed, CURLUPART_URL, address->url, 0);
        }
        if (strcmp(address->url, queued->url) == 0)
            return address->parsed;
    }
    return NULL;
}

static void pump(struct http *http)
{
    while (http->waiting > 0 && http->active < width_of(http) && refresh_bearer(http)) {
        struct slot *slot = take_slot(http);
        http->bearer->users++;
        struct queued *queued = take_first(http);
        slot_load(slot, queued, http->bearer,
                  (struct slot_way){.fresh = http->wants_fresh || queued->call.fresh,
                                    .pipewait = http->wire != WIRE_HTTP1,
                                    .parsed = parsed_address(http, queued)});
        http->wants_fresh = false;
        http_transfer_start(http->loop, &slot->transfer);
    }
}

void http_start(struct http *http, struct request *rq, const struct http_call *call)
{
    assert(call->version == GRAPH_BETA || call->for_real); /* v1.0 has no dry run */
    if (call->for_real &&
        rq->claim.client_request_id[0] != '\0') /* the one that the intent names */
        memcpy(rq->graph.client_request_id, rq->claim.client_request_id, GUID_SIZE);
    else
        make_guid(http, rq->graph.client_request_id);
    struct queued *queued = queued_create(http->settings->graph.base_url, rq, call);
    assert(queued != NULL);
    put_last(http, queued);
    pump(http);
}

/* ---- ending ---- */

static void answer_unsent(struct queued *queued, const char *why)
{
    struct http_answer answer = {.reach = HTTP_NOT_SENT,
                                 .untried = true,
                                 .error = why,
                                 .retry_after_ms = -1};
    queued->call.on_answer(queued->call.context, queued->rq, &answer);
    queued_destroy(queued);
}

/* Those that wait now; what on_answer starts waits for the next token. */
static void answer_all_unsent(struct http *http, const char *why)
{
    for (size_t left = http->waiting; left > 0; left--)
        answer_unsent(take_first(http), why);
}

static void learn(struct http *http, const struct http_transfer *transfer,
                  const struct http_answer *answer)
{
    CURL *easy = transfer->easy;
    long version = 0;
    curl_off_t took_us = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took_us);
    if (version == CURL_HTTP_VERSION_2_0)
        http->wire = WIRE_HTTP2;
    else if (version != 0)
        http->wire = WIRE_HTTP1;
    if (answer->status == 503)
        http->wants_fresh = !http_transfer_leave(http->loop, transfer);
    width_call_ended(&http->width, (int64_t)(uv_hrtime() / 1000), took_us, http->waiting > 0);
}

/* True: the call goes on with a new token. */
static bool renew_token(struct http *http, const struct slot *slot,
                        const struct http_answer *answer)
{
    struct queued *queued = slot->queued;
    if (http->token == NULL || answer->reach != HTTP_ANSWERED)
        return false;
    char *claims = answer->status == 401 || answer->status == 403 ? slot_read_claims(slot) : NULL;
    bool again = graph_answer_wants_token(answer, claims != NULL, queued->call.for_real) &&
                 !queued->is_second_try && token_renew(http->token, slot->bearer->number, claims);
    free(claims);
    if (!again)
        token_set_refused(http->token, answer->status == 401);
    return again;
}

static enum failpoint answer_of(const struct request *rq)
{
    if (rq->stage == STAGE_LOOK)
        return FAILPOINT_LOOK_ANSWER;
    return rq->stage == STAGE_SUBMIT ? FAILPOINT_SUBMIT_ANSWER : FAILPOINT_DRY_RUN_ANSWER;
}

static void on_done(struct http_transfer *transfer, CURLcode result)
{
    struct slot *slot = (struct slot *)transfer;
    struct http *http = slot->http;
    struct queued *queued = slot->queued;
    struct http_answer answer;
    char text[SLOT_TEXT_SIZE];
    curl_off_t took_us = 0;
    slot_read_answer(slot, result, text, &answer);
    if (failpoint(answer_of(queued->rq)))
        answer = (struct http_answer){.reach = HTTP_LOST, .error = "", .retry_after_ms = -1};
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    answer.took_us = took_us;
    call_stats_add(&http->stats, http_place(http->settings, queued->operation, queued->call.path),
                   http_place_ending(&answer), took_us / 1000);
    learn(http, transfer, &answer);
    if (renew_token(http, slot, &answer)) {
        queued->is_second_try = true;
        put_first(http, queued);
    } else {
        queued->call.on_answer(queued->call.context, queued->rq, &answer);
        queued_destroy(queued);
    }
    slot_unload(slot);
    give_slot(http, slot);
    pump(http);
}

void http_send_back(struct http *http, const char *why)
{
    answer_all_unsent(http, why);
}

static void on_token(void *context, bool ready)
{
    struct http *http = context;
    if (!ready && http->waiting > 0)
        answer_all_unsent(http, token_trouble(http->token));
    pump(http);
}

static void on_token_call(void *context, int status, int64_t took_ms)
{
    struct http *http = context;
    call_stats_add(&http->stats, CALL_TOKEN, call_ending(status, CALL_ERROR_NONE), took_ms);
}

/* ---- life ---- */

struct http *http_create(uv_loop_t *loop, const struct settings *settings, struct token *token,
                         struct error *error)
{
    const char *base_url = settings->graph.base_url;
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        error_set(error, "no memory for the calls to Graph");
        return NULL;
    }
    http->settings = settings;
    http->token = token;
    width_init(&http->width, (size_t)settings->graph.in_flight);
    http->wire = strncmp(base_url, "https://", 8) == 0 ? WIRE_UNKNOWN : WIRE_HTTP1;
    http->loop = http_loop_create(loop, settings, settings->graph.in_flight, error);
    if (http->loop == NULL) {
        free(http);
        return NULL;
    }
    if (token != NULL)
        token_listen(token, &(struct token_events){on_token, on_token_call, http});
    return http;
}

/* Curl lets go of a call that may be half way: what it had begun to send may have happened. */
static void break_off(struct http *http, struct slot *slot)
{
    static const char why[] = "the worker stops";
    struct queued *queued = slot->queued;
    bool sent = slot->sends > (slot->is_refused ? 1 : 0);
    http_transfer_cancel(&slot->transfer);
    slot_unload(slot);
    give_slot(http, slot);
    if (!sent) {
        answer_unsent(queued, why);
        return;
    }
    struct http_answer answer = {.reach = HTTP_LOST, .error = why, .retry_after_ms = -1};
    queued->call.on_answer(queued->call.context, queued->rq, &answer);
    queued_destroy(queued);
}

void http_destroy(struct http *http)
{
    if (http == NULL)
        return;
    if (http->token != NULL)
        token_listen(http->token, NULL);
    http->wire = WIRE_HTTP1;
    http->width.now = 0; /* nothing is started any more */
    while (http->busy_slots != NULL)
        break_off(http, http->busy_slots);
    while (http->waiting > 0)
        answer_unsent(take_first(http), "the worker stops");
    while (http->free_slots != NULL) {
        struct slot *slot = http->free_slots;
        http->free_slots = slot->next;
        slot_destroy(slot);
    }
    for (size_t i = 0; i < ADDRESSES_MAX; i++) {
        curl_url_cleanup(http->addresses[i].parsed);
        free(http->addresses[i].url);
    }
    http_loop_destroy(http->loop);
    bearer_release(http->bearer);
    free(http);
}

bool http_has_room(const struct http *http)
{
    return http->waiting == 0 && http->active < width_of(http);
}

struct http_load http_load(const struct http *http)
{
    return (struct http_load){http->active, http->waiting, http_loop_connections(http->loop),
                              width_of(http)};
}

const struct call_stats *http_stats(const struct http *http)
{
    return &http->stats;
}
