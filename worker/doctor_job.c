#include "worker/doctor_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const struct doctor_check_row doctor_checks[CHECK_COUNT] = {
    [CHECK_KAFKA_DNS] = {"kafka.dns", "dns"},
    [CHECK_KAFKA_CONNECTION] = {"kafka.connection", "connection"},
    [CHECK_KAFKA_CLUSTER] = {"kafka.cluster", "kafka"},
    [CHECK_KAFKA_TOPIC] = {"kafka.topic", "topic"},
    [CHECK_KAFKA_TOPIC_RIGHTS] = {"kafka.topic_rights", "rights on topic"},
    [CHECK_KAFKA_TOPIC_SETTINGS] = {"kafka.topic_settings", "settings of topic"},
    [CHECK_KAFKA_GROUP] = {"kafka.group", "group"},
    [CHECK_KAFKA_TRANSACTION] = {"kafka.transactional_id", "transactional id"},
    [CHECK_REDIS_DNS] = {"redis.dns", "dns"},
    [CHECK_REDIS_CONNECTION] = {"redis.connection", "connection"},
    [CHECK_REDIS_LOGIN] = {"redis.login", "redis"},
    [CHECK_REDIS_VERSION] = {"redis.version", "redis version"},
    [CHECK_REDIS_PERSISTENCE] = {"redis.persistence", "redis persistence"},
    [CHECK_REDIS_EVICTION] = {"redis.eviction", "redis eviction"},
    [CHECK_REDIS_RIGHTS] = {"redis.rights", "redis rights"},
    [CHECK_REDIS_CLOCK] = {"redis.clock", "clock of redis"},
    [CHECK_REDIS_INTERLOCK] = {"redis.interlock", "interlock"},
    [CHECK_GRAPH_DNS] = {"graph.dns", "dns"},
    [CHECK_GRAPH_CONNECTION] = {"graph.connection", "connection"},
    [CHECK_GRAPH_CLOCK] = {"graph.clock", "clock of"},
    [CHECK_GRAPH_TOKEN] = {"graph.token", "graph token"},
    [CHECK_GRAPH_CERTIFICATE] = {"graph.certificate", "graph certificate"},
    [CHECK_GRAPH_ASSIGNMENTS] = {"graph.assignments", "assignment requests"},
    [CHECK_GRAPH_RESOURCES] = {"graph.resources", "resource requests"},
    [CHECK_GRAPH_ORIGIN] = {"graph.resource_origin", "resource requests for"},
    [CHECK_DOCTOR] = {"doctor", "doctor"},
};
const size_t doctor_checks_count = CHECK_COUNT;

static void keep_plain(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static void fill(struct doctor_finding *finding, const struct doctor_job *job,
                 enum doctor_check check, const char *about)
{
    bool named = job->tenant[0] != '\0';
    finding->check = check;
    (void)snprintf(finding->name, sizeof finding->name, "%s%s%s%s%s%.280s", named ? "tenant " : "",
                   job->tenant, named ? ": " : "", doctor_checks[check].words,
                   about[0] != '\0' ? " " : "", about);
    keep_plain(finding->name);
    keep_plain(finding->diagnosis.text);
}

void doctor_tell(struct doctor_job *job, enum doctor_check check, const char *about,
                 const struct diagnosis *diagnosis)
{
    (void)pthread_mutex_lock(job->mutex);
    struct doctor_finding *more = realloc(job->findings, (job->count + 1) * sizeof *job->findings);
    if (more == NULL) {
        job->no_memory = true;
    } else {
        job->findings = more;
        more[job->count].diagnosis = *diagnosis;
        fill(&more[job->count++], job, check, about);
    }
    (void)pthread_mutex_unlock(job->mutex);
}

void doctor_forgive(struct doctor_job *job, const char *why)
{
    (void)pthread_mutex_lock(job->mutex);
    for (size_t i = 0; i < job->count; i++) {
        struct diagnosis *diagnosis = &job->findings[i].diagnosis;
        const struct diagnosis was = *diagnosis;
        if (was.mark == DIAGNOSIS_MISSING)
            diagnosis_open(diagnosis, "%s, but not this one: %.700s", why, was.text);
    }
    (void)pthread_mutex_unlock(job->mutex);
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t doctor_clock_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t doctor_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

int doctor_patience_ms(const struct doctor_job *job, int most_ms)
{
    int64_t left_ms = job->until_ms - doctor_clock_ms();
    return left_ms < 1 ? 1 : left_ms < most_ms ? (int)left_ms : most_ms;
}
