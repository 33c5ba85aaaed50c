#include "worker/io/actions_ask.h"

#include "worker/core/json_writer.h"
#include "worker/core/rfc3339.h"
#include "worker/io/html.h"
#include "worker/io/kafka_conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts ---------------------------------------------------------------------------------- */

static void put(struct ask *ask, const char *html)
{
    buffer_put_text(&ask->body, html);
}

static void begin(struct ask *ask, const char *title, bool again)
{
    ask->content_type = "text/html; charset=utf-8";
    buffer_clear(&ask->body);
    put(ask, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
             "<meta name=\"color-scheme\" content=\"light dark\">"
             "<link rel=\"stylesheet\" href=\"/style.css\"><title>usher: ");
    html_text(&ask->body, title);
    put(ask, "</title>");
    if (again)
        put(ask, "<meta http-equiv=\"refresh\" content=\"2\">");
    put(ask, "</head><body><header><h1>");
    html_text(&ask->body, title);
    put(ask, "</h1>");
}

static void begin_form(struct ask *ask, const char *path, const char *id)
{
    buffer_print(&ask->body, "<form method=\"post\" action=\"%s\"%s%s%s>", path,
                 id[0] != '\0' ? " id=\"" : "", id, id[0] != '\0' ? "\"" : "");
    buffer_print(&ask->body, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">",
                 ask->session != NULL ? ask->session->csrf : "");
}

static void put_button_form(struct ask *ask, const char *path, const char *label)
{
    begin_form(ask, path, "");
    buffer_print(&ask->body, "<button>%s</button></form>", label);
}

static void put_hidden(struct ask *ask, const char *name, const char *value)
{
    buffer_print(&ask->body, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    html_text(&ask->body, value);
    put(ask, "\">");
}

static void put_time(struct ask *ask, int64_t time_ms)
{
    char text[RFC3339_SIZE];
    rfc3339_format(time_ms, text);
    put(ask, time_ms > 0 ? text : "no time");
}

static void end(struct ask *ask)
{
    put(ask, "</main></body></html>\n");
}

/* ---- log in --------------------------------------------------------------------------------- */

void actions_show_log_in(struct ask *ask, const char *why)
{
    char nonce[NONCE_SIZE];
    if (!nonce_make(nonce)) {
        ask_say(ask, MHD_HTTP_INTERNAL_SERVER_ERROR, "no random numbers; try again");
        return;
    }
    ask_set_cookie(ask, ask->actions->form_cookie, nonce, "/login");
    begin(ask, "Log in", false);
    put(ask, "</header><main>");
    if (why[0] != '\0') {
        put(ask, "<p class=\"bad\" role=\"alert\">");
        html_text(&ask->body, why);
        put(ask, "</p>");
    }
    buffer_print(&ask->body,
                 "<form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"csrf\" "
                 "value=\"%s\"><p><label>Token <input type=\"password\" name=\"token\" "
                 "autocomplete=\"current-password\" required autofocus></label> "
                 "<button>Log in</button></p></form><p>It is the setting <code>admin.token</code> "
                 "of this worker.</p>",
                 nonce);
    end(ask);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void put_intake(struct ask *ask)
{
    const struct actions_view *view = &ask->actions->view;
    bool is_paused = view->is_paused(view->context);
    char instance_id[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(view->settings, instance_id);
    put(ask, "<section><h2>Intake</h2><p>This worker, <code>");
    html_text(&ask->body, instance_id);
    put(ask, "</code>, <strong>");
    html_text(&ask->body, view->state(view->context));
    put(ask, "</strong>. ");
    put(ask, is_paused ? "Nothing new is taken in; what is at work finishes. It keeps its "
                         "partitions, so what is in them waits. A restart ends the pause.</p>"
                       : "A pause is of this worker only; its partitions wait meanwhile.</p>");
    put_button_form(ask, is_paused ? "/resume" : "/pause", is_paused ? "Resume" : "Pause");
    put(ask, "</section>");
}

static void put_order(struct ask *ask, const struct letter_progress *order)
{
    if (order->wanted == 0)
        return;
    put(ask, "<section><h2>Last replay</h2><p>");
    html_text(&ask->body, order->who);
    buffer_print(&ask->body, " %s: %zu of %zu replayed, %zu refused, %zu left.</p>",
                 order->is_running ? "under way" : "ended", order->sent, order->wanted,
                 order->refused, order->left);
    if (order->trouble.text[0] != '\0') {
        put(ask, "<p class=\"bad\">The last that was not replayed: ");
        html_text(&ask->body, order->trouble.text);
        put(ask, "</p>");
    }
    put(ask, "</section>");
}

static void put_filter(struct ask *ask, const struct letter_filter *filter)
{
    static const char *const outcomes[] = {"", "failed", "unknown", "rejected"};
    put(ask, "<form method=\"get\" action=\"/\"><p><label>Outcome <select name=\"outcome\">");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        buffer_print(&ask->body, "<option value=\"%s\"%s>%s</option>", outcomes[i],
                     strcmp(outcomes[i], filter->outcome) == 0 ? " selected" : "",
                     outcomes[i][0] != '\0' ? outcomes[i] : "any");
    put(ask, "</select></label> <label>Code <input name=\"code\" value=\"");
    html_text(&ask->body, filter->code);
    put(ask, "\"></label> <button>Show</button></p></form>");
}

static void put_cell(struct ask *ask, const char *name, const char *text)
{
    buffer_print(&ask->body, "<td data-name=\"%s\">", name);
    html_text(&ask->body, text);
    put(ask, "</td>");
}

static void put_row(struct ask *ask, const struct letter *letter)
{
    bool is_refused = letter_refusal(letter) != NULL;
    buffer_print(&ask->body,
                 "<tr><td><input type=\"checkbox\" form=\"chosen\" name=\"letter\" "
                 "value=\"/%" PRId32 "/%" PRId64 "\" aria-label=\"choose\"%s></td>"
                 "<td data-name=\"Place\"><a href=\"/letters/%" PRId32 "/%" PRId64 "\">%" PRId32
                 "/%" PRId64 "</a></td><td data-name=\"Sent\">",
                 letter->partition, letter->offset, is_refused ? " disabled" : "",
                 letter->partition, letter->offset, letter->partition, letter->offset);
    put_time(ask, letter->timestamp_ms);
    put(ask, "</td>");
    put_cell(ask, "Event", letter->id[0] != '\0' ? letter->id : "none can be read");
    put_cell(ask, "Outcome", letter->outcome);
    put_cell(ask, "Code", letter->code);
    put_cell(ask, "Why", letter->message);
    put_cell(ask, "Notes",
             is_refused          ? "truncated: cannot be replayed"
             : letter->replayed  ? "replayed"
             : letter->came_back ? "came back from a replay"
                                 : "");
    put(ask, "</tr>");
}

static void put_table(struct ask *ask, const struct letter_list *list,
                      const struct letter_filter *filter)
{
    size_t from = strtoul(ask_query(ask, "from"), NULL, 10), matching = 0, shown = 0;
    put(ask, "<table><thead><tr><th></th><th>Place</th><th>Sent</th><th>Event</th><th>Outcome</th>"
             "<th>Code</th><th>Why</th><th>Notes</th></tr></thead><tbody>");
    for (size_t i = 0; i < list->count; i++) {
        if (!letter_matches(&list->rows[i], filter))
            continue;
        if (matching++ >= from && shown < ACTIONS_ROWS) {
            put_row(ask, &list->rows[i]);
            shown++;
        }
    }
    put(ask, "</tbody></table>");
    buffer_print(&ask->body, "<p>%zu match%s.", matching,
                 list->is_partial ? ", of the newest ones; there are older ones that are not listed"
                                  : "");
    if (from + shown < matching) {
        put(ask, " <a href=\"/?outcome=");
        html_query(&ask->body, filter->outcome);
        put(ask, "&amp;code=");
        html_query(&ask->body, filter->code);
        buffer_print(&ask->body, "&amp;from=%zu\">Older ones</a>", from + shown);
    }
    put(ask, "</p>");
}

static void put_letters(struct ask *ask, const struct letter_list *list)
{
    struct letter_filter filter =
        letter_filter_of(ask_query(ask, "outcome"), ask_query(ask, "code"));
    const char *trouble = letter_desk_trouble(ask->actions->view.desk);
    put(ask, "<section><h2>Dead letters</h2>");
    if (trouble[0] != '\0') {
        put(ask, "<p class=\"bad\">They cannot be read now: ");
        html_text(&ask->body, trouble);
        put(ask, "</p>");
    }
    put_filter(ask, &filter);
    if (list == NULL) {
        put(ask, "<p>They are being read; this page loads itself again.</p></section>");
        return;
    }
    put_table(ask, list, &filter);
    begin_form(ask, "/replay", "chosen");
    put(ask, "<button>Replay the chosen ones</button></form>");
    begin_form(ask, "/replay", "");
    put_hidden(ask, "all", "yes");
    put_hidden(ask, "outcome", filter.outcome);
    put_hidden(ask, "code", filter.code);
    put(ask, "<button>Replay all that match</button></form>"
             "<p>To replay is to send the same event again: one that ended <code>unknown</code> is "
             "looked up first. Nothing can be deleted here: Kafka deletes by time.</p></section>");
}

void actions_show_home(struct ask *ask)
{
    const struct letter_list *list = letter_desk_look(ask->actions->view.desk);
    struct letter_progress order = letter_desk_progress(ask->actions->view.desk);
    begin(ask, "Actions", list == NULL || order.is_running);
    if (ask->session != NULL)
        put_button_form(ask, "/logout", "Log out");
    put(ask, "</header><main>");
    put_intake(ask);
    put_order(ask, &order);
    put_letters(ask, list);
    end(ask);
}

/* ---- one letter ----------------------------------------------------------------------------- */

static void put_fact(struct ask *ask, const char *name, const char *text)
{
    buffer_print(&ask->body, "<dt>%s</dt><dd>", name);
    html_text(&ask->body, text[0] != '\0' ? text : "not said");
    put(ask, "</dd>");
}

static void put_facts(struct ask *ask, const struct letter *letter)
{
    put(ask, "<dl>");
    put_fact(ask, "Event", letter->id);
    put_fact(ask, "Source", letter->source);
    put_fact(ask, "Outcome", letter->outcome);
    put_fact(ask, "Stage", letter->stage);
    put_fact(ask, "Code", letter->code);
    put_fact(ask, "Why", letter->message);
    buffer_print(&ask->body, "<dt>Calls of Graph</dt><dd>%u</dd>", letter->attempts);
    put(ask, "<dt>First record</dt><dd>");
    html_text(&ask->body, letter->topic);
    buffer_print(&ask->body, "/%" PRId32 "/%" PRId64 "</dd><dt>Sent</dt><dd>",
                 letter->from_partition, letter->from_offset);
    put_time(ask, letter->timestamp_ms);
    buffer_print(&ask->body, "</dd><dt>Size</dt><dd>%zu bytes%s</dd></dl>", letter->bytes,
                 letter->truncated ? ", truncated" : "");
}

void actions_show_letter(struct ask *ask)
{
    const struct letter_list *list = letter_desk_look(ask->actions->view.desk);
    struct audit_origin place;
    const struct letter *letter = NULL;
    if (list != NULL && audit_origin_read(str_of(ask->path), "/letters", "", &place))
        letter = letter_list_find(list, place);
    if (letter == NULL) {
        ask_say(ask, MHD_HTTP_NOT_FOUND, "this is not among the newest dead letters%s",
                list == NULL ? ", which are being read: load it again" : "");
        return;
    }
    char value[64];
    (void)snprintf(value, sizeof value, "/%" PRId32 "/%" PRId64, place.partition, place.offset);
    begin(ask, "Dead letter", false);
    put(ask, "<a href=\"/\">All</a></header><main>");
    put_facts(ask, letter);
    if (letter_refusal(letter) != NULL) {
        put(ask, "<p class=\"bad\">It cannot be replayed: ");
        html_text(&ask->body, letter_refusal(letter));
        put(ask, "</p>");
    } else {
        begin_form(ask, "/replay", "");
        put_hidden(ask, "letter", value);
        put(ask, "<button>Replay</button></form>");
    }
    put(ask, "<p>Who and what it is about is not shown here: it is in the record.</p>");
    end(ask);
}

/* ---- the rest ------------------------------------------------------------------------------- */

void actions_show_confirm(struct ask *ask, const struct chosen *chosen)
{
    begin(ask, "Replay these?", false);
    put(ask, "</header><main>");
    buffer_print(&ask->body,
                 "<p><strong>%zu dead letters</strong> are sent again, one after the "
                 "other. ",
                 chosen->count);
    if (chosen->left_out > 0)
        buffer_print(&ask->body,
                     "%zu that match are left out: truncated, replayed already, or older than "
                     "<code>redis.keep</code>. ",
                     chosen->left_out);
    put(ask, "</p>");
    begin_form(ask, "/replay", "");
    put_hidden(ask, "confirm", "yes");
    for (size_t i = 0; i < chosen->count; i++)
        buffer_print(&ask->body,
                     "<input type=\"hidden\" name=\"letter\" value=\"/%" PRId32 "/%" PRId64 "\">",
                     chosen->places[i].partition, chosen->places[i].offset);
    put(ask, "<button>Replay them</button> <a href=\"/\">Do not</a></form>");
    end(ask);
}

void actions_show_order(struct ask *ask)
{
    struct letter_progress order = letter_desk_progress(ask->actions->view.desk);
    const struct actions_view *view = &ask->actions->view;
    ask->content_type = "application/json";
    json_begin_object(&ask->body, NULL);
    json_put_bool(&ask->body, "paused", view->is_paused(view->context));
    json_put_bool(&ask->body, "running", order.is_running);
    json_put_integer(&ask->body, "wanted", (int64_t)order.wanted);
    json_put_integer(&ask->body, "sent", (int64_t)order.sent);
    json_put_integer(&ask->body, "refused", (int64_t)order.refused);
    json_put_integer(&ask->body, "left", (int64_t)order.left);
    json_put_text(&ask->body, "trouble", str_of(order.trouble.text));
    json_end_object(&ask->body);
    buffer_put(&ask->body, "\n", 1);
}

void actions_show_style(struct ask *ask)
{
    static const char style[] =
        ":root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}"
        "body{margin:0 auto;max-width:80rem;padding:1rem}"
        "header{display:flex;gap:1rem;align-items:center;justify-content:space-between;"
        "flex-wrap:wrap;margin-bottom:1rem}"
        "h1{font-size:1.45rem;margin:0}h2{font-size:1rem;margin:0 0 .5rem}"
        "section,main>dl,main>form{border:1px solid #8885;border-radius:10px;padding:1rem 1.25rem;"
        "margin:0 0 1rem}"
        "table{border-collapse:collapse;width:100%;margin-top:1rem}"
        "th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;"
        "border-bottom:1px solid #8885}"
        "th{font-size:.8rem;white-space:nowrap}"
        "td[data-name=Event],td[data-name=Why],dd{overflow-wrap:anywhere}"
        "button,input,select{font:inherit;padding:.35rem .8rem;border-radius:7px;"
        "border:1px solid #888}"
        "button{background:#2b5fd9;border-color:#2b5fd9;color:#fff;font-weight:600;cursor:pointer}"
        "section>form{display:inline-block;margin:.5rem .5rem 0 0}"
        "dt{font-weight:600}dd{margin:0 0 .5rem}"
        ".bad{border-left:.3rem solid #c33;padding-left:.75rem}"
        "@media(min-width:48rem){td[data-name=Sent]{white-space:nowrap}}"
        "@media(max-width:48rem){thead{display:none}tr{display:block;padding:.5rem 0;"
        "border-bottom:2px solid #8885}td{display:block;border:0;padding:.1rem 0}"
        "td[data-name]::before{content:attr(data-name) \": \";font-weight:600}}\n";
    ask->content_type = "text/css; charset=utf-8";
    put(ask, style);
}
