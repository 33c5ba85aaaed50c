#include "tests/sandbox/ledger.h"

#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){.first = 1, .next = 1};
    ledger->lines = memory_need(calloc(LEDGER_LINES_MAX, sizeof *ledger->lines));
}

void ledger_clear(struct ledger *ledger)
{
    for (; ledger->first < ledger->next; ledger->first++) {
        free(ledger->lines[ledger->first % LEDGER_LINES_MAX]);
        ledger->lines[ledger->first % LEDGER_LINES_MAX] = NULL;
    }
    memset(ledger->answers, 0, sizeof ledger->answers);
    memset(ledger->applied, 0, sizeof ledger->applied);
    ledger->posts = (struct window){0};
    ledger->submits = (struct window){0};
}

void ledger_finish(struct ledger *ledger)
{
    if (ledger->lines != NULL) {
        ledger_clear(ledger);
    }
    free(ledger->lines);
    ledger->lines = NULL;
    if (ledger->file != NULL) {
        fclose(ledger->file);
        ledger->file = NULL;
    }
}

static void window_add(struct window *window, int64_t now_ms)
{
    int64_t from_ms =
        now_ms - window->last_ms >= WINDOW_MS ? now_ms - WINDOW_MS + 1 : window->last_ms + 1;
    for (int64_t at = from_ms; at <= now_ms; at++) {
        window->sum -= window->slots[at % WINDOW_MS];
        window->slots[at % WINDOW_MS] = 0;
    }
    if (now_ms > window->last_ms) { // a clock set back counts into the last millisecond
        window->last_ms = now_ms;
    }
    window->slots[window->last_ms % WINDOW_MS]++;
    window->sum++;
    window->most = window->sum > window->most ? window->sum : window->most;
}

void ledger_arrived(struct ledger *ledger, enum op op, int64_t now_ms)
{
    window_add(&ledger->posts, now_ms);
    if (op == OP_SUBMIT) {
        window_add(&ledger->submits, now_ms);
    }
}

void ledger_count(struct ledger *ledger, enum op op, int status)
{
    ledger->answers[op][status >= 0 && status < 600 ? status : 599]++;
}

static void add_member(struct text *line, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        text_format(line, ",\"%s\":", name);
        text_quote(line, value);
    }
}

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry, int64_t now_ms)
{
    struct text line = {0};
    char time[TIME_SIZE];
    clock_text(now_ms, time);
    const struct change *change = entry->change;
    text_format(&line, "{\"sequence\":%llu,\"time\":\"%s\",\"op\":\"%s\",\"kind\":\"%s\"",
                (unsigned long long)ledger->next, time, OP_NAMES[entry->op],
                KIND_NAMES[change->kind]);
    add_member(&line, "version", change->version == VERSION_V1 ? "v1.0" : "beta");
    add_member(&line, "requestType", change->request_type);
    add_member(&line, "target", change->member);
    add_member(&line, "container", change->container);
    add_member(&line, "assignmentId", change->kind == KIND_ASSIGNMENT ? change->grant_id : NULL);
    add_member(&line, "resourceId", change->kind == KIND_RESOURCE ? change->grant_id : NULL);
    add_member(&line, "justification", change->justification);
    add_member(&line, "requestId", entry->request_id);
    add_member(&line, "clientRequestId", entry->client_request_id);
    add_member(&line, "graphId", entry->graph_id);
    add_member(&line, "error", entry->error);
    add_member(&line, "fault", entry->fault);
    text_format(&line, ",\"status\":%d,\"applied\":%s}\n", entry->status,
                entry->applied ? "true" : "false");
    if (ledger->file != NULL) {
        fwrite(line.bytes, 1, line.size, ledger->file);
        fflush(ledger->file);
    }
    if (ledger->next - ledger->first == LEDGER_LINES_MAX) {
        free(ledger->lines[ledger->first++ % LEDGER_LINES_MAX]);
    }
    ledger->lines[ledger->next++ % LEDGER_LINES_MAX] =
        memory_need(realloc(line.bytes, line.size + 1)); // most of it is kept long
    ledger->applied[entry->op] += entry->applied;
}

void ledger_lines(const struct ledger *ledger, uint64_t after, struct text *ret_text)
{
    uint64_t number = after + 1 > ledger->first ? after + 1 : ledger->first;
    for (; number < ledger->next; number++) {
        const char *line = ledger->lines[number % LEDGER_LINES_MAX];
        text_add(ret_text, line, strlen(line));
    }
}

void ledger_summary(const struct ledger *ledger, struct text *ret_text)
{
    text_format(ret_text,
                "{\"entries\":%llu,\"kept\":%llu,\"applied\":{\"dry_run\":%llu,\"submit\":%llu},"
                "\"most_posts_in_1s\":%u,\"most_submits_in_1s\":%u,\"answers\":{",
                (unsigned long long)(ledger->next - 1),
                (unsigned long long)(ledger->next - ledger->first),
                (unsigned long long)ledger->applied[OP_DRY_RUN],
                (unsigned long long)ledger->applied[OP_SUBMIT], ledger->posts.most,
                ledger->submits.most);
    for (int op = 0; op < OP_COUNT; op++) {
        const char *comma = "";
        text_format(ret_text, "%s\"%s\":{", op == 0 ? "" : ",", OP_NAMES[op]);
        for (int status = 0; status < 600; status++) {
            if (ledger->answers[op][status] > 0) {
                text_format(ret_text, "%s\"%d\":%llu", comma, status,
                            (unsigned long long)ledger->answers[op][status]);
                comma = ",";
            }
        }
        text_add(ret_text, "}", 1);
    }
    text_add(ret_text, "}}\n", 3);
}
