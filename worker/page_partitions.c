/* The partitions that are ours, and the brokers. */
#include "worker/page_parts.h"

#include <inttypes.h>

static const char *intake_of(const struct source_stats *source)
{
    switch (source->intake) {
    case INTAKE_OPEN:
        return "open";
    case INTAKE_FULL:
        return "full: limits.requests or limits.bytes are at work";
    case INTAKE_SHUT:
        return "shut: an operator pauses it, Redis or Graph is away, it starts or leaves, or "
               "the interlock stands";
    }
    return "";
}

static void put_facts(const struct look *look, const struct source_stats *source)
{
    const struct settings *s = look->worker->settings;
    put(look, "<dl class=\"facts\"><div><dt>Topic</dt><dd><bdi>");
    html_cut(look->out, str_of(s->kafka.requests_topic), 250);
    put(look, "</bdi></dd></div><div><dt>Intake</dt><dd>");
    put_pill(look, source->intake == INTAKE_OPEN ? "good" : "fair", intake_of(source));
    buffer_print(look->out,
                 "</dd></div><div><dt>Window</dt><dd>%d offsets</dd></div>"
                 "<div><dt>Rebalances</dt><dd>%" PRIu64 "</dd></div></dl>\n",
                 s->kafka.window, source->rebalances);
}

static void put_number(const struct look *look, int64_t number)
{
    if (number >= 0)
        put_count(look, (uint64_t)number);
    else
        put(look, "<span class=\"none\">?</span>");
}

static void put_window(const struct look *look, const struct kafka_place *place)
{
    uint64_t used = (uint64_t)(place->end - place->frontier);
    uint64_t most = (uint64_t)look->worker->settings->kafka.window;
    if (place->frontier < 0) {
        put(look, "<span class=\"none\">?</span>");
        return;
    }
    put_count(look, used);
    put(look, " ");
    put_meter(look, used, most, "of the window");
}

static void put_places(const struct look *look, const struct kafka_place *places, size_t count)
{
    static const char *const heads[] = {"Partition", "Answered below", "Read below", "Window used",
                                        "Lag",       "Fetched",        "State",      NULL};
    struct table table =
        table_begin(look, "All below the first is answered; the window is what lies between",
                    heads);
    for (size_t i = 0; i < count; i++) {
        const struct kafka_place *place = &places[i];
        table_row(&table);
        table_cell(&table);
        if (place->partition >= 0)
            buffer_print(look->out, "%" PRId32, place->partition);
        else
            put(look, "all others");
        table_cell(&table);
        put_number(look, place->frontier);
        table_cell(&table);
        put_number(look, place->end);
        table_cell(&table);
        put_window(look, place);
        table_cell(&table);
        put_number(look, place->lag);
        table_cell(&table);
        put_count(look, place->fetched);
        table_cell(&table);
        put_pill(look, place->held ? "fair" : "good", place->held ? "window full" : "read");
    }
    table_end(&table);
}

static void put_brokers(const struct look *look, const struct kafka_stats *kafka)
{
    static const char *const heads[] = {"Broker", "Connection", "Round trip, 99 of 100", NULL};
    put(look, "<section class=\"card\"><h2>Brokers</h2>");
    if (kafka == NULL || kafka->count == 0) {
        put(look, "<p class=\"empty\">None has said anything yet.</p></section>\n");
        return;
    }
    struct table table = table_begin(look, "As librdkafka said last", heads);
    for (size_t i = 0; i < kafka->count; i++) {
        const struct kafka_broker *broker = &kafka->brokers[i];
        table_row(&table);
        table_cell(&table);
        buffer_print(look->out, "%" PRId32, broker->id);
        table_cell(&table);
        put_pill(look, broker->up ? "good" : "quiet", broker->up ? "up" : "none");
        table_cell(&table);
        if (broker->rtt_us >= 0)
            buffer_print(look->out, "%.1f ms", (double)broker->rtt_us / 1000);
        else
            put(look, "<span class=\"none\">?</span>");
    }
    table_end(&table);
    put(look, "</section>\n");
}

void page_partitions(const struct look *look)
{
    static struct kafka_place places[KAFKA_PLACES_MAX];
    struct source_stats source = source_stats(look->worker->source);
    size_t count = source_places(look->worker->source, places, KAFKA_PLACES_MAX);
    put_facts(look, &source);
    put(look, "<section class=\"card\">");
    if (count == 0)
        put(look, "<p class=\"empty\">No partition is ours now.</p>");
    else
        put_places(look, places, count);
    put(look, "</section>\n");
    put_brokers(look, source.kafka);
}
