/* What the worker lets be done to it on admin.actions_listen. */
#include "worker/io/actions.h"
#include "worker/actions.h"

static const char *state(void *context)
{
    static const char *const words[] = {"starts", "takes records in", "is paused", "drains",
                                        "leaves"};
    const struct worker *w = context;
    bool stands = w->pipeline.mode == PIPELINE_INTERLOCKED && worker_is_at_work(w);
    return stands ? "is stopped by the interlock" : words[w->phase];
}

static bool is_paused(void *context)
{
    const struct worker *w = context;
    return w->phase == WORKER_PAUSED;
}

static bool pause_intake(void *context, const char *who, struct error *error)
{
    return worker_pause(context, who, error);
}

static bool resume_intake(void *context, const char *who, struct error *error)
{
    return worker_resume(context, who, error);
}

bool worker_actions_open(struct worker *w, struct error *error)
{
    w->letters = letter_desk_create(w->settings);
    if (w->letters == NULL)
        return error_set(error, "out of memory");
    if (w->settings->admin.actions_listen[0] == '\0')
        return true;
    const struct actions_view view = {
        .settings = w->settings,
        .desk = w->letters,
        .state = state,
        .is_paused = is_paused,
        .pause = pause_intake,
        .resume = resume_intake,
        .context = w,
    };
    w->actions = actions_create(&w->loop, &view, error);
    return w->actions != NULL;
}
