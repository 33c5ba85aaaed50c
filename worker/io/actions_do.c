#include "worker/io/actions_ask.h"

#include "worker/io/log.h"

#include <stdio.h>
#include <string.h>

/* ---- log in and out ------------------------------------------------------------------------- */

bool actions_check_token(struct ask *ask, const char *given)
{
    struct sessions *sessions = &ask->actions->sessions;
    struct error error = {0};
    ask->retry_after_ms = sessions_wait_ms(sessions, ask->address, ask->now_ms);
    if (ask->retry_after_ms > 0) {
        ask_say(ask, MHD_HTTP_TOO_MANY_REQUESTS, "too many wrong tokens from %s; wait %lld s",
                ask->address, (long long)(ask->retry_after_ms + 999) / 1000);
        return false;
    }
    if (sessions_token_is(sessions, given, &error))
        return true;
    if (error.text[0] != '\0') {
        log_write(LOG_ERROR, "actions.no_token", "nobody can use the actions: %s", error.text);
        ask_say(ask, MHD_HTTP_INTERNAL_SERVER_ERROR, "the token cannot be read: see the log");
        return false;
    }
    sessions_count_guess(sessions, ask->address, ask->now_ms);
    log_write(LOG_WARN, "actions.refused", "%s has shown a token that is not admin.token",
              ask->address);
    ask_say(ask, MHD_HTTP_UNAUTHORIZED, "this is not the token");
    return false;
}

/* The form and the cookie that came with it say the same: another site can set neither. */
void actions_log_in(struct ask *ask)
{
    const char *nonce = ask_cookie(ask, ask->actions->form_cookie);
    if (!nonce_is(ask_field(ask, "csrf"), nonce)) {
        log_write(LOG_WARN, "actions.forged", "%s sent a log-in form that is not from this page",
                  ask->address);
        ask_say(ask, MHD_HTTP_FORBIDDEN,
                "this form is not from here, or the browser takes no cookies; open /login again");
        return;
    }
    if (!actions_check_token(ask, ask_field(ask, "token"))) {
        if (ask->status == MHD_HTTP_UNAUTHORIZED)
            actions_show_log_in(ask, "This is not the token.");
        return;
    }
    struct session *session = sessions_begin(&ask->actions->sessions, ask->now_ms);
    if (session == NULL) {
        ask_say(ask, MHD_HTTP_INTERNAL_SERVER_ERROR, "no session can be made; try again");
        return;
    }
    log_write(LOG_INFO, "actions.login", "%s has logged in", ask->address);
    ask_set_cookie(ask, ask->actions->session_cookie, session->id, "/");
    ask_go(ask, "/");
}

void actions_log_out(struct ask *ask)
{
    if (ask->session != NULL)
        sessions_end(ask->session);
    log_write(LOG_INFO, "actions.logout", "%s has logged out", ask->address);
    ask_set_cookie(ask, ask->actions->session_cookie, "", "/");
    ask_go(ask, "/login");
}

/* A browser goes back to the page, a script gets a line. */
static void say_done(struct ask *ask, const char *text)
{
    if (ask->has_token)
        ask_say(ask, MHD_HTTP_OK, "%s", text);
    else
        ask_go(ask, "/");
}

/* ---- the intake ----------------------------------------------------------------------------- */

void actions_pause(struct ask *ask)
{
    const struct actions_view *view = &ask->actions->view;
    struct error error = {0};
    if (view->pause(view->context, ask->who, &error))
        say_done(ask, "paused: nothing new is taken in, what is at work finishes");
    else
        ask_say(ask, MHD_HTTP_CONFLICT, "%s", error.text);
}

void actions_resume(struct ask *ask)
{
    const struct actions_view *view = &ask->actions->view;
    struct error error = {0};
    if (view->resume(view->context, ask->who, &error))
        say_done(ask, "resumed");
    else
        ask_say(ask, MHD_HTTP_CONFLICT, "%s", error.text);
}

/* ---- replay --------------------------------------------------------------------------------- */

static int64_t wall_ms(void)
{
    uv_timeval64_t now;
    return uv_gettimeofday(&now) == 0 ? now.tv_sec * 1000 + now.tv_usec / 1000 : 0;
}

/* Whether "all that match" has this one. Older than redis.keep: nothing is remembered of it, so a
 * grant that was taken back since would be given anew. One may still be chosen by hand. */
static bool may_be_one_of_all(const struct ask *ask, const struct letter *letter)
{
    int64_t oldest_ms = wall_ms() - ask->actions->view.settings->redis.keep_ms;
    return letter_refusal(letter) == NULL && !letter->replayed && letter->timestamp_ms > oldest_ms;
}

static bool choose_all(struct ask *ask, struct chosen *chosen)
{
    const struct letter_list *list = letter_desk_look(ask->actions->view.desk);
    struct letter_filter filter =
        letter_filter_of(ask_field(ask, "outcome"), ask_field(ask, "code"));
    if (list == NULL) {
        ask->retry_after_ms = 2000;
        ask_say(ask, MHD_HTTP_SERVICE_UNAVAILABLE, "the dead letters are being read; ask again");
        return false;
    }
    for (size_t i = 0; i < list->count && chosen->count < DESK_ORDER_MAX; i++) {
        const struct letter *letter = &list->rows[i];
        if (!letter_matches(letter, &filter))
            continue;
        if (may_be_one_of_all(ask, letter))
            chosen->places[chosen->count++] =
                (struct audit_origin){letter->partition, letter->offset};
        else
            chosen->left_out++;
    }
    return true;
}

static bool choose_named(struct ask *ask, struct chosen *chosen)
{
    for (size_t i = 0; i < ask->form->count; i++) {
        const struct form_field *field = &ask->form->fields[i];
        if (strcmp(field->name, "letter") != 0)
            continue;
        if (chosen->count == DESK_ORDER_MAX ||
            !audit_origin_read(str_of(field->value), "", "", &chosen->places[chosen->count])) {
            ask_say(ask, MHD_HTTP_BAD_REQUEST,
                    "letter is /partition/offset of a dead letter, and at most %d times there",
                    DESK_ORDER_MAX);
            return false;
        }
        chosen->count++;
    }
    return true;
}

static void start(struct ask *ask, const struct chosen *chosen)
{
    struct letter_order order = {.places = chosen->places, .count = chosen->count};
    struct error error = {0};
    char text[64];
    (void)snprintf(order.who, sizeof order.who, "%s", ask->who);
    if (!letter_desk_replay(ask->actions->view.desk, &order, &error)) {
        ask_say(ask, MHD_HTTP_CONFLICT, "%s", error.text);
        return;
    }
    log_write(LOG_INFO, "letter.order", "%s wants %zu dead letters to be replayed", ask->who,
              chosen->count);
    (void)snprintf(text, sizeof text, "replaying %zu dead letters: see /order", chosen->count);
    say_done(ask, text);
}

/* One is refused here, where somebody reads why; of several, the order's end tells. */
static const char *refusal_of(const struct ask *ask, const struct chosen *chosen)
{
    const struct letter_list *list = letter_desk_look(ask->actions->view.desk);
    const struct letter *letter = list != NULL ? letter_list_find(list, chosen->places[0]) : NULL;
    return letter != NULL ? letter_refusal(letter) : NULL;
}

void actions_replay(struct ask *ask)
{
    static struct chosen chosen; /* large, and the loop has one thread */
    bool is_all = ask_field(ask, "all")[0] != '\0';
    bool is_confirmed = strcmp(ask_field(ask, "confirm"), "yes") == 0;
    chosen.count = chosen.left_out = 0;
    if (!(is_all ? choose_all(ask, &chosen) : choose_named(ask, &chosen)))
        return;
    const char *refusal = chosen.count == 1 ? refusal_of(ask, &chosen) : NULL;
    if (chosen.count == 0)
        ask_say(ask, MHD_HTTP_CONFLICT, "there is none to be replayed; %zu are left out",
                chosen.left_out);
    else if (refusal != NULL)
        ask_say(ask, MHD_HTTP_CONFLICT, "it cannot be replayed: %s", refusal);
    else if (is_confirmed || (chosen.count == 1 && !is_all))
        start(ask, &chosen);
    else if (ask->has_token)
        ask_say(ask, MHD_HTTP_CONFLICT,
                "%zu dead letters would be replayed, %zu are left out; add confirm=yes",
                chosen.count, chosen.left_out);
    else
        actions_show_confirm(ask, &chosen);
}
