#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <uv.h>

/* The access token for Graph. It is fetched from Entra or, for a managed identity, from Azure's own
 * endpoint (token_form.h), kept, and renewed five minutes early, one fetch at a time. auth: token
 * takes graph.token or reads graph.token_file,
 * again whenever the file changes. The secrets stand in no log and no error, and are wiped where
 * they are given back. */
struct token;

enum {
    TOKEN_EARLY_MS =
        5 * 60 * 1000, /* issue 3; of a token that lives less than twice that: half its life */
    TOKEN_TIMEOUT_MS = 10000, /* Entra answers in well under a second; a start waits 30 s in all */
    TOKEN_BACKOFF_FIRST_MS = 1000, /* between two failed fetches, with full jitter ... */
    TOKEN_BACKOFF_MOST_MS = 30000, /* ... up to half a minute: an outage of Entra's lasts minutes */
    TOKEN_RENEW_LEAST_MS =
        10000, /* between two renewals that a 401 asks for: no storm of fetches */
    TOKEN_REFUSED_MS =
        10000, /* how long "refused by Graph" stops the intake before it tries again */
    TOKEN_FILE_LOOK_MS = 1000, /* how often the file's time is looked at */
    TOKEN_SIZE_MAX = SECRET_SIZE_MAX,
};

struct token_events {
    /* A token is there (again), or a fetch has failed. From the loop, never from inside a call
     * below. */
    void (*on_change)(void *context, bool ready);
    /* A call of the token endpoint has ended. `status` 0: no answer. For the statistics. */
    void (*on_call)(void *context, int status, int64_t took_ms);
    void *context;
};

/* Reads what it needs and, unless the token is there, starts the first fetch. NULL: `error` names
 * the option. */
struct token *token_create(uv_loop_t *uv, const struct settings *settings, struct error *error);
/* Memory comes back when the loop has turned once more. */
void token_destroy(struct token *token);

/* One listener; NULL: none any more. */
void token_listen(struct token *token, const struct token_events *events);

/* The token, valid until the loop turns, and its number, which grows with each new one. NULL: none
 * at the moment; on_change will tell. */
const char *token_get(struct token *token, unsigned *ret_number);

/* Graph has refused the token with that number (401). True: another is there, or is being fetched;
 * send the call again once token_get() has it. False: there is no other; the 401 is the answer.
 * `claims`: what the refusal asks the next one to have (token_claims.h), copied; NULL: nothing. */
bool token_renew(struct token *token, unsigned number, const char *claims);

/* Graph goes on refusing, or has taken a token. Refused, it does not count as ready for some
 * seconds; then one may try again. */
void token_set_refused(struct token *token, bool refused);

/* There is none, and the last try to get one has failed: who needs one need not wait in line. */
bool token_is_away(const struct token *token);
/* There is a token, and Graph has not refused it in the last seconds. */
bool token_is_ready(struct token *token);
/* Entra refuses the credentials, or Graph the token: waiting will not help, somebody must act. */
bool token_is_refused(const struct token *token);
/* What is wrong, a sentence without full stop that names the option; "" if nothing is. */
const char *token_trouble(const struct token *token);
/* Unix milliseconds; 0: unknown, or there is no token. */
int64_t token_expires_at(const struct token *token);
/* Likewise, of the certificate of auth: certificate; 0: there is none. */
int64_t token_certificate_expires_at(struct token *token);
/* What somebody should see to soon, a sentence without full stop; "": nothing. */
const char *token_warning(struct token *token);
