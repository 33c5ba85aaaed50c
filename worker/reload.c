/* SIGHUP: from a changed file to what works. config/reload.h says which settings; who reads them
 * through a pointer each time has them already, and the rest is told here. */
#include "worker/reload.h"

#include "config/reload.h"

#include "worker/io/log.h"
#include "worker/pacing.h"

#include <stdio.h>
#include <string.h>

/* A log line has 4 KiB, and at most ten warnings of one name come at once: so what there is to say
 * is said in few and long lines, each with the words of at most so many bytes. */
enum { WORDS_SIZE = 1500 };

static void say_words(enum log_level level, const char *event, const char *what,
                      const struct strings *words)
{
    char line[2 * WORDS_SIZE];
    for (size_t i = 0; i < words->count;) {
        int length = snprintf(line, WORDS_SIZE, "%.1400s", words->items[i++]);
        while (i < words->count && length + (int)strlen(words->items[i]) + 2 < WORDS_SIZE)
            length += snprintf(line + length, WORDS_SIZE, ", %s", words->items[i++]);
        log_write(level, event, "%s: %s", what, line);
    }
}

static void say_problems(const struct problems *problems, bool warnings)
{
    char *texts[PROBLEMS_MAX];
    struct strings words = {texts, 0};
    for (size_t i = 0; i < problems->count; i++) {
        if (problems->items[i].warning == warnings)
            texts[words.count++] = problems->items[i].text;
    }
    say_words(warnings ? LOG_WARN : LOG_ERROR, warnings ? "config.warning" : "config.refused",
              warnings ? "with the new settings" : "nothing is changed", &words);
}

static bool has_changed(const struct reload *reload, const char *name)
{
    for (size_t i = 0; i < reload->changed.count; i++) {
        if (strcmp(reload->changed.items[i], name) == 0)
            return true;
    }
    return false;
}

static void apply(struct worker *w, const struct reload *reload)
{
    const struct settings *s = w->settings;
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    log_set_debug(&s->log.debug);
    log_open(s->log.level, s->log.format, stderr);
    w->pool.bytes_max = (size_t)s->limits.bytes;
    w->pipeline.plan.limits = tenant_limits(s);
    if (has_changed(reload, "kafka.reply_topics_allowed"))
        settle_allow(w->settle);
    for (size_t i = 0; i < w->tenant_count; i++) {
        struct tenant *t = &w->tenants[i];
        t->limits = tenant_limits(t->settings);
        pacing_change(t, now_ms);
    }
}

void worker_reload(struct worker *w)
{
    struct reload reload;
    w->config_good = settings_reload(w->reloaded, w->settings_from, &reload);
    if (w->config_good) {
        w->config_wall_ms = worker_wall_ms();
        apply(w, &reload);
        log_write(LOG_INFO, "config.reloaded", "%zu settings have changed", reload.changed.count);
        say_words(LOG_INFO, "config.changed", "new values", &reload.changed);
    }
    say_problems(&reload.problems, w->config_good);
    say_words(LOG_WARN, "config.restart_needed",
              "another value is read, but only a restart brings it", &reload.left);
    reload_finish(&reload);
}
