#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/config/harness.h"

static void load(struct loaded *loaded, const char *yaml, const struct texts *environment)
{
    /* What a start needs beside what is tested. */
    static const struct texts flags = {{"graph.auth=managed-identity"}};

    harness_load(loaded, yaml, environment, &flags, NULL);
    assert_int_equal(loaded->result, LOAD_OK);
}

static void off_by_default(void **state)
{
    struct loaded loaded;

    (void)state;
    load(&loaded, NULL, NULL);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(loaded.settings.traces.endpoint, "");
    assert_int_equal(loaded.settings.traces.sampler, SAMPLER_PARENT_ON);
    assert_int_equal(loaded.settings.traces.join, TRACES_JOIN_PARENT);
    harness_unload(&loaded);
}

static void all_variables_are_heeded(void **state)
{
    static const struct texts environment = {
        {"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "OTEL_EXPORTER_OTLP_HEADERS=x-key=a",
         "OTEL_EXPORTER_OTLP_TIMEOUT=1500", "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.pem",
         "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25",
         "OTEL_SERVICE_NAME=access", "OTEL_RESOURCE_ATTRIBUTES=team=iam,note=a%20b",
         "OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_BSP_MAX_QUEUE_SIZE=100",
         "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=50", "OTEL_PROPAGATORS=tracecontext"}};
    struct loaded loaded;

    (void)state;
    load(&loaded, NULL, &environment);
    const struct traces_settings *traces = &loaded.settings.traces;
    assert_string_equal(loaded.problems, "");
    assert_string_equal(traces->endpoint, "http://collector:4318/v1/traces");
    assert_string_equal(traces->headers, "x-key=a");
    assert_string_equal(traces->tls_ca_file, "/ca.pem");
    assert_string_equal(traces->ratio, "0.25");
    assert_string_equal(traces->service_name, "access");
    assert_string_equal(traces->resource, "team=iam,note=a%20b");
    assert_int_equal(traces->sampler, SAMPLER_PARENT_RATIO);
    assert_int_equal(traces->timeout_ms, 1500);
    assert_int_equal(traces->interval_ms, 200);
    assert_int_equal(traces->queue, 100);
    assert_int_equal(traces->batch, 50);
    harness_unload(&loaded);
}

static void the_endpoint_follows_several(void **state)
{
    static const struct {
        struct texts environment;
        const char *endpoint;
    } rows[] = {
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318/"}}, "http://c:4318/v1/traces"},
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT=https://c/base"}}, "https://c/base/v1/traces"},
        {{{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/x"}}, "http://t:1/x"},
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318",
           "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/x"}},
         "http://t:1/x"},
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT="}}, ""},
        {{{"OTEL_TRACES_EXPORTER=otlp"}}, "http://localhost:4318/v1/traces"},
        {{{"OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"}}, ""},
        {{{"OTEL_SDK_DISABLED=True", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"}}, ""},
        {{{"OTEL_SDK_DISABLED=false", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"}},
         "http://c:4318/v1/traces"},
        {{{"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
           "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"}},
         "http://c:4318/v1/traces"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        load(&loaded, NULL, &rows[i].environment);
        assert_string_equal(loaded.problems, "");
        assert_string_equal(loaded.settings.traces.endpoint, rows[i].endpoint);
        harness_unload(&loaded);
    }
}

/* Flag over environment over file over these; and of two of them the one for traces. */
static void they_are_the_last_before_the_defaults(void **state)
{
    static const struct texts environment = {
        {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_SERVICE_NAME=otel",
         "OTEL_TRACES_SAMPLER=always_off", "OTEL_EXPORTER_OTLP_HEADERS=x=1",
         "OTEL_EXPORTER_OTLP_TRACES_HEADERS=x=2", "USHER_TRACES_SAMPLER=always_on"}};
    struct loaded loaded;

    (void)state;
    load(&loaded, "traces:\n  endpoint: \"\"\n  service_name: file\n", &environment);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(loaded.settings.traces.endpoint, "http://c:4318/v1/traces");
    assert_string_equal(loaded.settings.traces.service_name, "file");
    assert_string_equal(loaded.settings.traces.headers, "x=2");
    assert_int_equal(loaded.settings.traces.sampler, SAMPLER_ALWAYS_ON);
    harness_unload(&loaded);
}

/* They are written for all programs of a machine. */
static void one_that_does_not_suit_is_a_warning(void **state)
{
    static const struct {
        struct texts environment;
        const char *warning;
    } rows[] = {
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317"}},
         "OTEL_EXPORTER_OTLP_ENDPOINT: must start with https:// or http://, as in "
         "http://collector:4318/v1/traces; the variable is not heeded\n"},
        {{{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}},
         "OTEL_EXPORTER_OTLP_PROTOCOL: may be http/json or http/protobuf here (JSON "
         "is sent either way); no traces are sent\n"},
        {{{"OTEL_TRACES_EXPORTER=console"}},
         "OTEL_TRACES_EXPORTER: may be otlp or none here; no traces are sent\n"},
        {{{"OTEL_TRACES_SAMPLER=jaeger_remote", "OTEL_TRACES_SAMPLER_ARG=endpoint=x"}},
         "OTEL_TRACES_SAMPLER: \"jaeger_remote\" is none of what this version knows: "
         "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, "
         "parentbased_traceidratio; the variable is not heeded\n"},
        {{{"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=1.5"}},
         "OTEL_TRACES_SAMPLER_ARG: \"1.5\" is no number from 0 to 1, such as 0.25; "
         "the variable is not heeded\n"},
        {{{"OTEL_EXPORTER_OTLP_TIMEOUT=10s"}},
         "OTEL_EXPORTER_OTLP_TIMEOUT: is no number of milliseconds; the variable is "
         "not heeded\n"},
        {{{"OTEL_EXPORTER_OTLP_HEADERS=canary"}},
         "OTEL_EXPORTER_OTLP_HEADERS: is not NAME=VALUE with commas between, 16 at "
         "most; write %2C for a comma in a value; the variable is not heeded\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        load(&loaded, NULL, &rows[i].environment);
        static const char prefix[] = "warning: environment ";
        assert_int_equal(strncmp(loaded.problems, prefix, strlen(prefix)), 0);
        assert_string_equal(loaded.problems + strlen(prefix), rows[i].warning);
        assert_string_equal(loaded.settings.traces.endpoint, "");
        harness_unload(&loaded);
    }
}

static void what_the_file_says_is_checked(void **state)
{
    static const struct {
        const char *yaml, *problem;
    } rows[] = {
        {"traces:\n  endpoint: collector:4318\n",
         "usher.yaml:2:13: traces.endpoint: must start with https:// or http://, as in "
         "http://collector:4318/v1/traces\n"},
        {"traces:\n  endpoint: http://u:hunter2@c/\n",
         "usher.yaml:2:13: traces.endpoint: must not hold a user or password; send what the "
         "collector asks for in traces.headers_file\n"},
        {"traces:\n  endpoint: http://\n",
         "usher.yaml:2:13: traces.endpoint: is no address; write http://host:port/path, without a "
         "query\n"},
        {"traces:\n  endpoint: http://c/?key=hunter2\n",
         "usher.yaml:2:13: traces.endpoint: is no address; write http://host:port/path, without a "
         "query\n"},
        {"traces:\n  ratio: \"2\"\n",
         "usher.yaml:2:10: traces.ratio: \"2\" is no number from 0 to 1, such as 0.25\n"},
        {"traces:\n  ratio: \"\"\n",
         "usher.yaml:2:10: traces.ratio: \"\" is no number from 0 to 1, such as 0.25\n"},
        {"traces:\n  resource: team\n",
         "usher.yaml:2:13: traces.resource: is not NAME=VALUE with commas between, 16 at most; "
         "write %2C for a comma in a value\n"},
        {"traces:\n  headers: hunter2\n",
         "usher.yaml:2:12: traces.headers: is not NAME=VALUE with commas between, 16 at most; "
         "write %2C for a comma in a value\n"},
    };
    static const struct texts flags = {{"graph.auth=managed-identity"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        harness_load(&loaded, rows[i].yaml, NULL, &flags, NULL);
        assert_int_equal(loaded.result, LOAD_INVALID);
        assert_non_null(strstr(loaded.problems, rows[i].problem));
        assert_null(strstr(loaded.problems, "hunter2"));
        harness_unload(&loaded);
    }
}

static void http_may_go_anywhere(void **state)
{
    static const char *const rows[] = {
        "traces:\n  endpoint: http://collector.observability.svc:4318/v1/traces\n",
        "traces:\n  endpoint: https://otlp.example.com/v1/traces\n",
        "traces:\n  endpoint: http://[::1]:4318/v1/traces\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        load(&loaded, rows[i], NULL);
        assert_string_equal(loaded.problems, "");
        harness_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_by_default),
        cmocka_unit_test(all_variables_are_heeded),
        cmocka_unit_test(the_endpoint_follows_several),
        cmocka_unit_test(they_are_the_last_before_the_defaults),
        cmocka_unit_test(one_that_does_not_suit_is_a_warning),
        cmocka_unit_test(what_the_file_says_is_checked),
        cmocka_unit_test(http_may_go_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
