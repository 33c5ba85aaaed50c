/* A value for every setting that is not its default. */
#include "tests/config/samples.h"

#include <string.h>

/* Makes settings that are otherwise complete: what every load below starts with. */
#define COMPLETE "USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c"

const struct sample samples[] = {
    {"kafka.brokers", "a:1,b:2", "\"a:1,b:2\""},
    {"kafka.group", "team:usher", "team:usher"},
    {"kafka.requests_topic", "in", "in"},
    {"kafka.replies_topic", "out", "out"},
    {"kafka.dead_letters_topic", "dead", "dead"},
    {"kafka.status_topic", "statuses", "statuses"},
    {"kafka.reply_topics_allowed", "a, b", "[a, b]"},
    {"kafka.delivery", "at-least-once", "at-least-once"},
    {"kafka.commit_interval", "1s", "1s"},
    {"kafka.window", "20000", "20000"},
    {"kafka.instance_id", "usher-0", "usher-0"},
    {"kafka.librdkafka", "client.id=x,log_level=4", "\n    client.id: x"},
    {"kafka.librdkafka_files", "client.id=x,sasl.password=/p", "\n    client.id: x"},
    {"redis.url", "unix:///run/redis.sock", "unix:///run/redis.sock"},
    {"redis.username", "usher", "usher"},
    {"redis.password", "hunter2", "<hidden>"},
    {"redis.password_file", "/run/secrets/redis", "/run/secrets/redis"},
    {"redis.tls_ca_file", "/ca.pem", "/ca.pem"},
    {"redis.tls_cert_file", "/cert.pem", "/cert.pem"},
    {"redis.tls_key_file", "/key.pem", "/key.pem"},
    {"redis.key_prefix", "u2", "u2"},
    {"redis.lease", "1h", "1h"},
    {"redis.wait_replicas", "2", "2"},
    {"redis.keep", "30d", "30d"},
    {"graph.cloud", "usgov", "usgov"},
    {"graph.base_url", "https://graph.microsoft.us/beta/", "https://graph.microsoft.us/beta"},
    {"graph.submit_version", "v1.0", "v1.0"},
    {"graph.beta_assignment_path", "/a/assignmentRequests", "/a/assignmentRequests"},
    {"graph.beta_resource_path", "/b", "/b"},
    {"graph.v1_assignment_path", "/c_d-e/f.g", "/c_d-e/f.g"},
    {"graph.v1_resource_path", "/i", "/i"},
    {"graph.tls_ca_file", "/ca.pem", "/ca.pem"},
    {"graph.http", "1.1", "1.1"},
    {"graph.connection_age", "1m", "1m"},
    {"graph.proxy", "http://proxy.example:3128", "http://proxy.example:3128"},
    {"graph.proxy_username", "usher", "usher"},
    {"graph.proxy_password", "hunter2", "<hidden>"},
    {"graph.proxy_password_file", "/p", "/p"},
    {"graph.auth", "token", "token"},
    {"graph.tenant_id", "contoso.com", "contoso.com"},
    {"graph.client_id", "46184453-e63b-4f20-86c2-c557ed5d5df9",
     "46184453-e63b-4f20-86c2-c557ed5d5df9"},
    {"graph.client_secret", "hunter2", "<hidden>"},
    {"graph.client_secret_file", "/s", "/s"},
    {"graph.certificate_file", "/c.pem", "/c.pem"},
    {"graph.private_key_file", "/k.pem", "/k.pem"},
    {"graph.federated_token_file", "/f", "/f"},
    {"graph.identity_endpoint", "http://localhost:42356/msi/token",
     "http://localhost:42356/msi/token"},
    {"graph.identity_header", "hunter2", "<hidden>"},
    {"graph.identity_header_file", "/h", "/h"},
    {"graph.authority_host", "https://login.microsoftonline.us",
     "https://login.microsoftonline.us"},
    {"graph.scope", "https://graph.microsoft.us/.default", "https://graph.microsoft.us/.default"},
    {"graph.token", "eyJ0", "<hidden>"},
    {"graph.token_file", "/t", "/t"},
    {"graph.dry_run", "off", "off"},
    {"graph.dry_run_echo", "lenient", "lenient"},
    {"graph.timeout", "500ms", "500ms"},
    {"graph.in_flight", "1", "1"},
    {"graph.writes_per_second", "0", "0"},
    {"graph.retry_attempts", "3", "3"},
    {"graph.retry_budget", "100", "100"},
    {"graph.retry_for", "90s", "90s"},
    {"graph.eventual", "0s", "0s"},
    {"graph.settle", "100ms", "100ms"},
    {"policy.kinds", "accessPackageAssignmentRequest", "[accessPackageAssignmentRequest]"},
    {"policy.request_types", "AdminAdd,UserAdd", "[AdminAdd, UserAdd]"},
    {"policy.catalogs", "beedadfe-01d5-4025-910b-84abb9369997",
     "[beedadfe-01d5-4025-910b-84abb9369997]"},
    {"policy.access_packages", "a914b616-e04e-476b-aa37-91038f0b165b",
     "[a914b616-e04e-476b-aa37-91038f0b165b]"},
    {"policy.connected_organizations", "a914b616-e04e-476b-aa37-91038f0b165b",
     "[a914b616-e04e-476b-aa37-91038f0b165b]"},
    {"policy.max_duration", "30d", "30d"},
    {"policy.removals", "false", "false"},
    {"follow.enabled", "true", "true"},
    {"follow.for", "30d", "30d"},
    {"follow.settle", "0s", "0s"},
    {"follow.reprocess", "true", "true"},
    {"follow.looks_per_second", "50", "50"},
    {"follow.requests", "1000", "1000"},
    {"limits.requests", "10", "10"},
    {"limits.bytes", "1GiB", "1GiB"},
    {"drain", "1m", "1m"},
    {"admin.listen", "[::1]:0", "\"[::1]:0\""},
    {"admin.actions_listen", "localhost:9465", "localhost:9465"},
    {"admin.token", "hunter2-hunter2-hunter2-hunter2", "<hidden>"},
    {"admin.token_file", "/a", "/a"},
    {"traces.endpoint", "http://c:4318/v1/traces", "http://c:4318/v1/traces"},
    {"traces.headers", "x=canary", "<hidden>"},
    {"traces.headers_file", "/h", "/h"},
    {"traces.tls_ca_file", "/ca.pem", "/ca.pem"},
    {"traces.sampler", "traceidratio", "traceidratio"},
    {"traces.ratio", "0.5", "\"0.5\""},
    {"traces.join", "link", "link"},
    {"traces.service_name", "access", "access"},
    {"traces.resource", "a=1,b=2", "\"a=1,b=2\""},
    {"traces.timeout", "3s", "3s"},
    {"traces.interval", "1s", "1s"},
    {"traces.batch", "10", "10"},
    {"traces.queue", "100", "100"},
    {"log.level", "debug", "debug"},
    {"log.debug", "redis,graph", "[redis, graph]"},
    {"log.format", "json", "json"},
};
const size_t samples_count = sizeof samples / sizeof samples[0];

const struct texts *sample_beside(const char *name)
{
    static const struct texts none = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s"}};
    static const struct texts secret = {{COMPLETE}};
    static const struct texts token = {{COMPLETE, "USHER_GRAPH_TOKEN=t"}};
    static const struct texts tls = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s",
                                      "USHER_REDIS_URL=rediss://r", "USHER_REDIS_TLS_CERT_FILE=/c",
                                      "USHER_REDIS_TLS_KEY_FILE=/k"}};
    static const struct texts proxy = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s",
                                        "USHER_GRAPH_PROXY=http://p:1",
                                        "USHER_GRAPH_PROXY_USERNAME=u"}};
    static const struct texts actions = {
        {COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s", "USHER_ADMIN_TOKEN_FILE=/a"}};
    static const struct texts name_at_proxy = {
        {COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s", "USHER_GRAPH_PROXY=http://p:1"}};
    if (strncmp(name, "graph.proxy_password", strlen("graph.proxy_password")) == 0) {
        return &proxy;
    }
    if (strcmp(name, "graph.proxy_username") == 0) {
        return &name_at_proxy;
    }
    if (strcmp(name, "admin.actions_listen") == 0) {
        return &actions;
    }
    if (strncmp(name, "redis.tls_", strlen("redis.tls_")) == 0) {
        return &tls;
    }
    if (strncmp(name, "graph.client_secret", strlen("graph.client_secret")) == 0) {
        return &secret;
    }
    return strcmp(name, "graph.auth") == 0 ? &token : &none;
}
