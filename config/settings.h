/* What the operator may set: the path in the YAML file is the path to the member (`graph.timeout`
 * is `settings->graph.timeout_ms`). Names, defaults, ranges and meanings are in one table,
 * options.c; config/README.md is for the operator. settings_load() of load.h fills this. Shapes:
 * text is never NULL, "" if unset. Durations are milliseconds and end in _ms, sizes are bytes and
 * end in _bytes (`limits.bytes` is one already). Everything belongs to the struct and stays as it
 * is until settings_finish(), or until a reload (reload.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/choices.h"
#include "config/tenants.h"
#include "config/traces.h"
#include "config/values.h"
#include "worker/core/error.h"
#include "worker/core/follow.h"
#include "worker/core/graph_version.h"
#include "worker/core/policy.h"

struct settings {
    struct {
        const char *brokers, *group, *requests_topic, *replies_topic, *dead_letters_topic;
        struct strings reply_topics_allowed;
        enum delivery delivery;
        int64_t commit_interval_ms;
        int window;
        const char *status_topic, *instance_id;    /* the id "": the host name */
        struct pairs librdkafka, librdkafka_files; /* none of reserved.h; property -> path */
    } kafka;
    struct {
        const char *url, *username, *password, *password_file;
        const char *tls_ca_file, *tls_cert_file, *tls_key_file, *key_prefix;
        int64_t lease_ms;
        int wait_replicas;
        int64_t keep_ms;
    } redis;
    struct {
        enum cloud cloud;                   /* base_url and authority_host are filled in already */
        const char *base_url, *tls_ca_file; /* beta's root, without a slash at its end */
        enum graph_version submit_version;
        const char *beta_assignment_path, *beta_resource_path; /* below base_url, with a slash */
        const char *v1_assignment_path, *v1_resource_path;     /* below v1.0's root beside it */
        enum http_version http;
        int64_t connection_age_ms;
        const char *proxy; /* "": as the environment says; "direct": none */
        const char *proxy_username, *proxy_password, *proxy_password_file;
        enum auth auth;
        const char *tenant_id, *client_id, *client_secret, *client_secret_file;
        const char *certificate_file, *private_key_file, *federated_token_file;
        const char *identity_endpoint, *identity_header, *identity_header_file;
        const char *authority_host, *scope, *token, *token_file; /* nor does authority_host */
        enum dry_run dry_run;
        enum dry_run_echo dry_run_echo;
        int64_t timeout_ms;
        int in_flight, writes_per_second, retry_attempts, retry_budget;
        int64_t retry_for_ms, eventual_ms, settle_ms;
    } graph;
    struct tenants tenants; /* `graph` has no credentials then, unless it shares them */
    struct policy policy;
    struct follow_rules follow;
    struct {
        int requests;
        int64_t bytes;
    } limits;
    int64_t drain_ms;
    struct traces_settings traces;
    struct {
        const char *listen, *actions_listen; /* "": off */
        const char *token, *token_file;      /* of the actions */
    } admin;
    struct {
        enum log_level level;
        struct strings debug;
        enum log_format format;
    } log;

    /* For config/ only: the file that was read ("" if none), and an origin for each row of
     * options.c. */
    char *file;
    struct origin *origins;
};

/* Frees what settings_load() filled and zeroes it. A zeroed struct or NULL is fine. */
void settings_finish(struct settings *settings);

enum {
    ADMIN_TOKEN_MIN = 24,    /* what is guessed at a thousand times a second lasts */
    SECRET_SIZE_MAX = 16384, /* a bearer token is 1.5 to 5 KiB, a private key less */
};

/* Copies a secret into `ret` as a string: the one line in `file_path`, without the line feed at its
 * end, or `value` where `file_path` is "". Both "": an empty string and true, since not every
 * server wants a password. A file is read anew by each call, so call again when it may have
 * changed. False: the file is missing, empty, has a second line, or does not fit in `size`; the
 * error names the file, never what is in it. The caller wipes `ret` (explicit_bzero) when it is
 * done with it. */
bool secret_read(const char *value, const char *file_path, char *ret, size_t size,
                 struct error *error);
