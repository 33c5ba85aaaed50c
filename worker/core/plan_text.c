#include "worker/core/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    char *bytes;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (size_t)size < text->size - text->used);
    text->used += (size_t)size;
}

static bool is_end(const struct rule *rule)
{
    return rule->move == MOVE_DROP || rule->move == MOVE_STOP;
}

/* One row: "dry_run  invalid      answer rejected -> record". */
static void add_row(struct text *text, const struct plan *plan, enum stage stage,
                    enum outcome outcome)
{
    const struct rule *rule = &plan->rules[stage][outcome];
    add(text, "%-8s %-12s %s", stage_name(stage), outcome_name(outcome), move_name(rule->move));
    if (rule->answer != ANSWER_NONE)
        add(text, "%s %s", rule->move == MOVE_ANSWER ? "" : ", at last", answer_name(rule->answer));
    if (!is_end(rule) || rule->next != STAGE_DONE)
        add(text, " -> %s", stage_name(rule->next));
    if (rule->doubt != DOUBT_NONE)
        add(text, ", doubt %s", doubt_name(rule->doubt));
    add(text, "\n");
}

/* Mermaid's state diagram: forges draw it, and as text it is still a list of arrows. */
static void add_arrow(struct text *text, const struct plan *plan, enum stage stage,
                      enum outcome outcome)
{
    const struct rule *rule = &plan->rules[stage][outcome];
    add(text, "    %s --> %s: %s", stage_name(stage), is_end(rule) ? "[*]" : stage_name(rule->next),
        outcome_name(outcome));
    if (rule->answer != ANSWER_NONE)
        add(text, " (%s)", answer_name(rule->answer));
    add(text, "\n");
}

static void add_cells(struct text *text, const struct plan *plan,
                      void (*add_cell)(struct text *text, const struct plan *plan, enum stage stage,
                                       enum outcome outcome))
{
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            if (plan_allows(plan, stage, outcome))
                add_cell(text, plan, stage, outcome);
        }
    }
}

void plan_table(const struct plan *plan, char ret[PLAN_TEXT_SIZE])
{
    struct text text = {ret, PLAN_TEXT_SIZE, 0};
    ret[0] = '\0';
    add_cells(&text, plan, add_row);
}

void plan_diagram(const struct plan *plan, char ret[PLAN_TEXT_SIZE])
{
    struct text text = {ret, PLAN_TEXT_SIZE, 0};
    add(&text, "stateDiagram-v2\n    [*] --> admit\n");
    add_cells(&text, plan, add_arrow);
    add(&text, "    done --> [*]\n");
}
