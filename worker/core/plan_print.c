#include "worker/core/plan.h"

static const char *const moves[] = {
    [MOVE_NEVER] = "never",   [MOVE_GO] = "go",     [MOVE_WAIT] = "wait",
    [MOVE_RETRY] = "retry",   [MOVE_AGE] = "age",   [MOVE_SETTLE] = "settle",
    [MOVE_ANSWER] = "answer", [MOVE_DROP] = "drop", [MOVE_STOP] = "stop",
};

const char *move_name(enum move move)
{
    return moves[move];
}

/* One cell in words: "answer rejected, then record". */
static void print_rule(const struct rule *rule, FILE *out)
{
    fprintf(out, "%s", moves[rule->move]);
    if (rule->answer != ANSWER_NONE)
        fprintf(out, " %s%s", rule->move == MOVE_ANSWER ? "" : "else ", answer_name(rule->answer));
    if (rule->move != MOVE_DROP && rule->move != MOVE_STOP)
        fprintf(out, " -> %s", stage_name(rule->next));
    if (rule->doubt != DOUBT_NONE)
        fprintf(out, ", doubt: %s", doubt_name(rule->doubt));
    fputc('\n', out);
}

void plan_print_table(const struct plan *plan, FILE *out)
{
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            if (!plan_allows(plan, stage, outcome))
                continue;
            fprintf(out, "%-8s %-12s ", stage_name(stage), outcome_name(outcome));
            print_rule(&plan->rules[stage][outcome], out);
        }
    }
}

/* Mermaid's state diagram: forges draw it, and as text it is still a list of arrows. */
void plan_print_diagram(const struct plan *plan, FILE *out)
{
    fputs("stateDiagram-v2\n    [*] --> admit\n", out);
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            const struct rule *rule = &plan->rules[stage][outcome];
            if (rule->move == MOVE_NEVER)
                continue;
            const char *end = rule->move == MOVE_DROP || rule->move == MOVE_STOP ? "[*]" : NULL;
            fprintf(out, "    %s --> %s: %s", stage_name(stage),
                    end != NULL ? end : stage_name(rule->next), outcome_name(outcome));
            if (rule->answer != ANSWER_NONE)
                fprintf(out, " (%s)", answer_name(rule->answer));
            fputc('\n', out);
        }
    }
    fputs("    done --> [*]\n", out);
}
