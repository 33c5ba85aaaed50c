/* librdkafka's statistics, which name hosts as brokers do. Input: two editions, one a line. */
#include "tests/fuzz/input.h"

#include "worker/io/kafka_stats.h"

#include <assert.h>

/* No broker twice, or a scrape would have a row twice. */
static void check(const struct kafka_stats *stats)
{
    assert(stats->count <= KAFKA_BROKERS_MAX);
    for (size_t i = 0; i < stats->count; i++) {
        assert(stats->brokers[i].id >= 0 && stats->brokers[i].rtt_us >= -1);
        for (size_t k = 0; k < i; k++)
            assert(stats->brokers[i].id != stats->brokers[k].id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct kafka_stats stats = {.count = 0};
    input_init(&input, data, size);
    kafka_stats_read(&stats, input_line(&input));
    check(&stats);
    kafka_stats_read(&stats, input_rest(&input));
    check(&stats);
    input_finish(&input);
    return 0;
}
