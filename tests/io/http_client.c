#include "tests/io/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// cmocka needs the headers above first.
#include <cmocka.h>

void client_init(struct client *client, const char *base, unsigned port)
{
    memset(client, 0, sizeof *client);
    snprintf(client->base_url, sizeof client->base_url, "%s:%u/beta", base, port);
    struct settings *s = &client->settings;
    s->graph.base_url = client->base_url;
    s->graph.tls_ca_file = "";
    s->graph.tenant_id = s->graph.client_id = s->graph.client_secret = "";
    s->graph.client_secret_file = s->graph.authority_host = s->graph.token = "";
    s->graph.token_file = s->graph.scope = "";
    s->graph.certificate_file = s->graph.private_key_file = s->graph.federated_token_file = "";
    s->graph.identity_endpoint = s->graph.identity_header = s->graph.identity_header_file = "";
    s->graph.proxy = s->graph.proxy_username = "";
    s->graph.proxy_password = s->graph.proxy_password_file = "";
    s->graph.connection_age_ms = 600000;
    s->graph.auth = AUTH_TOKEN;
    s->graph.timeout_ms = 2000;
    s->graph.in_flight = 64;
    uv_loop_init(&client->loop);
}

void client_open(struct client *client, bool with_token)
{
    struct error error = {0};
    if (with_token) {
        client->token = token_create(&client->loop, &client->settings, &error);
        if (client->token == NULL)
            fail_msg("token_create: %s", error.text);
    }
    client->http = http_create(&client->loop, &client->settings, client->token, &error);
    if (client->http == NULL)
        fail_msg("http_create: %s", error.text);
}

void client_close(struct client *client)
{
    http_destroy(client->http);
    token_destroy(client->token);
    uv_run(&client->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&client->loop), 0);
}

static bool may_send(void *context, struct request *rq)
{
    struct call *call = context;
    assert_ptr_equal(rq, &call->rq);
    call->asked++;
    return call->may_send;
}

static void on_answer(void *context, struct request *rq, const struct http_answer *answer)
{
    struct call *call = context;
    assert_ptr_equal(rq, &call->rq);
    call->answered++;
    call->client->answers++;
    call->reach = answer->reach;
    call->timed_out = answer->timed_out;
    call->status = answer->status;
    call->retry_after_ms = answer->retry_after_ms;
    call->used_permille = answer->used_permille;
    call->scope = answer->scope;
    snprintf(call->body, sizeof call->body, "%.*s", (int)answer->body.size,
             answer->body.size > 0 ? answer->body.data : "");
    snprintf(call->error, sizeof call->error, "%s", answer->error);
    memcpy(call->request_id, answer->request_id, sizeof call->request_id);
    memcpy(call->diagnostic, answer->diagnostic, sizeof call->diagnostic);
}

static void start(struct call *call, struct client *client, struct http_call what)
{
    memset(call, 0, sizeof *call);
    call->client = client;
    call->may_send = true;
    call->rq.stage = what.method == HTTP_GET ? STAGE_LOOK : STAGE_DRY_RUN;
    what.on_answer = on_answer;
    what.may_send = may_send;
    what.context = call;
    http_start(client->http, &call->rq, &what);
    assert_int_equal(call->answered, 0); /* never from inside */
}

void call_post(struct call *call, struct client *client, const char *body, bool for_real)
{
    start(call, client,
          (struct http_call){.method = HTTP_POST,
                             .path = "/requests",
                             .body = str_of(body),
                             .traceparent = "00-1-2-01",
                             .tracestate = "k=v",
                             .for_real = for_real});
}

void call_post_to_v1(struct call *call, struct client *client)
{
    start(call, client,
          (struct http_call){.method = HTTP_POST,
                             .version = GRAPH_V1,
                             .path = "/requests",
                             .body = str_of("{\"a\":1}"),
                             .for_real = true});
}

void call_start(struct call *call, struct client *client, bool for_real)
{
    call_post(call, client, "{\"a\":1}", for_real);
}

void call_get(struct call *call, struct client *client, const char *path)
{
    start(call, client, (struct http_call){.method = HTTP_GET, .path = path});
}

/* What a test waits for. Looked at before the loop sleeps: a call may end inside a timer, right
 * before. */
struct wait {
    struct client *client;
    unsigned answers;
    bool is_over;
    unsigned open; /* handles of its own */
};

static void on_wait_ended(uv_timer_t *timer)
{
    ((struct wait *)timer->data)->is_over = true;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct wait *wait = prepare->data;
    wait->is_over = wait->is_over || wait->client->answers >= wait->answers;
    if (wait->is_over)
        uv_stop(&wait->client->loop);
}

static void on_closed(uv_handle_t *handle)
{
    ((struct wait *)handle->data)->open--;
}

void client_wait(struct client *client, unsigned answers)
{
    uv_timer_t timer;
    uv_prepare_t prepare;
    struct wait wait = {.client = client, .answers = answers, .open = 2};
    uv_update_time(&client->loop);
    uv_timer_init(&client->loop, &timer);
    uv_prepare_init(&client->loop, &prepare);
    timer.data = prepare.data = &wait;
    uv_timer_start(&timer, on_wait_ended, 20000, 0);
    uv_prepare_start(&prepare, on_prepare);
    while (!wait.is_over)
        uv_run(&client->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, on_closed);
    uv_close((uv_handle_t *)&prepare, on_closed);
    while (wait.open > 0)
        uv_run(&client->loop, UV_RUN_NOWAIT);
    if (client->answers != answers)
        fail_msg("%u answers after 20 s, expected %u", client->answers, answers);
}

void call_make(struct call *call, struct client *client, bool for_real)
{
    unsigned answers = client->answers + 1;
    call_start(call, client, for_real);
    client_wait(client, answers);
}
