/* The settings' scenes: reading them from everywhere, saying what is wrong, printing them. */
#include "tests/allocations/loop.h"

#include "config/load.h"
#include "config/print.h"
#include "config/reload.h"

#include <assert.h>
#include <unistd.h>

static const char good[] = "kafka:\n  brokers: a:1,b:2\n  reply_topics_allowed: [x, y]\n"
                           "  librdkafka:\n    session.timeout.ms: 6000\n    linger.ms: 5\n"
                           "graph:\n  tenant_id: t\n  client_id: c\n  client_secret: s\n";
static const char bad[] = "kafka:\n  brokrs: a:1\n  window: 0\ngraph:\n  timeout: soon\n";

static const char many[] = "graph:\n  client_secret: s\n  timeout: 20s\n"
                           "tenants:\n  a:\n    tenant_id: t\n    client_id: c\n"
                           "    client_secret_file: f\n  b:\n    auth: token\n    token: x\n"
                           "    cloud: dod\n";

static void note_problems(struct notes *notes, struct problems *problems)
{
    char text[8192] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    assert(out != NULL);
    problems_print(problems, false, out);
    problems_print(problems, true, out);
    (void)fclose(out);
    note(notes, "%.3000s", text);
}

static void load(struct notes *notes, const char *yaml, bool print)
{
    static const char *const flags[] = {"log.level=debug", "kafka.librdkafka=a=1,b=2"};
    static char variable[] = "USHER_POLICY_KINDS=accessPackageAssignmentRequest";
    char *const environment[] = {variable, NULL};
    char path[] = "/tmp/usher-allocations-XXXXXX";
    int file = mkstemp(path);
    assert(file >= 0 && write(file, yaml, strlen(yaml)) == (ssize_t)strlen(yaml));
    (void)close(file);
    struct settings settings;
    struct problems problems = {0};
    struct settings_source source = {.file = path,
                                     .flags = flags,
                                     .flags_count = 2,
                                     .environment = environment};
    enum load result = settings_load(&settings, &source, &problems);
    (void)unlink(path);
    note(notes, "%d", (int)result);
    for (size_t i = 0; i < settings.tenants.count; i++) {
        const struct tenant_settings *tenant = &settings.tenants.items[i];
        note(notes, "%s %d %s %s %lld", tenant->name, (int)tenant->settings->graph.auth,
             tenant->settings->graph.base_url, tenant->settings->graph.client_secret_file,
             (long long)tenant->settings->graph.timeout_ms);
    }
    if (print && result == LOAD_OK) {
        char text[16384] = "";
        FILE *out = fmemopen(text, sizeof text, "w");
        assert(out != NULL);
        settings_print(&settings, out);
        (void)fclose(out);
        note(notes, "%.3500s", strchr(text, '\n')); /* the file's name is another each time */
        out = fopen("/dev/null", "w");
        assert(out != NULL);
        settings_print_json(&settings, true, out); /* the same values, and their origins */
        (void)fclose(out);
    }
    problems_finish(&problems);
    settings_finish(&settings);
}

static void play_load(struct notes *notes)
{
    load(notes, good, false);
}

static void play_print(struct notes *notes)
{
    load(notes, good, true);
}

static void play_tenants(struct notes *notes)
{
    load(notes, many, true);
}

static void play_problems(struct notes *notes)
{
    load(notes, bad, false);
    struct problems problems = {0};
    struct settings settings;
    struct settings_source source = {.file = "/does/not/exist"};
    note(notes, "%d", (int)settings_load(&settings, &source, &problems));
    note_problems(notes, &problems);
    problems_finish(&problems);
    settings_finish(&settings);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert(file != NULL && fputs(text, file) >= 0);
    (void)fclose(file);
}

static void reload(struct notes *notes, struct settings *settings,
                   const struct settings_source *source, const char *yaml)
{
    struct reload reload;
    write_text(source->file, yaml);
    note(notes, "%d", (int)settings_reload(settings, source, &reload));
    note(notes, "%zu %zu", reload.changed.count, reload.left.count);
    note_problems(notes, &reload.problems);
    reload_finish(&reload);
}

static void play_reload(struct notes *notes)
{
    char path[] = "/tmp/usher-allocations-XXXXXX";
    int file = mkstemp(path);
    struct settings settings;
    struct problems problems = {0};
    struct settings_source source = {.file = path};
    assert(file >= 0);
    (void)close(file);
    write_text(path, many);
    note(notes, "%d", (int)settings_load(&settings, &source, &problems));
    reload(notes, &settings, &source,
           "graph:\n  client_secret: s\n  settle: 3m\ndrain: 1m\npolicy:\n  kinds: "
           "[accessPackageAssignmentRequest]\ntenants:\n  a:\n    tenant_id: u\n    client_id: c\n"
           "    client_secret_file: f\n    settle: 2m\n  c:\n    auth: token\n    token: y\n");
    reload(notes, &settings, &source, "");
    (void)unlink(path);
    problems_finish(&problems);
    settings_finish(&settings);
}

const struct scene config_scenes[] = {
    {"settings", play_load},
    {"settings, printed", play_print},
    {"settings of tenants", play_tenants},
    {"settings that are wrong", play_problems},
    {"settings, read again", play_reload},
    {NULL, NULL},
};
