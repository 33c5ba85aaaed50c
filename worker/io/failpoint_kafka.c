#include "worker/io/failpoint_kafka.h"

#ifdef USHER_FAILPOINTS

#include <sys/socket.h>

enum { END_TXN = 26 }; /* its number in Kafka's protocol */

// NOLINTNEXTLINE(readability-function-size): librdkafka's signature
static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *rk, int socket, const char *broker,
                                           int32_t broker_id, int16_t key, int16_t version,
                                           int32_t correlation_id, size_t size, void *context)
{
    (void)rk, (void)broker, (void)broker_id, (void)version, (void)correlation_id, (void)size;
    (void)context;
    if (key == END_TXN && failpoint(FAILPOINT_COMMIT_SENT))
        (void)shutdown(socket, SHUT_RDWR);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// NOLINTNEXTLINE(readability-function-size): librdkafka's signature
static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *context,
                                  char *error, size_t error_size)
{
    (void)conf, (void)context, (void)error, (void)error_size;
    return rd_kafka_interceptor_add_on_request_sent(rk, "failpoint", on_request_sent, NULL);
}

void failpoint_watch_commits(rd_kafka_conf_t *conf)
{
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "failpoint", on_new, NULL);
}

#endif
