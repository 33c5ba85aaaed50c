#include "worker/io/reachable.h"

#include "worker/io/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum {
    STOOD_STILL_MS = 3000, /* without a look: we were frozen, and what was said meanwhile waits */
    SESSION_MS = 45000,    /* librdkafka's default */
};

/* On a thread of librdkafka, for each answer; it may only take note. */
// NOLINTNEXTLINE(readability-function-size): librdkafka's signature
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int socket, const char *broker,
                                       int32_t broker_id, int16_t key, int16_t version,
                                       int32_t correlation_id, size_t size, int64_t rtt_us,
                                       rd_kafka_resp_err_t code, void *context)
{
    (void)rk, (void)socket, (void)broker, (void)broker_id, (void)key, (void)version;
    (void)correlation_id, (void)size, (void)rtt_us;
    struct reachable *reachable = context;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        reachable->heard_ms = (int64_t)(uv_hrtime() / 1000000);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// NOLINTNEXTLINE(readability-function-size): librdkafka's signature
static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *context,
                                  char *error, size_t error_size)
{
    (void)conf, (void)error, (void)error_size;
    return rd_kafka_interceptor_add_on_response_received(rk, "reachable", on_response, context);
}

void reachable_watch(struct reachable *reachable, rd_kafka_conf_t *conf)
{
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "reachable", on_new, reachable);
}

int64_t reachable_session_ms(const rd_kafka_conf_t *conf)
{
    char value[32] = "";
    size_t size = sizeof value;
    (void)rd_kafka_conf_get(conf, "session.timeout.ms", value, &size);
    int64_t session_ms = strtol(value, NULL, 10);
    return session_ms > 0 ? session_ms : SESSION_MS;
}

void reachable_init(struct reachable *reachable, const struct settings *settings, const char *who,
                    int64_t limit_ms)
{
    *reachable = (struct reachable){.settings = settings,
                                    .who = who,
                                    .limit_ms = limit_ms,
                                    .patience_ms = limit_ms};
    pthread_mutex_init(&reachable->mutex, NULL);
}

void reachable_finish(struct reachable *reachable)
{
    if (reachable->settings != NULL)
        pthread_mutex_destroy(&reachable->mutex);
    *reachable = (struct reachable){0};
}

void reachable_set(struct reachable *reachable, rd_kafka_t *rk)
{
    pthread_mutex_lock(&reachable->mutex);
    reachable->rk = rk;
    pthread_mutex_unlock(&reachable->mutex);
}

static void begin_anew(struct reachable *reachable)
{
    reachable->resumed++;
    reachable->patience_ms *= 2;
    log_write(LOG_WARN, "kafka.unreachable", "%s; those of kafka.brokers are asked anew",
              reachable->trouble);
    pthread_mutex_lock(&reachable->mutex);
    if (reachable->rk != NULL)
        (void)rd_kafka_brokers_add(reachable->rk, reachable->settings->kafka.brokers);
    pthread_mutex_unlock(&reachable->mutex);
}

static void hear(struct reachable *reachable)
{
    if (reachable->trouble[0] != '\0')
        log_write(LOG_INFO, "kafka.reachable", "a broker answers the %s again", reachable->who);
    reachable->trouble[0] = '\0';
    reachable->patience_ms = reachable->limit_ms;
}

void reachable_turn(struct reachable *reachable, int64_t now_ms)
{
    if (now_ms - reachable->looked_ms > STOOD_STILL_MS && reachable->heard_ms != 0)
        reachable->heard_ms = now_ms;
    reachable->looked_ms = now_ms;
    int64_t silence_ms = reachable->heard_ms != 0 ? now_ms - reachable->heard_ms : 0;
    if (silence_ms < reachable->limit_ms) {
        hear(reachable);
        return;
    }
    (void)snprintf(reachable->trouble, sizeof reachable->trouble,
                   "no broker has answered the %s for %" PRId64 " s", reachable->who,
                   silence_ms / 1000);
    if (silence_ms >= reachable->patience_ms)
        begin_anew(reachable);
}

const char *reachable_trouble(const struct reachable *reachable)
{
    return reachable->trouble;
}
