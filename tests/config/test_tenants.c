#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/config/harness.h"

/* Two that are complete; lines 1 to 9. */
#define TWO                       \
    "tenants:\n"                  \
    "  contoso:\n"                \
    "    tenant_id: t1\n"         \
    "    client_id: c1\n"         \
    "    client_secret_file: f\n" \
    "  fabrikam:\n"               \
    "    auth: token\n"           \
    "    token_file: /t\n"        \
    "    timeout: 9s\n"

static const struct settings *tenant(const struct loaded *loaded, const char *name)
{
    const struct tenant_settings *found = tenants_find(&loaded->settings.tenants, name);

    assert_non_null(found);
    assert_string_equal(found->name, name);
    return found->settings;
}

static void what_a_tenant_does_not_say_is_the_workers(void **state)
{
    static const struct texts environment = {{"USHER_GRAPH_TIMEOUT=20s", "AZURE_CLIENT_ID=azure"}};
    static const struct texts flags = {{"graph.retry_for=3m", "tenants.contoso.in_flight=7"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded,
                 TWO "graph:\n  in_flight: 5\n  eventual: 1m\n"
                     "kafka:\n  group: g\n  librdkafka: {client.id: x}\npolicy:\n  catalogs: [a]\n",
                 &environment, &flags, NULL);
    assert_string_equal(loaded.problems, "");
    assert_int_equal(loaded.result, LOAD_OK);
    assert_int_equal(loaded.settings.tenants.count, 2);
    assert_null(tenants_find(&loaded.settings.tenants, "Contoso"));
    assert_null(tenants_find(&loaded.settings.tenants, ""));

    const struct settings *contoso = tenant(&loaded, "contoso");
    assert_string_equal(contoso->graph.tenant_id, "t1");
    assert_string_equal(contoso->graph.client_id, "c1");
    assert_string_equal(contoso->graph.client_secret_file, "f");
    assert_int_equal(contoso->graph.auth, AUTH_CLIENT_SECRET);
    assert_int_equal(contoso->graph.timeout_ms, 20000);    /* the environment, through graph */
    assert_int_equal(contoso->graph.retry_for_ms, 180000); /* a flag */
    assert_int_equal(contoso->graph.eventual_ms, 60000);   /* the file */
    assert_int_equal(contoso->graph.settle_ms, 300000);    /* the default */
    assert_int_equal(contoso->graph.in_flight, 7);         /* a flag of its own */
    assert_string_equal(contoso->kafka.group, "g");
    assert_string_equal(contoso->kafka.librdkafka.items[0].value, "x");
    assert_string_equal(contoso->policy.catalogs.items[0], "a");
    assert_string_equal(contoso->file, loaded.settings.file);
    assert_int_equal(contoso->tenants.count, 0);

    const struct settings *fabrikam = tenant(&loaded, "fabrikam");
    assert_int_equal(fabrikam->graph.auth, AUTH_TOKEN);
    assert_int_equal(fabrikam->graph.timeout_ms, 9000);
    assert_int_equal(fabrikam->graph.in_flight, 5);
    assert_string_equal(fabrikam->graph.tenant_id, "");
    assert_string_equal(fabrikam->graph.client_id, "azure");

    assert_int_equal(loaded.settings.graph.timeout_ms, 20000);
    assert_int_equal(loaded.settings.graph.in_flight, 5);
    harness_unload(&loaded);
}

static void without_the_map_there_are_none(void **state)
{
    static const char *const files[] = {NULL, "", "tenants:\n", "tenants: {}\n"};
    static const struct texts environment = {{"USHER_GRAPH_AUTH=managed-identity"}};
    struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        harness_load(&loaded, files[i], &environment, NULL, NULL);
        assert_string_equal(loaded.problems, "");
        assert_int_equal(loaded.settings.tenants.count, 0);
        assert_null(tenants_find(&loaded.settings.tenants, "contoso"));
        harness_unload(&loaded);
    }
    harness_load(&loaded, "tenants: {}\n", NULL, NULL, NULL);
    assert_non_null(strstr(loaded.problems, " graph.client_id: is needed"));
    harness_unload(&loaded);
}

/* Whatever layer the worker's secret is in. */
static void a_tenants_secret_puts_out_the_workers(void **state)
{
    static const struct texts environment = {{"USHER_GRAPH_CLIENT_SECRET=s", "AZURE_CLIENT_ID=z"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, TWO "  c:\n    tenant_id: t\n    client_id: c\n", &environment, NULL,
                 NULL);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(tenant(&loaded, "contoso")->graph.client_secret, "");
    assert_string_equal(tenant(&loaded, "contoso")->graph.client_secret_file, "f");
    assert_string_equal(tenant(&loaded, "c")->graph.client_secret, "s");
    assert_string_equal(tenant(&loaded, "c")->graph.client_secret_file, "");
    assert_string_equal(loaded.settings.graph.client_secret, "s");
    harness_unload(&loaded);

    /* An empty one too: here it means the system-assigned identity. */
    harness_load(&loaded, "tenants:\n  a:\n    auth: managed-identity\n    client_id: \"\"\n",
                 &environment, NULL, NULL);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(tenant(&loaded, "a")->graph.client_id, "");
    assert_string_equal(loaded.settings.graph.client_id, "z");
    harness_unload(&loaded);

    /* A flag's file goes before the secret in the YAML. */
    harness_load(&loaded, "tenants:\n  a:\n    auth: token\n    token: t\n", NULL,
                 &(struct texts){{"tenants.a.token_file=/t"}}, NULL);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(tenant(&loaded, "a")->graph.token, "");
    assert_string_equal(tenant(&loaded, "a")->graph.token_file, "/t");
    harness_unload(&loaded);
}

static void a_tenants_cloud_sets_its_hosts(void **state)
{
    static const struct {
        const char *graph, *tenant, *base_url, *authority_host;
    } rows[] = {
        {"", "cloud: dod", "https://dod-graph.microsoft.us/beta",
         "https://login.microsoftonline.us"},
        {"cloud: china", "timeout: 5s", "https://microsoftgraph.chinacloudapi.cn/beta",
         "https://login.partner.microsoftonline.cn"},
        {"cloud: china", "cloud: global", "https://graph.microsoft.com/beta",
         "https://login.microsoftonline.com"},
        {"base_url: https://g.example.com/beta", "cloud: global",
         "https://graph.microsoft.com/beta", "https://login.microsoftonline.com"},
        {"base_url: https://g.example.com/beta", "timeout: 5s", "https://g.example.com/beta",
         "https://login.microsoftonline.com"},
        {"", "{cloud: dod, base_url: 'https://g.example.com/beta/'}", "https://g.example.com/beta",
         "https://login.microsoftonline.us"},
        {"cloud: dod", "{authority_host: 'https://l.example.com'}",
         "https://dod-graph.microsoft.us/beta", "https://l.example.com"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        char yaml[512];
        (void)snprintf(yaml, sizeof yaml,
                       "graph:\n  auth: managed-identity\n  %s\ntenants:\n  a:\n    %s\n",
                       rows[i].graph, rows[i].tenant);
        print_message("row %zu\n", i);
        harness_load(&loaded, yaml, NULL, NULL, NULL);
        assert_string_equal(loaded.problems, "");
        assert_string_equal(tenant(&loaded, "a")->graph.base_url, rows[i].base_url);
        assert_string_equal(tenant(&loaded, "a")->graph.authority_host, rows[i].authority_host);
        harness_unload(&loaded);
    }
}

/* 63 letters, and one more where it is put twice. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456._-"

static const struct row {
    const char *name, *yaml, *flag, *problems;
} rows[] = {
    {"credentials are each one's own", "tenants:\n  a:\n    timeout: 5s\n  b:\n    auth: token\n",
     NULL,
     "usher.yaml:2:3: tenants.a.tenant_id: is needed for auth: client-secret; set it there, or "
     "under graph for every tenant\n"
     "usher.yaml:2:3: tenants.a.client_id: is needed for auth: client-secret; set it there, or "
     "under graph for every tenant\n"
     "usher.yaml:2:3: tenants.a.client_secret: is needed for auth: client-secret (or "
     "client_secret_file); set it there, or under graph for every tenant\n"
     "usher.yaml:4:3: tenants.b.token: is needed for auth: token (or token_file); set it there, or "
     "under graph for every tenant\n"},
    {"what was refused is not missing", "tenants:\n  a:\n    auth: token\n    token_file: [x]\n",
     NULL,
     "usher.yaml:4:17: tenants.a.token_file: one text is due here, not a list or a mapping\n"},
    {"nor what graph has wrong",
     "graph:\n  tenant_id: a/b\ntenants:\n  a:\n"
     "    client_id: c\n    client_secret: s\n",
     NULL, "usher.yaml:2:14: graph.tenant_id: \"a/b\" is neither a GUID nor a domain name\n"},
    {"a value", TWO "    in_flight: many\n", NULL,
     "usher.yaml:10:16: tenants.fabrikam.in_flight: \"many\" is no whole number; write digits "
     "only, as in 4096\n"},
    {"a value twice", TWO "    timeout: 8s\n", NULL,
     "usher.yaml:10:5: tenants.fabrikam.timeout: is set twice; it was set in line 9 before\n"},
    {"plain http", TWO "    base_url: http://graph.example.com/beta\n", NULL,
     "usher.yaml:10:15: tenants.fabrikam.base_url: is http:// to graph.example.com; tokens travel "
     "over https:// only, but to a loopback address (127.0.0.1, [::1], localhost)\n"},
    {"plain http to this machine", TWO "    base_url: http://127.0.0.1:1/beta\n", NULL, ""},
    {"a setting mistyped", TWO "    clientid: x\n    zyxw: y\n    group: g\n", NULL,
     "usher.yaml:10:5: tenants.fabrikam.clientid: a tenant has no such setting; did you mean "
     "client_id?\n"
     "usher.yaml:11:5: tenants.fabrikam.zyxw: a tenant has no such setting; it may have those of "
     "graph\n"
     "usher.yaml:12:5: tenants.fabrikam.group: a tenant has no such setting; it may have those of "
     "graph\n"},
    {"the map mistyped", "tenant:\n  a:\n    auth: token\n", "graph.auth=managed-identity",
     "usher.yaml:1:1: tenant: there is no such setting; did you mean tenants?\n"},
    {"the map twice", TWO "tenants:\n  c:\n    auth: managed-identity\n", NULL,
     "usher.yaml:10:1: tenants: is there twice; it began in line 1\n"},
    {"no map", "tenants: contoso\n", "graph.auth=managed-identity",
     "usher.yaml:1:10: tenants: settings are due here, indented, one a line\n"},
    {"a tenant without settings", TWO "  c:\n  d: {}\n  e: x\n  f: [x]\n", NULL,
     "usher.yaml:10:3: tenants.c: settings are due here, indented, one a line\n"
     "usher.yaml:11:3: tenants.d: settings are due here, indented, one a line\n"
     "usher.yaml:12:3: tenants.e: settings are due here, indented, one a line\n"
     "usher.yaml:13:3: tenants.f: settings are due here, indented, one a line\n"},
    {"a tenant twice", TWO "  contoso:\n    timeout: soon\n", NULL,
     "usher.yaml:10:3: tenants.contoso: is there twice; it began in line 2\n"},
    {"a name", "tenants:\n  a b:\n    timeout: 1\n  \"\":\n    timeout: 1\n", NULL,
     "usher.yaml:2:3: tenants.a b: a tenant's name has letters, digits and . _ - only, at most "
     "64\n"
     "usher.yaml:4:3: tenants.: a tenant's name has letters, digits and . _ - only, at most 64\n"},
    {"the longest name", "tenants:\n  " LETTERS "xx:\n    auth: managed-identity\n", NULL, ""},
    {"a name too long", "tenants:\n  " LETTERS "xxx:\n    auth: managed-identity\n", NULL,
     "usher.yaml:2:3: tenants." LETTERS "xxx: a tenant's name has letters, digits and . _ - only, "
     "at most 64\n"},
    {"a list for a name", "tenants:\n  [a]: b\n", NULL,
     "usher.yaml:2:3: a name of a setting is due here\n"},

    /* What two settings say together, if one is the tenant's. */
    {"a secret twice", TWO "    token: x\n", NULL,
     "usher.yaml:8:17: tenants.fabrikam.token_file: tenants.fabrikam.token is set as well; one of "
     "the two\n"},
    {"graph's secret twice, once said",
     "graph:\n  auth: token\n  token: x\n  token_file: /t\n"
     "tenants:\n  a:\n    timeout: 5s\n",
     NULL, "usher.yaml:4:15: graph.token_file: graph.token is set as well; one of the two\n"},
    {"a claim outlives each one's call", TWO "    retry_for: 1m\n", "tenants.fabrikam.timeout=3m",
     "usher.yaml:6:3: redis.lease: must be longer than 182s (tenants.fabrikam.timeout and 2 s): a "
     "claim must outlive a call\n"
     "warning: usher.yaml:6:3: drain: is shorter than tenants.fabrikam.timeout (3m): a call may be "
     "cut off at SIGTERM\n"},
    {"v1.0 is not where a dry run may go", TWO "    base_url: https://graph.microsoft.com/v1.0\n",
     NULL,
     "usher.yaml:10:15: tenants.fabrikam.base_url: is v1.0, which has no dry run; leave it at "
     "/beta, and set tenants.fabrikam.submit_version: v1.0 for the real requests\n"},
    {"v1.0 beside nothing",
     TWO "    submit_version: v1.0\n"
         "graph:\n  base_url: https://gateway.example/graph\n",
     NULL,
     "usher.yaml:6:3: tenants.fabrikam.base_url: must end in /beta with "
     "tenants.fabrikam.submit_version: v1.0, whose root is beside it: /v1.0 in place of /beta\n"},
    {"warnings",
     TWO "    dry_run: off\n    writes_per_second: 0\n    settle: 1s\n"
         "    authority_host: https://login.microsoftonline.us\n",
     NULL,
     "warning: usher.yaml:10:14: tenants.fabrikam.dry_run: is off: real requests are sent without "
     "a dry run before them\n"
     "warning: usher.yaml:11:24: tenants.fabrikam.writes_per_second: is 0: Graph throttles above "
     "20 a second\n"
     "warning: usher.yaml:12:13: tenants.fabrikam.settle: is under 1m: a look-up may miss a grant "
     "that happened, and a second is sent\n"
     "warning: usher.yaml:13:21: tenants.fabrikam.authority_host: is "
     "https://login.microsoftonline.us, which is not of the same cloud as "
     "tenants.fabrikam.base_url\n"},
    {"the worker's warnings come once", TWO "graph:\n  dry_run_echo: lenient\n  settle: 1s\n", NULL,
     "warning: usher.yaml:11:17: graph.dry_run_echo: is lenient: a Graph that ignores "
     "isValidationOnly would grant at the dry run\n"
     "warning: usher.yaml:12:11: graph.settle: is under 1m: a look-up may miss a grant that "
     "happened, and a second is sent\n"},
    {"the same application",
     TWO "  c:\n    tenant_id: T1\n    client_id: C1\n    token: x\n"
         "    client_secret_file: g\n  d:\n    auth: managed-identity\n"
         "  e:\n    auth: managed-identity\n    tenant_id: t1\n",
     NULL,
     "usher.yaml:10:3: tenants.c: signs in as tenants.contoso does, so its events would go to "
     "that tenant; give it credentials of its own\n"
     "usher.yaml:17:3: tenants.e: signs in as tenants.d does, so its events would go to that "
     "tenant; give it credentials of its own\n"},

    {"a flag", TWO, "tenants.contoso.timeout=x",
     "-s tenants.contoso.timeout: \"x\" is no duration; write a whole number and a unit, as in "
     "30s\n"},
    {"a flag's tenant", TWO, "tenants.contos.timeout=1s",
     "-s tenants.contos.timeout: the file has no tenant contos; did you mean contoso?\n"},
    {"a flag's strange tenant", TWO, "tenants.zyxw.v.timeout=1s",
     "-s tenants.zyxw.v.timeout: the file has no tenant zyxw.v\n"},
    {"a flag's setting", TWO, "tenants.contoso.timout=1s",
     "-s tenants.contoso.timout: a tenant has no such setting; did you mean timeout?\n"},
    {"a flag without a setting", TWO, "tenants.contoso=1s",
     "-s tenants.contoso: names no setting of a tenant, as tenants.NAME.timeout does\n"},
    {"a flag without a tenant", TWO, "tenants..timeout=1s",
     "-s tenants..timeout: names no setting of a tenant, as tenants.NAME.timeout does\n"},
    {"a flag's secret", TWO, "tenants.contoso.client_secret=hunter2",
     "-s tenants.contoso.client_secret: a secret is not taken from the command line, where ps "
     "shows it; use tenants.contoso.client_secret_file\n"},
};

static void a_mistake_names_the_tenant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct texts flags = {{rows[i].flag}};
        struct loaded loaded;
        bool is_good = rows[i].problems[0] == '\0' ||
                       strncmp(rows[i].problems, "warning: ", strlen("warning: ")) == 0;
        print_message("%s\n", rows[i].name);
        harness_load(&loaded, rows[i].yaml, NULL, &flags, NULL);
        assert_string_equal(loaded.problems, rows[i].problems);
        assert_int_equal(loaded.result, is_good ? LOAD_OK : LOAD_INVALID);
        harness_unload(&loaded);
    }
}

static void there_are_no_names_in_the_environment(void **state)
{
    static const char *const others[] = {"USHER_TENANTS_SERVICE_HOST=10.0.0.1",
                                         "USHER_TENANTS_PORT=tcp://10.0.0.1:80",
                                         "USHER_TENANTSX=1"};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, TWO, &(struct texts){{"USHER_TENANTS_CONTOSO_TIMEOUT=1s"}}, NULL, NULL);
    assert_string_equal(loaded.problems,
                        "environment USHER_TENANTS_CONTOSO_TIMEOUT: tenants are set in the file, "
                        "or as -s tenants.NAME.SETTING=VALUE; they have no names in the "
                        "environment\n");
    harness_unload(&loaded);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        harness_load(&loaded, TWO, &(struct texts){{others[i]}}, NULL, NULL);
        assert_string_equal(loaded.problems, "");
        harness_unload(&loaded);
    }
}

static void there_are_at_most_so_many(void **state)
{
    char yaml[TENANTS_MAX * 64] = "graph: {auth: managed-identity}\ntenants:\n";
    struct loaded loaded;

    (void)state;
    for (int i = 1; i <= TENANTS_MAX; i++) {
        size_t length = strlen(yaml);
        (void)snprintf(yaml + length, sizeof yaml - length,
                       "  t%d: {timeout: 5s, client_id: c%d}\n", i, i);
    }
    harness_load(&loaded, yaml, NULL, NULL, NULL);
    assert_string_equal(loaded.problems, "");
    assert_int_equal(loaded.settings.tenants.count, TENANTS_MAX);
    assert_int_equal(tenant(&loaded, "t64")->graph.timeout_ms, 5000);
    harness_unload(&loaded);

    size_t length = strlen(yaml);
    (void)snprintf(yaml + length, sizeof yaml - length, "  more: {timeout: 5s}\n");
    harness_load(&loaded, yaml, NULL, NULL, NULL);
    assert_string_equal(loaded.problems,
                        "usher.yaml:67:3: tenants.more: is one too many; a worker serves at most "
                        "64 tenants\n");
    harness_unload(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_tenant_does_not_say_is_the_workers),
        cmocka_unit_test(without_the_map_there_are_none),
        cmocka_unit_test(a_tenants_secret_puts_out_the_workers),
        cmocka_unit_test(a_tenants_cloud_sets_its_hosts),
        cmocka_unit_test(a_mistake_names_the_tenant),
        cmocka_unit_test(there_are_no_names_in_the_environment),
        cmocka_unit_test(there_are_at_most_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
