#include "tests/sandbox/faults.h"

#include <stdio.h>
#include <string.h>

const char *const OP_NAMES[OP_COUNT] = {"dry_run",   "submit", "look", "catalogs",
                                        "reprocess", "token",  "other"};
const char *const KIND_NAMES[3] = {"none", "assignment", "resource"};
const char *const ENDING_NAMES[ENDING_COUNT] = {"",
                                                "status",
                                                "close_before",
                                                "close_after_apply",
                                                "hang_before",
                                                "hang_after_apply",
                                                "garbage_body",
                                                "truncate"};

static const struct binding MATCH[] = {
    {"op", BIND_TEXT, offsetof(struct rule, op), sizeof((struct rule *)0)->op},
    {"kind", BIND_TEXT, offsetof(struct rule, kind), sizeof((struct rule *)0)->kind},
    {"target", BIND_TEXT, offsetof(struct rule, target), MEMBER_SIZE},
    {"container", BIND_TEXT, offsetof(struct rule, container), GUID_SIZE},
    {"justification", BIND_TEXT, offsetof(struct rule, justification),
     sizeof((struct rule *)0)->justification},
    {"after", BIND_INT, offsetof(struct rule, after), 0},
    {"times", BIND_INT, offsetof(struct rule, times), 0},
    {"probability", BIND_NUMBER, offsetof(struct rule, probability), 0},
    {0}};

static const struct binding ACTION[] = {
    {"latency_ms", BIND_INT, offsetof(struct fault, latency_ms), 0},
    {"delay_apply_ms", BIND_INT, offsetof(struct fault, delay_apply_ms), 0},
    {"stale_reads_ms", BIND_INT, offsetof(struct fault, stale_reads_ms), 0},
    {"ignore_dry_run", BIND_BOOL, offsetof(struct fault, ignore_dry_run), 0},
    {"drop_echo", BIND_BOOL, offsetof(struct fault, drop_echo), 0},
    {"no_duplicate_rejection", BIND_BOOL, offsetof(struct fault, no_duplicate_rejection), 0},
    {"reset", BIND_BOOL, offsetof(struct fault, reset), 0},
    {0}};

static const struct binding STATUS[] = {
    {"code", BIND_INT, offsetof(struct fault, status), 0},
    {"body", BIND_TEXT, offsetof(struct fault, body), sizeof((struct fault *)0)->body},
    {"error", BIND_TEXT, offsetof(struct fault, code), sizeof((struct fault *)0)->code},
    {"retryAfter", BIND_TEXT, offsetof(struct fault, retry_after),
     sizeof((struct fault *)0)->retry_after},
    {"apply", BIND_BOOL, offsetof(struct fault, apply), 0},
    {0}};

struct throttle {
    int64_t status;
    bool body;
    char retry_after[40];
    char scope[96];
};

static const struct binding THROTTLE[] = {
    {"status", BIND_INT, offsetof(struct throttle, status), 0},
    {"body", BIND_BOOL, offsetof(struct throttle, body), 0},
    {"retryAfter", BIND_TEXT, offsetof(struct throttle, retry_after),
     sizeof((struct throttle *)0)->retry_after},
    {"scope", BIND_TEXT, offsetof(struct throttle, scope), sizeof((struct throttle *)0)->scope},
    {0}};

static bool refuse(char ret_why[WHY_SIZE], const char *why)
{
    snprintf(ret_why, WHY_SIZE, "%s", why);
    return false;
}

static bool read_throttle(const cJSON *item, struct fault *ret_fault, char ret_why[WHY_SIZE])
{
    struct throttle throttle = {.status = 429, .body = true};
    if (!bind_object(item, THROTTLE, &throttle, ret_why)) {
        return false;
    }
    ret_fault->ending = ENDING_STATUS;
    ret_fault->status = throttle.status;
    copy_text(ret_fault->body, sizeof ret_fault->body, throttle.body ? "graph" : "none");
    copy_text(ret_fault->code, sizeof ret_fault->code,
              throttle.status == 429 ? "TooManyRequests" : "ServiceUnavailable");
    copy_text(ret_fault->retry_after, sizeof ret_fault->retry_after, throttle.retry_after);
    copy_text(ret_fault->scope, sizeof ret_fault->scope, throttle.scope);
    return (throttle.status == 429 || throttle.status == 503) ||
           refuse(ret_why, "'throttle.status' must be 429 or 503");
}

static bool read_status(const cJSON *item, struct fault *ret_fault, char ret_why[WHY_SIZE])
{
    copy_text(ret_fault->body, sizeof ret_fault->body, "graph");
    copy_text(ret_fault->code, sizeof ret_fault->code, "UnknownError");
    ret_fault->ending = ENDING_STATUS;
    if (!bind_object(item, STATUS, ret_fault, ret_why)) {
        return false;
    }
    bool body = strcmp(ret_fault->body, "graph") == 0 || strcmp(ret_fault->body, "html") == 0 ||
                strcmp(ret_fault->body, "none") == 0;
    if (!body) {
        return refuse(ret_why, "'status.body' must be graph, html or none");
    }
    return (ret_fault->status >= 200 && ret_fault->status <= 599) ||
           refuse(ret_why, "'status.code' must be 200 to 599");
}

static bool read_ending(const cJSON *item, struct fault *ret_fault)
{
    for (int ending = ENDING_CLOSE_BEFORE; ending < ENDING_COUNT; ending++) {
        if (strcmp(item->string, ENDING_NAMES[ending]) == 0 && cJSON_IsTrue(item)) {
            ret_fault->ending = (enum ending)ending;
            return true;
        }
    }
    return false;
}

static bool read_action(const cJSON *action, struct fault *ret_fault, char ret_why[WHY_SIZE])
{
    if (!cJSON_IsObject(action) || action->child == NULL) {
        return refuse(ret_why, "'action' is missing or empty");
    }
    int endings = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, action)
    {
        bool throttle = strcmp(item->string, "throttle") == 0;
        if (throttle || strcmp(item->string, "status") == 0) {
            endings++;
            if (throttle ? !read_throttle(item, ret_fault, ret_why)
                         : !read_status(item, ret_fault, ret_why)) {
                return false;
            }
        } else if (read_ending(item, ret_fault)) {
            endings++;
        } else if (!bind_member(item, ACTION, ret_fault, ret_why)) {
            return false;
        }
    }
    return endings < 2 || refuse(ret_why, "an action can have one ending only");
}

static bool known_name(const char *name, const char *const *names, int count)
{
    bool known = name[0] == '\0' || strcmp(name, "any") == 0;
    for (int i = 0; i < count; i++) {
        known = known || strcmp(name, names[i]) == 0;
    }
    return known;
}

static bool read_rule(const cJSON *json, struct rule *ret_rule, char ret_why[WHY_SIZE])
{
    *ret_rule = (struct rule){.times = -1, .probability = 1};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json)
    {
        bool match = strcmp(item->string, "match") == 0;
        if (match ? !bind_object(item, MATCH, ret_rule, ret_why)
                  : strcmp(item->string, "action") != 0) {
            return match ? false : refuse(ret_why, "a rule has `match` and `action`, nothing else");
        }
    }
    if (!known_name(ret_rule->op, OP_NAMES, OP_COUNT) ||
        !known_name(ret_rule->kind, KIND_NAMES, 3)) {
        return refuse(ret_why, "'op' or 'kind' has an unknown value");
    }
    return read_action(cJSON_GetObjectItemCaseSensitive(json, "action"), &ret_rule->fault, ret_why);
}

bool faults_add(struct faults *faults, const cJSON *list, char ret_why[WHY_SIZE])
{
    if (!cJSON_IsArray(list) || faults->count + (size_t)cJSON_GetArraySize(list) > RULES_MAX) {
        return refuse(ret_why, "a list of rules is needed, and at most 64 may stand");
    }
    size_t count = faults->count;
    const cJSON *json = NULL;
    cJSON_ArrayForEach(json, list)
    {
        if (!cJSON_IsObject(json)) {
            return refuse(ret_why, "a rule must be an object");
        }
        if (!read_rule(json, &faults->rules[count], ret_why)) {
            return false;
        }
        count++;
    }
    json = list->child;
    for (; faults->count < count; faults->count++, json = json->next) {
        faults->rules[faults->count].json = memory_need(cJSON_Duplicate(json, 1));
    }
    return true;
}

void faults_clear(struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        cJSON_Delete(faults->rules[i].json);
    }
    faults->count = 0;
}

cJSON *faults_show(const struct faults *faults)
{
    cJSON *list = memory_need(cJSON_CreateArray());
    for (size_t i = 0; i < faults->count; i++) {
        cJSON *json = memory_need(cJSON_Duplicate(faults->rules[i].json, 1));
        cJSON_AddNumberToObject(json, "seen", (double)faults->rules[i].seen);
        cJSON_AddNumberToObject(json, "fired", (double)faults->rules[i].fired);
        cJSON_AddItemToArray(list, json);
    }
    return list;
}

static bool name_matches(const char *wanted, const char *name)
{
    return wanted[0] == '\0' || strcmp(wanted, "any") == 0 || strcmp(wanted, name) == 0;
}

static bool body_matches(const struct rule *rule, const struct change *change)
{
    bool asks =
        rule->target[0] != '\0' || rule->container[0] != '\0' || rule->justification[0] != '\0';
    if (!asks || change == NULL) {
        return !asks;
    }
    const char *justification = change->justification ? change->justification : "";
    return (rule->target[0] == '\0' || strcasecmp(rule->target, change->member) == 0) &&
           (rule->container[0] == '\0' || strcasecmp(rule->container, change->container) == 0) &&
           strstr(justification, rule->justification) != NULL;
}

static void lay_over(struct fault *ret_fault, const struct fault *more)
{
    struct fault sum = *(ret_fault->ending != ENDING_ANSWER ? ret_fault : more);
    sum.latency_ms = ret_fault->latency_ms + more->latency_ms;
    sum.delay_apply_ms = ret_fault->delay_apply_ms + more->delay_apply_ms;
    sum.stale_reads_ms = ret_fault->stale_reads_ms + more->stale_reads_ms;
    sum.ignore_dry_run = ret_fault->ignore_dry_run || more->ignore_dry_run;
    sum.drop_echo = ret_fault->drop_echo || more->drop_echo;
    sum.no_duplicate_rejection = ret_fault->no_duplicate_rejection || more->no_duplicate_rejection;
    sum.reset = ret_fault->reset || more->reset;
    *ret_fault = sum;
}

struct fault faults_match(struct faults *faults, enum op op, enum kind kind,
                          const struct change *change, struct random *random)
{
    struct fault sum = {0};
    for (size_t i = 0; i < faults->count; i++) {
        struct rule *rule = &faults->rules[i];
        if (!name_matches(rule->op, OP_NAMES[op]) || !name_matches(rule->kind, KIND_NAMES[kind]) ||
            !body_matches(rule, change)) {
            continue;
        }
        rule->seen++;
        bool over = rule->times >= 0 && rule->fired >= rule->times;
        if (rule->seen <= rule->after || over ||
            (rule->probability < 1 && random_unit(random) >= rule->probability)) {
            continue;
        }
        rule->fired++;
        lay_over(&sum, &rule->fault);
    }
    return sum;
}
