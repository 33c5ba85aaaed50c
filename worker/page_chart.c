/* Pictures of the last quarter of an hour: SVG, made here. */
#include "worker/page_parts.h"

#include <inttypes.h>

enum { SLOT_WIDTH = 10, BAR_WIDTH = 8, HEIGHT = 100 };

/* From the bottom up: what went well first. */
static const enum answer order[] = {ANSWER_SUBMITTED, ANSWER_EXISTING, ANSWER_VALIDATED,
                                    ANSWER_REJECTED,  ANSWER_EXPIRED,  ANSWER_UNKNOWN,
                                    ANSWER_FAILED};

static uint64_t sum_of(const struct history_slot *slot)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        sum += slot->answers[order[i]];
    return sum;
}

static uint64_t value_of(const struct history_slot *slot, enum chart chart)
{
    if (chart == CHART_LAG)
        return slot->lag > 0 ? (uint64_t)slot->lag : 0;
    return chart == CHART_IN_FLIGHT ? slot->in_flight : sum_of(slot);
}

static const struct history_slot *slot_at(const struct look *look, size_t age)
{
    return history_at(&look->worker->page->history, age, look->now_ms);
}

static uint64_t peak_of(const struct look *look, enum chart chart)
{
    uint64_t peak = 0;
    for (size_t age = 0; age < HISTORY_SLOTS; age++) {
        const struct history_slot *slot = slot_at(look, age);
        uint64_t value = slot != NULL ? value_of(slot, chart) : 0;
        peak = value > peak ? value : peak;
    }
    return peak;
}

/* The age of a slot, for whoever points at its bar. */
static void put_bar_title(const struct look *look, const struct history_slot *slot, size_t age)
{
    put(look, "<title>");
    if (age == 0)
        put(look, "now");
    else
        buffer_print(look->out, "%zu:%02zu min ago", age / 6, age % 6 * 10);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (slot->answers[order[i]] > 0)
            buffer_print(look->out, "\n%s %" PRIu64, answer_name(order[i]),
                         slot->answers[order[i]]);
    }
    put(look, "</title>");
}

static void put_bar(const struct look *look, size_t age, uint64_t peak)
{
    const struct history_slot *slot = slot_at(look, age);
    uint64_t below = 0;
    if (slot == NULL || sum_of(slot) == 0)
        return;
    put(look, "<g>");
    put_bar_title(look, slot, age);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint64_t count = slot->answers[order[i]];
        if (count == 0)
            continue;
        below += count;
        buffer_print(look->out,
                     "<rect class=\"o-%s\" x=\"%zu\" y=\"%.2f\" width=\"%d\" height=\"%.2f\"/>",
                     answer_name(order[i]), (HISTORY_SLOTS - 1 - age) * SLOT_WIDTH + 1,
                     HEIGHT - HEIGHT * (double)below / (double)peak, BAR_WIDTH,
                     HEIGHT * (double)count / (double)peak);
    }
    put(look, "</g>");
}

static void put_legend(const struct look *look)
{
    static const char *const heads[] = {"Outcome", "Last 15 min", "Since start", "Duplicates",
                                        NULL};
    struct table table = table_begin(look, "Answers by outcome", heads);
    const struct worker *w = look->worker;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint64_t again = stats_answers(w->stats.answers, order[i], true);
        table_row(&table);
        table_cell(&table);
        buffer_print(look->out, "<span class=\"key o-%s\"></span>%s", answer_name(order[i]),
                     answer_name(order[i]));
        table_cell(&table);
        put_count(look, history_sum(&w->page->history, order[i], HISTORY_SLOTS, look->now_ms));
        table_cell(&table);
        put_count(look, stats_answers(w->stats.answers, order[i], false) + again);
        table_cell(&table);
        put_count(look, again);
    }
    table_end(&table);
}

void put_answers_chart(const struct look *look)
{
    uint64_t peak = peak_of(look, CHART_ANSWERS);
    put(look, "<section class=\"card\"><h2>Answers of the last 15 minutes</h2><div class=\"two\">"
              "<figure class=\"chart\"><p class=\"top\">");
    if (peak > 0)
        buffer_print(look->out, "%.1f a second", (double)peak * 1000 / HISTORY_SLOT_MS);
    else
        put(look, "nothing was answered");
    buffer_print(look->out,
                 "</p><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                 "aria-label=\"Answers in slots of ten seconds; the table beside it has the sums\">"
                 "<path class=\"grid\" d=\"M0 0H%d M0 50H%d M0 100H%d\"/>",
                 HISTORY_SLOTS * SLOT_WIDTH, HEIGHT, HISTORY_SLOTS * SLOT_WIDTH,
                 HISTORY_SLOTS * SLOT_WIDTH, HISTORY_SLOTS * SLOT_WIDTH);
    for (size_t age = HISTORY_SLOTS; peak > 0 && age-- > 0;)
        put_bar(look, age, peak);
    put(look, "</svg><figcaption><span>15 min ago</span><span>10</span><span>5</span>"
              "<span>now</span></figcaption></figure><div>");
    put_legend(look);
    put(look, "</div></div></section>\n");
}

void put_sparkline(const struct look *look, enum chart chart)
{
    uint64_t peak = peak_of(look, chart);
    buffer_print(look->out,
                 "<svg class=\"spark\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
                 "aria-hidden=\"true\"><path d=\"M0 %d",
                 HISTORY_SLOTS * SLOT_WIDTH, HEIGHT, HEIGHT);
    for (size_t age = HISTORY_SLOTS; age-- > 0;) {
        const struct history_slot *slot = slot_at(look, age);
        double value = slot != NULL && peak > 0 ? (double)value_of(slot, chart) / (double)peak : 0;
        buffer_print(look->out, "L%zu %.1f",
                     (HISTORY_SLOTS - 1 - age) * SLOT_WIDTH + SLOT_WIDTH / 2,
                     HEIGHT - (HEIGHT - 4) * value);
    }
    buffer_print(look->out, "V%dZ\"/></svg>", HEIGHT);
}
