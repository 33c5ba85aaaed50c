#include "worker/io/kafka_stats.h"

#include <string.h>

/* The rest of a text, from the left to the right; `at` NULL: it is not as it should be. */
struct scan {
    const char *at, *end;
};

static void skip_space(struct scan *scan)
{
    while (scan->at != NULL && scan->at < scan->end && strchr(" \t\r\n", *scan->at) != NULL &&
           *scan->at != '\0')
        scan->at++;
}

static bool take(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->at == NULL || scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* What stands between the quotes. */
static struct str take_text(struct scan *scan)
{
    if (!take(scan, '"')) {
        scan->at = NULL;
        return (struct str){NULL, 0};
    }
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at != '"')
        scan->at += *scan->at == '\\' && scan->at + 1 < scan->end ? 2 : 1;
    if (scan->at >= scan->end) {
        scan->at = NULL;
        return (struct str){NULL, 0};
    }
    return (struct str){start, (size_t)(scan->at++ - start)};
}

/* One value, whatever it is; brackets are counted, not matched. */
static struct str take_value(struct scan *scan)
{
    skip_space(scan);
    const char *start = scan->at;
    size_t depth = 0;
    while (scan->at != NULL && scan->at < scan->end) {
        char c = *scan->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            break;
        if (c == '"') {
            (void)take_text(scan);
            continue;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        scan->at++;
    }
    if (scan->at == NULL || depth > 0 || scan->at == start) {
        scan->at = NULL;
        return (struct str){NULL, 0};
    }
    const char *end = scan->at;
    while (end > start && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return (struct str){start, (size_t)(end - start)};
}

/* The next member of the object; false: it is over, or scan->at is NULL. */
static bool next_member(struct scan *scan, bool first, struct str *ret_name, struct str *ret_value)
{
    if (scan->at == NULL || take(scan, '}'))
        return false;
    if (!first && !take(scan, ',')) {
        scan->at = NULL;
        return false;
    }
    *ret_name = take_text(scan);
    if (scan->at != NULL && !take(scan, ':'))
        scan->at = NULL;
    *ret_value = take_value(scan);
    return scan->at != NULL;
}

static struct scan open_object(struct str value)
{
    struct scan scan = {value.data, value.data + value.size};
    if (value.data == NULL || !take(&scan, '{'))
        scan.at = NULL;
    return scan;
}

/* Offsets are wider than a double; -1 for what is no number of ours. */
static int64_t read_number(struct str value)
{
    int64_t number = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || number > INT64_MAX / 10 - 9)
            return -1;
        number = number * 10 + (value.data[i] - '0');
    }
    return value.size > 0 ? number : -1;
}

/* A window without a request says nothing. */
static int64_t read_rtt(struct str value)
{
    struct scan scan = open_object(value);
    struct str name, inner;
    int64_t p99 = -1, count = 0;
    for (bool first = true; next_member(&scan, first, &name, &inner); first = false) {
        if (str_is(name, "p99"))
            p99 = read_number(inner);
        else if (str_is(name, "cnt"))
            count = read_number(inner);
    }
    return count > 0 ? p99 : -1;
}

static bool read_broker(struct str value, struct kafka_broker *ret)
{
    struct scan scan = open_object(value);
    struct str name, inner;
    int64_t id = -1;
    *ret = (struct kafka_broker){.rtt_us = -1};
    for (bool first = true; next_member(&scan, first, &name, &inner); first = false) {
        if (str_is(name, "nodeid"))
            id = read_number(inner);
        else if (str_is(name, "state"))
            ret->up = str_is(inner, "\"UP\"");
        else if (str_is(name, "rtt"))
            ret->rtt_us = read_rtt(inner);
    }
    ret->id = (int32_t)id;
    return scan.at != NULL && id >= 0 && id <= INT32_MAX;
}

static struct kafka_broker *find(struct kafka_stats *stats, int32_t id)
{
    for (size_t i = 0; i < stats->count; i++) {
        if (stats->brokers[i].id == id)
            return &stats->brokers[i];
    }
    return NULL;
}

/* The group's coordinator has a connection of its own under the number of its broker. */
static void add(struct kafka_stats *stats, const struct kafka_broker *broker)
{
    struct kafka_broker *known = find(stats, broker->id);
    if (known == NULL && stats->count < KAFKA_BROKERS_MAX) {
        stats->brokers[stats->count++] = *broker;
    } else if (known != NULL) {
        known->up = known->up || broker->up;
        known->rtt_us = known->rtt_us > broker->rtt_us ? known->rtt_us : broker->rtt_us;
    }
}

/* A number below zero is a broker of kafka.brokers that has not told who it is. */
static bool read_brokers(struct str value, struct kafka_stats *ret)
{
    struct scan scan = open_object(value);
    struct str name, inner;
    for (bool first = true; next_member(&scan, first, &name, &inner); first = false) {
        struct kafka_broker broker;
        if (read_broker(inner, &broker))
            add(ret, &broker);
    }
    return scan.at != NULL;
}

void kafka_stats_read(struct kafka_stats *stats, struct str json)
{
    struct scan scan = open_object(json);
    struct str name, value;
    for (bool first = true; next_member(&scan, first, &name, &value); first = false) {
        struct kafka_stats now = {.count = 0};
        if (!str_is(name, "brokers"))
            continue;
        if (!read_brokers(value, &now))
            return;
        for (size_t i = 0; i < now.count; i++) {
            const struct kafka_broker *before = find(stats, now.brokers[i].id);
            if (now.brokers[i].rtt_us < 0 && before != NULL)
                now.brokers[i].rtt_us = before->rtt_us;
        }
        *stats = now;
        return;
    }
}

size_t kafka_place_add(struct kafka_place *places, size_t count, size_t most,
                       struct kafka_place place)
{
    if (count < most) {
        places[count] = place;
        return count + 1;
    }
    struct kafka_place *rest = &places[most - 1];
    rest->partition = -1;
    rest->lag = rest->lag < 0 || place.lag < 0 ? -1 : rest->lag + place.lag;
    rest->fetched += place.fetched;
    rest->frontier = rest->end = -1;
    rest->held = rest->held || place.held;
    return count;
}
