#include "worker/doctor_job.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <time.h>

/* All jobs, and the threads that do them. On the heap: where time is up it outlives the call. */
struct examination {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a job is over */
    struct doctor_job *jobs;
    size_t count, next;
    pthread_t threads[DOCTOR_THREADS_MAX];
    size_t thread_count;
};

static const struct area {
    enum doctor_area area;
    const char *name;
    void (*run)(struct doctor_job *job);
    bool is_each_tenants;
} areas[] = {
    {DOCTOR_KAFKA, "kafka", doctor_look_at_kafka, false},
    {DOCTOR_REDIS, "redis", doctor_look_at_redis, false},
    {DOCTOR_GRAPH, "graph", doctor_look_at_graph, true},
};
enum { AREAS = sizeof areas / sizeof *areas };

/* ---- the threads ---- */

static struct doctor_job *take_job(struct examination *e)
{
    (void)pthread_mutex_lock(&e->mutex);
    struct doctor_job *job = e->next < e->count ? &e->jobs[e->next++] : NULL;
    (void)pthread_mutex_unlock(&e->mutex);
    return job;
}

static void *work(void *argument)
{
    struct examination *e = argument;
    for (struct doctor_job *job; (job = take_job(e)) != NULL;) {
        job->run(job);
        (void)pthread_mutex_lock(&e->mutex);
        job->is_over = true;
        (void)pthread_cond_broadcast(&e->changed);
        (void)pthread_mutex_unlock(&e->mutex);
    }
    return NULL;
}

/* False: it was told that there is not even one. */
static bool start_threads(struct examination *e)
{
    size_t wanted = e->count < DOCTOR_THREADS_MAX ? e->count : DOCTOR_THREADS_MAX;
    while (e->thread_count < wanted &&
           pthread_create(&e->threads[e->thread_count], NULL, work, e) == 0)
        e->thread_count++;
    return e->thread_count > 0;
}

/* ---- the lines ---- */

/* False: it is not over, and its time is. */
static bool wait_for(struct examination *e, const struct doctor_job *job)
{
    const struct timespec until = {job->until_ms / 1000, job->until_ms % 1000 * 1000000};
    int failed = 0;
    while (!job->is_over && failed == 0)
        failed = pthread_cond_timedwait(&e->changed, &e->mutex, &until);
    return job->is_over;
}

static int tell_one(const struct doctor_report *report, const struct doctor_job *job,
                    const struct doctor_finding *finding)
{
    const struct doctor_line line = {doctor_checks[finding->check].check, job->tenant,
                                     finding->name, &finding->diagnosis};
    report->on_line(report->context, &line);
    return finding->diagnosis.exit_code;
}

static int tell_missing(const struct doctor_report *report, const struct doctor_job *job,
                        int exit_code, const char *text)
{
    struct doctor_finding finding = {.check = CHECK_DOCTOR};
    (void)snprintf(finding.name, sizeof finding.name, "%s %s%s%s",
                   doctor_checks[CHECK_DOCTOR].words, job->area,
                   job->tenant[0] != '\0' ? " of tenant " : "", job->tenant);
    diagnosis_missing(&finding.diagnosis, exit_code, "%s", text);
    return tell_one(report, job, &finding);
}

/* Under the mutex: a job that is not over may still find something. */
static int tell_job(struct examination *e, struct doctor_job *job, struct doctor_report *report)
{
    bool in_time = wait_for(e, job);
    int code = DIAGNOSIS_DONE;
    for (size_t i = 0; i < job->count; i++)
        code = diagnosis_worse(code, tell_one(report, job, &job->findings[i]));
    if (job->no_memory)
        code = diagnosis_worse(code, tell_missing(report, job, DIAGNOSIS_INTERNAL,
                                                  "there is no memory for its lines"));
    if (in_time)
        return code;
    report->left_behind = true;
    return diagnosis_worse(code, tell_missing(report, job, DIAGNOSIS_UNREACHABLE,
                                              "its time was up before all had answered; look at "
                                              "what is missing above, and at the name servers"));
}

static int tell_all(struct examination *e, struct doctor_report *report)
{
    int code = DIAGNOSIS_DONE;
    (void)pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < e->count; i++)
        code = diagnosis_worse(code, tell_job(e, &e->jobs[i], report));
    (void)pthread_mutex_unlock(&e->mutex);
    return code;
}

/* ---- life ---- */

static void add_job(struct examination *e, const struct settings *settings, const struct area *area,
                    size_t tenant)
{
    const struct tenants *tenants = &settings->tenants;
    bool named = area->is_each_tenants && tenants->count > 0;
    e->jobs[e->count++] = (struct doctor_job){
        .run = area->run,
        .settings = named ? tenants->items[tenant].settings : settings,
        .tenants = tenants,
        .tenant = named ? tenants->items[tenant].name : "",
        .number = tenant,
        .area = area->name,
        .mutex = &e->mutex,
    };
}

static void list_jobs(struct examination *e, const struct settings *settings,
                      const struct doctor_report *report)
{
    size_t tenants = settings->tenants.count > 0 ? settings->tenants.count : 1;
    int64_t until_ms = doctor_clock_ms() + report->limit_ms;
    for (size_t i = 0; i < AREAS; i++) {
        size_t times = areas[i].is_each_tenants ? tenants : 1;
        for (size_t j = 0; j < times && (report->areas & (unsigned)areas[i].area) != 0; j++)
            add_job(e, settings, &areas[i], j);
    }
    for (size_t i = 0; i < e->count; i++)
        e->jobs[i].until_ms = until_ms;
}

static struct examination *create(const struct settings *settings,
                                  const struct doctor_report *report)
{
    pthread_condattr_t attributes;
    struct examination *e = calloc(1, sizeof *e);
    struct doctor_job *jobs = calloc(AREAS + settings->tenants.count, sizeof *jobs);
    if (e == NULL || jobs == NULL) {
        free(e);
        free(jobs);
        return NULL;
    }
    e->jobs = jobs;
    (void)pthread_mutex_init(&e->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&e->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    list_jobs(e, settings, report);
    return e;
}

static void destroy(struct examination *e)
{
    for (size_t i = 0; i < e->thread_count; i++)
        (void)pthread_join(e->threads[i], NULL);
    for (size_t i = 0; i < e->count; i++)
        free(e->jobs[i].findings);
    (void)pthread_cond_destroy(&e->changed);
    (void)pthread_mutex_destroy(&e->mutex);
    free(e->jobs);
    free(e);
}

int doctor_run(const struct settings *settings, struct doctor_report *report)
{
    static const struct doctor_job nothing = {.area = "itself", .tenant = ""};
    report->left_behind = false;
    struct examination *e = create(settings, report);
    if (e == NULL)
        return tell_missing(report, &nothing, DIAGNOSIS_INTERNAL, "there is no memory for it");
    int code = DIAGNOSIS_INTERNAL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0 && start_threads(e))
        code = tell_all(e, report);
    else
        (void)tell_missing(report, &nothing, code, "there is no thread for it");
    if (!report->left_behind) {
        destroy(e);
        curl_global_cleanup();
    }
    return code;
}
