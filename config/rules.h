/*
 * What single texts must look like: the `rule` column of the option table (see option_rule in
 * options.h).
 */
#pragma once

#include <stdbool.h>

#include "worker/core/error.h"

/* host:port, or several with commas between them. */
bool rule_brokers(char *text, struct error *error);

/* A group or key prefix: 1 to 200 of letters, digits and . _ : - */
bool rule_name(char *text, struct error *error);

/* What Kafka allows as a topic's name: 1 to 249 of letters, digits and . _ - */
bool rule_topic(char *text, struct error *error);

/* What Kafka allows as group.instance.id: a topic's letters; or nothing. */
bool rule_instance_id(char *text, struct error *error);

/* redis://host[:port][/db], rediss:// likewise, or unix:///path. No user or password: they have
 * settings. */
bool rule_redis_url(char *text, struct error *error);

/*
 * https://host[:port][/path], or http:// to a loopback address: the bearer token must not travel in
 * the clear (I14). Slashes at the end are taken off.
 */
bool rule_web_url(char *text, struct error *error);

/*
 * A path below a root, as in /identityGovernance/x: parts of letters, digits and _ - . ~, none of
 * them empty, or of dots, which could lead out of the root, or v1.0, which has a root of its own.
 */
bool rule_path(char *text, struct error *error);

/* As rule_web_url, but http:// may go to a link-local address (169.254.0.0/16) as well: Azure's
 * machines and App Service have their token endpoints there, and no bearer token goes to them. */
bool rule_identity_url(char *text, struct error *error);

/* http://host:port or https://host:port of a proxy, without a user or password (they have
 * settings); "direct"; or nothing. A slash at the end is taken off. */
bool rule_proxy(char *text, struct error *error);

/* What a token is asked for: a URI that ends in /.default; or nothing. */
bool rule_scope(char *text, struct error *error);

/* A GUID or a domain name, as it becomes part of a URL; or nothing. */
bool rule_identifier(char *text, struct error *error);

/* host:port or [ipv6]:port; or nothing. Port 0: any free one. */
bool rule_listen(char *text, struct error *error);

/* Does a URL or a path have that part between its slashes, in any case of letters? */
bool path_has_segment(const char *path, const char *segment);

/* Whether a URL that passed rule_web_url points to this machine: 127.0.0.0/8, ::1 or localhost. */
bool url_is_loopback(const char *url);
