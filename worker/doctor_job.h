#pragma once

#include "worker/doctor.h"

#include <pthread.h>

/* The inside of worker/doctor.h: one area, or one tenant of it, looked at by one thread. */

/* Rows of doctor_checks. */
enum doctor_check {
    CHECK_KAFKA_DNS,
    CHECK_KAFKA_CONNECTION,
    CHECK_KAFKA_CLUSTER,
    CHECK_KAFKA_TOPIC,
    CHECK_KAFKA_TOPIC_RIGHTS,
    CHECK_KAFKA_TOPIC_SETTINGS,
    CHECK_KAFKA_GROUP,
    CHECK_KAFKA_TRANSACTION,
    CHECK_REDIS_DNS,
    CHECK_REDIS_CONNECTION,
    CHECK_REDIS_LOGIN,
    CHECK_REDIS_VERSION,
    CHECK_REDIS_PERSISTENCE,
    CHECK_REDIS_EVICTION,
    CHECK_REDIS_RIGHTS,
    CHECK_REDIS_CLOCK,
    CHECK_REDIS_INTERLOCK,
    CHECK_GRAPH_DNS,
    CHECK_GRAPH_CONNECTION,
    CHECK_GRAPH_CLOCK,
    CHECK_GRAPH_TOKEN,
    CHECK_GRAPH_CERTIFICATE,
    CHECK_GRAPH_ASSIGNMENTS,
    CHECK_GRAPH_RESOURCES,
    CHECK_GRAPH_ORIGIN,
    CHECK_DOCTOR, /* of itself: no time, no memory */
    CHECK_COUNT,
};

enum { DOCTOR_NAME_SIZE = 400 }; /* words, and a topic (249) or a host (253) */

struct doctor_finding {
    enum doctor_check check;
    char name[DOCTOR_NAME_SIZE];
    struct diagnosis diagnosis;
};

struct doctor_job {
    void (*run)(struct doctor_job *job);
    const struct settings *settings; /* the tenant's, where it has some */
    const struct tenants *tenants;
    const char *tenant;
    size_t number; /* of the tenant, from 0 */
    const char *area;
    int64_t until_ms; /* monotonic; afterwards nobody listens */

    pthread_mutex_t *mutex; /* over the rest */
    struct doctor_finding *findings;
    size_t count;
    bool no_memory, is_over;
};

/* Adds a line; `about` is what it is about, "" for nothing. What others have said may be part of
 * it: what is no plain ASCII comes out as '?'. */
void doctor_tell(struct doctor_job *job, enum doctor_check check, const char *about,
                 const struct diagnosis *diagnosis);

/* What was missing up to now need not be there after all, and why not. */
void doctor_forgive(struct doctor_job *job, const char *why);

/* So long may it wait for an answer: `most`, or less where the end is near; at least 1. */
int doctor_patience_ms(const struct doctor_job *job, int most_ms);

int64_t doctor_clock_ms(void);
int64_t doctor_wall_ms(void);

void doctor_look_at_kafka(struct doctor_job *job);
void doctor_look_at_redis(struct doctor_job *job);
void doctor_look_at_graph(struct doctor_job *job);
