#pragma once

#include "worker/core/buffer.h"
#include "worker/core/form.h"
#include "worker/io/actions.h"
#include "worker/io/admin_daemon.h"
#include "worker/io/sessions.h"

/* The inside of the actions listener, for worker/io/actions*.c only. */

enum { COOKIE_NAME_SIZE = 32, COOKIE_SIZE = 256, LOCATION_SIZE = 512 };

struct actions {
    struct actions_view view;
    struct admin_daemon daemon;
    struct sessions sessions;
    uv_loop_t *loop;
    /* Of this worker: two of them on one host must not overwrite each other's cookies. */
    char session_cookie[COOKIE_NAME_SIZE], form_cookie[COOKIE_NAME_SIZE];
};

/* One HTTP request and its answer. */
struct ask {
    struct actions *actions;
    struct MHD_Connection *connection;
    const char *path;
    bool is_post;
    struct form *form;       /* of a POST */
    struct session *session; /* NULL: by a bearer token, or nobody's */
    bool has_token;          /* it carries the right bearer token */
    bool is_from_here;       /* no browser says that another site made it */
    char address[ADDRESS_SIZE];
    char who[DESK_WHO_SIZE]; /* for the log */
    int64_t now_ms;          /* the loop's clock */
    /* The answer: */
    unsigned status;
    const char *content_type;
    struct buffer body;
    char location[LOCATION_SIZE]; /* "": none */
    char cookie[COOKIE_SIZE];     /* likewise */
    int64_t retry_after_ms;       /* 0: none */
};

/* What is asked for; "" where it is not. */
const char *ask_header(const struct ask *ask, const char *name);
const char *ask_query(const struct ask *ask, const char *name);
const char *ask_cookie(const struct ask *ask, const char *name);
const char *ask_field(const struct ask *ask, const char *name);

/* The answers. */
__attribute__((format(printf, 3, 4))) void ask_say(struct ask *ask, unsigned status,
                                                   const char *format, ...);
void ask_go(struct ask *ask, const char *location); /* 303 */
void ask_set_cookie(struct ask *ask, const char *name, const char *value, const char *path);

/* actions_do.c: what is behind a path. */
void actions_log_in(struct ask *ask);
void actions_log_out(struct ask *ask);
void actions_replay(struct ask *ask);
void actions_pause(struct ask *ask);
void actions_resume(struct ask *ask);
/* Is it the token? Counts and logs where it is not, and answers then. */
bool actions_check_token(struct ask *ask, const char *given);

/* actions_pages.c: each writes a page. */
void actions_show_log_in(struct ask *ask, const char *why);
void actions_show_home(struct ask *ask);
void actions_show_letter(struct ask *ask);
void actions_show_order(struct ask *ask); /* JSON */
void actions_show_style(struct ask *ask);
/* Asks whether these are to be replayed. */
struct chosen {
    struct audit_origin places[DESK_ORDER_MAX];
    size_t count;
    size_t left_out; /* truncated, replayed already, or older than redis.keep */
};
void actions_show_confirm(struct ask *ask, const struct chosen *chosen);
