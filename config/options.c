#include "config/options.h"

#include <assert.h>

#include "config/rules.h"
#include "config/traces.h"

/* The first columns of a row: the name is the path of the member, so that the two cannot differ. */
#define OFFSET(path, type)             \
    (offsetof(struct settings, path) * \
     sizeof(char[_Generic(((struct settings *)0)->path, type : 1)]))
#define TEXT(path)     .name = #path, .kind = OPTION_TEXT, .offset = OFFSET(path, const char *)
#define SECRET(path)   .name = #path, .kind = OPTION_SECRET, .offset = OFFSET(path, const char *)
#define DURATION(path) .name = #path, .kind = OPTION_DURATION, .offset = OFFSET(path##_ms, int64_t)
#define SIZE(path)     .name = #path, .kind = OPTION_SIZE, .offset = OFFSET(path, int64_t)
#define COUNT(path)    .name = #path, .kind = OPTION_COUNT, .offset = OFFSET(path, int)
#define CHOICE(path)   .name = #path, .kind = OPTION_CHOICE, .offset = OFFSET(path, unsigned)
#define SWITCH(path)   .name = #path, .kind = OPTION_SWITCH, .offset = OFFSET(path, bool)
#define LIST(path)     .name = #path, .kind = OPTION_LIST, .offset = OFFSET(path, struct strings)
#define MAP(path)      .name = #path, .kind = OPTION_MAP, .offset = OFFSET(path, struct pairs)

#define MS     INT64_C(1)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MIB    (INT64_C(1) << 20)
#define GIB    (INT64_C(1) << 30)

#define ENTITLEMENT "/identityGovernance/entitlementManagement/"

/* In the order of the enums of settings.h. */
static const char *const deliveries[] = {"exactly-once", "at-least-once", NULL};
static const char *const clouds[] = {"global", "usgov", "dod", "china", NULL};
static const char *const versions[] = {"beta", "v1.0", NULL};
static const char *const auths[] = {"client-secret",    "certificate", "workload-identity",
                                    "managed-identity", "token",       NULL};
static const char *const http_versions[] = {"auto", "1.1", "2", NULL};
static const char *const dry_runs[] = {"required", "off", NULL};
static const char *const dry_run_echos[] = {"required", "lenient", NULL};
static const char *const samplers[] = {"always_on",
                                       "always_off",
                                       "traceidratio",
                                       "parentbased_always_on",
                                       "parentbased_always_off",
                                       "parentbased_traceidratio",
                                       NULL};
static const char *const joins[] = {"parent", "link", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_components[] = {"request", "graph",  "token", "redis",
                                             "kafka",   "follow", NULL};
static const char *const log_formats[] = {"auto", "text", "json", NULL};

static const char *const kinds[] = {"accessPackageAssignmentRequest",
                                    "accessPackageResourceRequest", NULL};
static const char *const request_types[] = {"AdminAdd",   "AdminUpdate", "AdminRemove", "UserAdd",
                                            "UserExtend", "UserUpdate",  "UserRemove",  NULL};

const struct option options[] = {
    {TEXT(kafka.brokers), .fallback = "localhost:9092", .rule = rule_brokers,
     .doc = "The brokers to start from, host:port with commas between. Kafka itself names the"
            " others."},
    {TEXT(kafka.group), .fallback = "usher", .rule = rule_name,
     .doc = "The consumer group. Workers of one group share the partitions; the replies' "
            "source is /usher/<group>."},
    {TEXT(kafka.requests_topic), .fallback = "access-requests", .rule = rule_topic,
     .doc = "The topic that the access requests are read from. It has to exist."},
    {TEXT(kafka.replies_topic), .fallback = "access-replies", .rule = rule_topic,
     .doc = "The topic that gets one reply for each request. It has to exist."},
    {TEXT(kafka.dead_letters_topic), .fallback = "access-requests-dlt", .rule = rule_topic,
     .doc = "The topic for the records that need a person: failed, unknown, or not readable "
            "as an event. It has to exist."},
    {TEXT(kafka.status_topic), .fallback = "access-statuses", .rule = rule_topic,
     .doc = "With follow.enabled: the topic that gets a status for each submitted request. It has "
            "to exist then."},
    {LIST(kafka.reply_topics_allowed), .fallback = "", .rule = rule_topic, .reload = true,
     .doc = "Topics that a request may name in its kafka_replyTopic header. A reply for any "
            "other topic goes to kafka.replies_topic."},
    {CHOICE(kafka.delivery), .fallback = "exactly-once", .choices = deliveries,
     .doc = "exactly-once puts replies and offsets into one Kafka transaction. at-least-once "
            "may repeat a reply after a crash."},
    {DURATION(kafka.commit_interval), .fallback = "20ms", .min = 1 * MS, .max = 5 * SECOND,
     .reload = true,
     .doc = "How long replies may wait for each other in one transaction. Longer costs less "
            "and answers later; a transaction is given up after 10 s, so 5 s is the most."},
    {COUNT(kafka.window), .fallback = "4096", .min = 1, .max = 20000,
     .doc = "How many records past the first unfinished one of a partition may be at work or "
            "finished. At 20,000 the bitmap of them still fits into the offset's metadata "
            "(4,096 bytes)."},
    {TEXT(kafka.instance_id), .fallback = "", .rule = rule_instance_id,
     .doc = "A name for this worker that stays the same when it restarts: its "
            "group.instance.id and part of its transactional id. Empty: the host name, so two"
            " workers on one host need one each, or they fence each other."},
    {MAP(kafka.librdkafka), .fallback = "",
     .doc = "Any property of librdkafka, word for word, for example security.protocol or "
            "session.timeout.ms. Those that the worker owns are refused by name."},
    {MAP(kafka.librdkafka_files), .fallback = "", .paths = true,
     .doc = "Properties whose values stand in files, one line each, for example sasl.password: "
            "/run/secrets/kafka. Read when a client of Kafka is made: the consumer's at start, the "
            "producer's also when it is replaced. A new password needs a restart."},

    {TEXT(redis.url), .fallback = "redis://localhost:6379/0", .rule = rule_redis_url,
     .doc = "redis://host:port/database, rediss:// for TLS, or unix:///path of a socket."},
    {TEXT(redis.username), .fallback = "", .doc = "The ACL user. Empty: Redis's default user."},
    {SECRET(redis.password), .fallback = "", .doc = "The password. Better: redis.password_file."},
    {TEXT(redis.password_file), .fallback = "",
     .doc = "A file that holds the password; read again when it changes."},
    {TEXT(redis.tls_ca_file), .fallback = "",
     .doc = "PEM file with the authorities that may have signed Redis's certificate. Empty: "
            "the system's."},
    {TEXT(redis.tls_cert_file), .fallback = "",
     .doc = "PEM file with this worker's certificate, where Redis asks for one. Needs "
            "redis.tls_key_file."},
    {TEXT(redis.tls_key_file), .fallback = "",
     .doc = "PEM file with the key of redis.tls_cert_file."},
    {TEXT(redis.key_prefix), .fallback = "usher", .rule = rule_name,
     .doc = "What all our keys in Redis start with. Workers of one group must have the same."},
    {DURATION(redis.lease), .fallback = "2m", .min = 1 * SECOND, .max = 1 * HOUR,
     .doc = "How long a claim on an event stands without being renewed. Must be longer than "
            "graph.timeout and 2 s, so that no claim runs out during a call."},
    {COUNT(redis.wait_replicas), .fallback = "0", .min = 0, .max = 100,
     .doc = "How many replicas must have an intent before the real request is sent."},
    {DURATION(redis.keep), .fallback = "7d", .min = 1 * SECOND, .max = 366 * DAY,
     .doc = "How long a finished event is remembered: until then a repeated one gets the "
            "stored answer. Should be longer than the topic keeps its records."},

    {CHOICE(graph.cloud), .fallback = "global", .choices = clouds,
     .doc = "The cloud that the tenant is in: global, usgov (GCC High), dod or china (21Vianet). "
            "Sets the defaults of base_url and authority_host."},
    {TEXT(graph.base_url), .fallback = "https://graph.microsoft.com/beta", .rule = rule_web_url,
     .follows = "graph.cloud",
     .doc = "The root of Microsoft Graph's beta; the default is that of graph.cloud. That of v1.0 "
            "is beside it. http:// is taken for a loopback address only, because the token goes "
            "there."},
    {CHOICE(graph.submit_version), .fallback = "beta", .choices = versions,
     .doc = "Which version gets the real request. v1.0 is what Microsoft supports for production; "
            "an event with a member that v1.0 does not have is refused then. Dry runs and look-ups "
            "go to beta in any case: v1.0 has no dry run."},
    {TEXT(graph.beta_assignment_path), .fallback = ENTITLEMENT "accessPackageAssignmentRequests",
     .rule = rule_path,
     .doc = "Where assignment requests are, below base_url. Microsoft will retire this path some "
            "day; assignmentRequests in its place is the new one."},
    {TEXT(graph.beta_resource_path), .fallback = ENTITLEMENT "accessPackageResourceRequests",
     .rule = rule_path, .doc = "Where resource requests are, below base_url."},
    {TEXT(graph.v1_assignment_path), .fallback = ENTITLEMENT "assignmentRequests",
     .rule = rule_path,
     .doc = "Where assignment requests are, below the root of v1.0. Used with submit_version: "
            "v1.0."},
    {TEXT(graph.v1_resource_path), .fallback = ENTITLEMENT "resourceRequests", .rule = rule_path,
     .doc = "Where resource requests are, below the root of v1.0. Used with submit_version: "
            "v1.0."},
    {TEXT(graph.tls_ca_file), .fallback = "",
     .doc = "PEM file with the authorities that may have signed the certificates of Graph and"
            " of the token endpoint. Empty: the system's."},
    {CHOICE(graph.http), .fallback = "auto", .choices = http_versions,
     .doc = "How Graph and the token endpoint are spoken to over TLS. auto: HTTP/2 with libcurl 8 "
            "or newer, else HTTP/1.1. 2 also asks an older libcurl for HTTP/2. A server that knows "
            "only 1.1 is answered in that."},
    {DURATION(graph.connection_age), .fallback = "10m", .min = 1 * SECOND, .max = 1 * DAY,
     .doc = "A connection that is older is not used again: names move, and a certificate is "
            "checked at the beginning only."},
    {TEXT(graph.proxy), .fallback = "", .rule = rule_proxy,
     .doc = "The proxy that leads to Graph and to the token endpoint by CONNECT, "
            "http://host:port or https://host:port. Empty: as https_proxy, all_proxy and no_proxy "
            "of the environment say. direct: none, whatever the environment says. Plain http:// "
            "never goes through a proxy."},
    {TEXT(graph.proxy_username), .fallback = "",
     .doc = "Who we are to graph.proxy, where it asks (Basic)."},
    {SECRET(graph.proxy_password), .fallback = "",
     .doc = "The password for graph.proxy. Better: graph.proxy_password_file."},
    {TEXT(graph.proxy_password_file), .fallback = "",
     .doc = "A file that holds the password for graph.proxy; read again when it changes."},
    {CHOICE(graph.auth), .fallback = "client-secret", .choices = auths,
     .doc = "How the token is had. client-secret, certificate: an app registration. "
            "workload-identity: a federated one, in Kubernetes. managed-identity: of a machine or "
            "App Service of Azure. token: a ready access token."},
    {TEXT(graph.tenant_id), .fallback = "", .rule = rule_identifier, .azure = "AZURE_TENANT_ID",
     .doc = "The Entra tenant, its GUID or a domain of it. Needed for client-secret, certificate "
            "and workload-identity."},
    {TEXT(graph.client_id), .fallback = "", .rule = rule_identifier, .azure = "AZURE_CLIENT_ID",
     .doc = "The application's id. Needed as tenant_id is; for managed-identity the id of a "
            "user-assigned one, and empty for the system-assigned."},
    {SECRET(graph.client_secret), .fallback = "", .azure = "AZURE_CLIENT_SECRET",
     .doc = "For client-secret: the application's secret. Better: graph.client_secret_file."},
    {TEXT(graph.client_secret_file), .fallback = "",
     .doc = "A file that holds the application's secret; read again when it changes."},
    {TEXT(graph.certificate_file), .fallback = "",
     .doc = "For certificate: PEM file with the certificate that was uploaded to the app "
            "registration; read again for each token, so it may be replaced at any time."},
    {TEXT(graph.private_key_file), .fallback = "",
     .doc = "PEM file with the certificate's RSA key, without a passphrase. Empty: the key is in "
            "graph.certificate_file as well."},
    {TEXT(graph.federated_token_file), .fallback = "", .azure = "AZURE_FEDERATED_TOKEN_FILE",
     .doc = "For workload-identity: the file with the service account's token, which Azure's "
            "webhook names; read again for each token."},
    {TEXT(graph.identity_endpoint),
     .fallback = "http://169.254.169.254/metadata/identity/oauth2/token", .rule = rule_identity_url,
     .azure = "IDENTITY_ENDPOINT",
     .doc = "For managed-identity: where the tokens come from. The default is that of virtual "
            "machines; App Service and Container Apps set the variable."},
    {SECRET(graph.identity_header), .fallback = "", .azure = "IDENTITY_HEADER",
     .doc = "For managed-identity in App Service and Container Apps, which set the variable."},
    {TEXT(graph.identity_header_file), .fallback = "",
     .doc = "A file that holds identity_header; read again when it changes."},
    {TEXT(graph.authority_host), .fallback = "https://login.microsoftonline.com",
     .rule = rule_web_url, .follows = "graph.cloud", .azure = "AZURE_AUTHORITY_HOST",
     .doc = "Where tokens come from; the default is that of graph.cloud."},
    {TEXT(graph.scope), .fallback = "", .rule = rule_scope,
     .doc = "What the token is asked for. Empty: the host of base_url and /.default, which is "
            "right unless base_url is a gateway in front of Graph."},
    {SECRET(graph.token), .fallback = "",
     .doc = "A ready access token, for auth: token. Better: graph.token_file, since a token "
            "lives an hour or so."},
    {TEXT(graph.token_file), .fallback = "",
     .doc = "A file that holds the access token; read again when it changes."},
    {CHOICE(graph.dry_run), .fallback = "required", .choices = dry_runs,
     .doc = "required: no real request without a dry run that passed. off: no dry runs, but for "
            "events that ask for nothing else."},
    {CHOICE(graph.dry_run_echo), .fallback = "required", .choices = dry_run_echos,
     .doc = "required: the answer to a dry run must say isValidationOnly: true, or the worker"
            " stops taking in events. lenient: an answer that does not mention it is "
            "accepted."},
    {DURATION(graph.timeout), .fallback = "30s", .min = 100 * MS, .max = 10 * MINUTE,
     .doc = "The longest that one call may take."},
    {COUNT(graph.in_flight), .fallback = "256", .min = 1, .max = 10000,
     .doc = "The most calls to Graph at once. A limit, not a target."},
    {COUNT(graph.writes_per_second), .fallback = "20", .min = 0, .max = 100000, .reload = true,
     .doc = "The most POSTs a second, dry runs and real requests together, of all replicas "
            "together: they share it through Redis. Less where Graph throttles. 0 sets no limit. "
            "20 is what Graph publishes: 3,000 in 150 s for identity writes."},
    {COUNT(graph.retry_attempts), .fallback = "10", .min = 1, .max = 100, .reload = true,
     .doc = "How often one call is tried before the event ends as failed."},
    {COUNT(graph.retry_budget), .fallback = "10", .min = 1, .max = 100, .reload = true,
     .doc = "Of a hundred calls so many may repeat one that has failed, and ten in ten seconds "
            "always. What is over waits. 100 sets no limit."},
    {DURATION(graph.retry_for), .fallback = "15m", .min = 1 * SECOND, .max = 1 * DAY,
     .reload = true,
     .doc = "How long an event's calls are tried in all. What comes first ends it."},
    {DURATION(graph.eventual), .fallback = "5m", .min = 0, .max = 1 * HOUR, .reload = true,
     .doc = "How long Graph's passing 400 and 404 answers are waited for: a user or group "
            "made a moment ago is not known everywhere at once."},
    {DURATION(graph.settle), .fallback = "5m", .min = 100 * MS, .max = 1 * HOUR, .reload = true,
     .doc = "How long a look-up that finds nothing is not believed after a real request that "
            "may have happened: Graph's reads lag behind its writes."},

    {LIST(policy.kinds), .fallback = "", .choices = kinds, .reload = true,
     .doc = "The kinds of request: accessPackageAssignmentRequest, "
            "accessPackageResourceRequest."},
    {LIST(policy.request_types), .fallback = "", .choices = request_types, .reload = true,
     .doc = "The requestTypes: AdminAdd, AdminUpdate, AdminRemove, UserAdd, UserExtend, "
            "UserUpdate, UserRemove."},
    {LIST(policy.catalogs), .fallback = "", .rule = rule_identifier, .reload = true,
     .doc = "The ids of the catalogs that resource requests may name."},
    {LIST(policy.access_packages), .fallback = "", .rule = rule_identifier, .reload = true,
     .doc = "The ids of the access packages that assignment requests may name."},
    {LIST(policy.connected_organizations), .fallback = "", .rule = rule_identifier, .reload = true,
     .doc = "The ids of the connected organisations that the targets of assignment requests may "
            "belong to, as target.connectedOrganizationId says. A target that names none is "
            "refused then."},
    {DURATION(policy.max_duration), .fallback = "0s", .min = 0, .max = 3660 * DAY, .reload = true,
     .doc = "The longest that an assignment may be asked for, by its schedule; one without an end "
            "is refused then. 0s sets no limit."},
    {SWITCH(policy.removals), .fallback = "true", .reload = true,
     .doc = "Whether AdminRemove and UserRemove may be asked for."},

    {SWITCH(follow.enabled), .fallback = "false",
     .doc = "Whether Graph is asked what became of each submitted request, and a status is sent to "
            "kafka.status_topic. Needs a few more rights in Redis."},
    {DURATION(follow.for), .fallback = "14d", .min = 1 * SECOND, .max = 366 * DAY, .reload = true,
     .doc = "How long a request is followed. What is open then is sent as stillPending: one whose "
            "approval nobody decided, for example."},
    {DURATION(follow.settle), .fallback = "4h", .min = 0, .max = 30 * DAY, .reload = true,
     .doc = "How long Graph's DeliveryFailed or PartiallyDelivered must stand before it is sent: "
            "Graph itself goes on trying for several hours."},
    {SWITCH(follow.reprocess), .fallback = "false", .reload = true,
     .doc = "Whether Graph is asked once to process such a request again; then it may settle once "
            "more."},
    {COUNT(follow.looks_per_second), .fallback = "5", .min = 1, .max = 1000, .reload = true,
     .doc = "The most GETs a second for all that, of all workers together. 5 is under 2 % of what "
            "Graph lets a small tenant read."},
    {COUNT(follow.requests), .fallback = "100000", .min = 1, .max = 10000000, .reload = true,
     .doc = "The most requests that are followed at once, of all workers together. One takes about "
            "1 KiB in Redis. What is submitted beyond is not followed, and the log says so."},

    {COUNT(limits.requests), .fallback = "1024", .min = 1, .max = 100000,
     .doc = "How many records are at work at once. When it is full, reading pauses."},
    {SIZE(limits.bytes), .fallback = "64MiB", .min = 4 * MIB, .max = 64 * GIB, .reload = true,
     .doc = "How much memory the records at work may hold together. A record may have 1 MiB, "
            "so 4 MiB is the least."},

    {DURATION(drain), .fallback = "40s", .min = 0, .max = 1 * HOUR, .reload = true,
     .doc = "How long what is in flight may take to end at SIGTERM. Should be longer than "
            "graph.timeout; what does not end is read again later."},

    {TEXT(admin.listen), .fallback = "127.0.0.1:9464", .rule = rule_listen,
     .doc = "host:port of /metrics, /livez, /readyz, /status and the status page; empty turns"
            " it off. 0.0.0.0:9464 lets other machines in."},
    {TEXT(admin.actions_listen), .fallback = "", .rule = rule_listen,
     .doc = "host:port of the pages that change something: replay dead letters, pause and resume. "
            "Empty: there are none. Needs admin.token_file. Plain HTTP, so keep it on 127.0.0.1, "
            "or behind a proxy with TLS."},
    {SECRET(admin.token), .fallback = "",
     .doc = "What opens admin.actions_listen; 24 characters at least. Better: admin.token_file."},
    {TEXT(admin.token_file), .fallback = "",
     .doc = "A file that holds the token for admin.actions_listen; read again at each use."},

    {TEXT(traces.endpoint), .fallback = "", .rule = rule_collector,
     .azure = "OTEL_EXPORTER_OTLP_ENDPOINT",
     .doc = "Where the spans go: a collector's address for OTLP over HTTP, as in "
            "http://collector:4318/v1/traces. Empty: none are made. No proxy is used."},
    {SECRET(traces.headers), .fallback = "", .rule = rule_headers,
     .azure = "OTEL_EXPORTER_OTLP_HEADERS",
     .doc = "What the collector asks for, NAME=VALUE with commas between, %XX for what is special. "
            "Better: traces.headers_file."},
    {TEXT(traces.headers_file), .fallback = "",
     .doc = "A file that holds these headers in one line; read again for each POST."},
    {TEXT(traces.tls_ca_file), .fallback = "", .azure = "OTEL_EXPORTER_OTLP_CERTIFICATE",
     .doc = "PEM file with the authorities that may have signed the collector's certificate. "
            "Empty: the system's."},
    {CHOICE(traces.sampler), .fallback = "parentbased_always_on", .choices = samplers,
     .azure = "OTEL_TRACES_SAMPLER",
     .doc = "Which traces are recorded. With parentbased_ one that the record carries decides; the "
            "rest of the name is for those that begin here."},
    {TEXT(traces.ratio), .fallback = "1", .rule = rule_ratio, .azure = "OTEL_TRACES_SAMPLER_ARG",
     .doc = "For the samplers with traceidratio: the share of traces, from 0 to 1."},
    {CHOICE(traces.join), .fallback = "parent", .choices = joins,
     .doc = "parent: the spans continue the trace that the record carries, so the requester, Graph "
            "and the reply stand in one. link: they are a trace of their own, with a link to it."},
    {TEXT(traces.service_name), .fallback = "usher", .azure = "OTEL_SERVICE_NAME",
     .doc = "service.name of the spans."},
    {TEXT(traces.resource), .fallback = "", .rule = rule_attributes,
     .azure = "OTEL_RESOURCE_ATTRIBUTES",
     .doc = "More about this worker, NAME=VALUE with commas between, as in "
            "deployment.environment.name=production."},
    {DURATION(traces.timeout), .fallback = "10s", .min = 100 * MS, .max = 10 * MINUTE,
     .azure = "OTEL_EXPORTER_OTLP_TIMEOUT",
     .doc = "The longest that one POST to the collector may take."},
    {DURATION(traces.interval), .fallback = "5s", .min = 10 * MS, .max = 10 * MINUTE,
     .azure = "OTEL_BSP_SCHEDULE_DELAY",
     .doc = "How long spans wait for company. A full batch goes at once."},
    {COUNT(traces.batch), .fallback = "512", .min = 1, .max = 4096,
     .azure = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
     .doc = "The most spans in one POST. An event makes three to five."},
    {COUNT(traces.queue), .fallback = "2048", .min = 1, .max = 65536,
     .azure = "OTEL_BSP_MAX_QUEUE_SIZE",
     .doc = "The most spans that wait in memory, about 2 KiB each; what comes then is dropped and "
            "counted. Nothing waits for the collector."},

    {CHOICE(log.level), .fallback = "info", .choices = log_levels, .reload = true,
     .doc = "error, warn, info (one line an event) or debug (one line a step). SIGUSR1 writes a "
            "level more while the worker runs, SIGUSR2 a level less."},
    {LIST(log.debug), .fallback = "", .choices = log_components, .reload = true,
     .doc = "The parts whose lines at debug are written at any level: request, graph, token, "
            "redis, kafka, follow. librdkafka's own are asked for with debug in "
            "kafka.librdkafka."},
    {CHOICE(log.format), .fallback = "auto", .choices = log_formats, .reload = true,
     .doc = "auto is text on a terminal and json, one object a line, elsewhere. Text on a terminal "
            "has colours, unless NO_COLOR is set, TERM is dumb or --no-color is given."},
};
const size_t options_count = sizeof options / sizeof options[0];
static_assert(sizeof options / sizeof options[0] <= OPTIONS_MAX, "tables of one thing a row fit");

const struct option_group option_groups[] = {
    {"kafka", "Where the requests come from and the replies go to."},
    {"redis", "What the worker remembers: claims, intents and answers."},
    {"graph", "Microsoft Graph: where it is, who we are there, and how hard we may push."},
    {"policy",
     "What may be asked for. An empty list allows all; what a rule cannot judge is refused."},
    {"follow", "What becomes of a request after Graph has accepted it: asked for, and sent on."},
    {"limits", "What the worker may hold in memory."},
    {"admin", "Metrics, health and status over HTTP."},
    {"traces", "Spans for OpenTelemetry: what became of an event, and how long each step took."},
    {"log", "Log lines, on standard error."},
};
const size_t option_groups_count = sizeof option_groups / sizeof option_groups[0];
static_assert(sizeof option_groups / sizeof option_groups[0] <= GROUPS_MAX, "as above");

const struct option_group tenants_group = {
    "tenants",
    "Many tenants: a name for each, and under it what holds for it alone, written as under graph. "
    "For what is not there, graph counts.",
};
