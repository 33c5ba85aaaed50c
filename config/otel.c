/*
 * The OTEL_* variables of OpenTelemetry, on the layer of the AZURE_* ones. They are written for
 * every program of a machine or a cluster, so one that does not suit us is a warning and never
 * keeps the worker from starting, as OpenTelemetry has it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/loader.h"
#include "config/value.h"

/* The value of a variable; one that is empty is not set. */
static const char *find(char *const *environment, const char *name)
{
    const char *value = environment_find(environment, name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static void warn(struct loader *loader, const char *variable, const char *text)
{
    problems_warn(loader->problems, &(struct place){.origin.layer = LAYER_AZURE, .name = variable},
                  NULL, text);
}

static void set(struct loader *loader, const char *setting, const char *text, const char *variable)
{
    const struct option *option = option_find(setting);
    struct place place = {.origin.layer = LAYER_AZURE, .name = variable};
    char said[2 * ERROR_TEXT_SIZE];
    struct error error;

    if (value_set(loader->settings, option, text, &error)) {
        loader_set(loader, option, text, &place);
        return;
    }
    (void)snprintf(said, sizeof said, "%s; the variable is not heeded", error.text);
    warn(loader, variable, said);
}

/* The first of two variables that is set. */
static const char *either(char *const *environment, const char *first, const char *second,
                          const char **ret_name)
{
    const char *value = find(environment, first);

    *ret_name = value == NULL ? second : first;
    return value == NULL ? find(environment, second) : value;
}

/* Whether they ask for no traces, or for some that we cannot send. */
static bool is_off(struct loader *loader, char *const *environment)
{
    const char *disabled = find(environment, "OTEL_SDK_DISABLED");
    const char *exporter = find(environment, "OTEL_TRACES_EXPORTER");
    const char *name;
    const char *protocol = either(environment, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                                  "OTEL_EXPORTER_OTLP_PROTOCOL", &name);

    if ((disabled != NULL && strcasecmp(disabled, "true") == 0) ||
        (exporter != NULL && strcmp(exporter, "none") == 0)) {
        return true;
    }
    if (exporter != NULL && strcmp(exporter, "otlp") != 0) {
        warn(loader, "OTEL_TRACES_EXPORTER", "may be otlp or none here; no traces are sent");
        return true;
    }
    if (protocol != NULL && strncmp(protocol, "http/", strlen("http/")) != 0) {
        warn(loader, name,
             "may be http/json or http/protobuf here (JSON is sent either way); no "
             "traces are sent");
        return true;
    }
    return false;
}

static void set_endpoint(struct loader *loader, char *const *environment)
{
    const char *own = find(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const char *base = find(environment, "OTEL_EXPORTER_OTLP_ENDPOINT");
    const char *name =
        own != NULL ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
    char url[TEXT_LENGTH_MAX];

    if (is_off(loader, environment)) {
        return;
    }
    if (own == NULL && base == NULL) {
        if (find(environment, "OTEL_TRACES_EXPORTER") != NULL) {
            set(loader, "traces.endpoint", "http://localhost:4318/v1/traces",
                "OTEL_TRACES_EXPORTER");
        }
        return;
    }
    if (own == NULL) {
        size_t length = strlen(base);
        bool slash = base[length - 1] == '/';
        (void)snprintf(url, sizeof url, "%s%sv1/traces", base, slash ? "" : "/");
    }
    set(loader, "traces.endpoint", own != NULL ? own : url, name);
}

static void set_milliseconds(struct loader *loader, const char *setting, const char *value,
                             const char *variable)
{
    char text[64];

    if (value != NULL && value[strspn(value, "0123456789")] == '\0') {
        (void)snprintf(text, sizeof text, "%sms", value);
        set(loader, setting, text, variable);
    } else if (value != NULL) {
        warn(loader, variable, "is no number of milliseconds; the variable is not heeded");
    }
}

static void set_sampler(struct loader *loader, char *const *environment)
{
    const char *sampler = find(environment, "OTEL_TRACES_SAMPLER");
    const char *argument = find(environment, "OTEL_TRACES_SAMPLER_ARG");

    if (sampler != NULL) {
        set(loader, "traces.sampler", sampler, "OTEL_TRACES_SAMPLER");
    }
    /* It means something else to other samplers. */
    if (sampler != NULL && argument != NULL && strstr(sampler, "traceidratio") != NULL) {
        set(loader, "traces.ratio", argument, "OTEL_TRACES_SAMPLER_ARG");
    }
}

void otel_load(struct loader *loader, char *const *environment)
{
    static const struct {
        const char *setting, *first, *second;
    } plain[] = {
        {"traces.headers", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"},
        {"traces.tls_ca_file", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
         "OTEL_EXPORTER_OTLP_CERTIFICATE"},
        {"traces.service_name", "OTEL_SERVICE_NAME", "OTEL_SERVICE_NAME"},
        {"traces.resource", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE_ATTRIBUTES"},
        {"traces.batch", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"},
        {"traces.queue", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE"},
    };
    const char *name;

    set_endpoint(loader, environment);
    set_sampler(loader, environment);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const char *value = either(environment, plain[i].first, plain[i].second, &name);
        if (value != NULL) {
            set(loader, plain[i].setting, value, name);
        }
    }
    const char *timeout = either(environment, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                                 "OTEL_EXPORTER_OTLP_TIMEOUT", &name);
    set_milliseconds(loader, "traces.timeout", timeout, name);
    set_milliseconds(loader, "traces.interval", find(environment, "OTEL_BSP_SCHEDULE_DELAY"),
                     "OTEL_BSP_SCHEDULE_DELAY");
}
