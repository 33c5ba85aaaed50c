#include "tests/sandbox/life.h"

#include "tests/sandbox/bind.h"

#include <stdio.h>
#include <string.h>

static const struct binding LIFE[] = {{"justification", BIND_TEXT,
                                       offsetof(struct life, justification), 64},
                                      {"each_ms", BIND_INT, offsetof(struct life, each_ms), 0},
                                      {0}};

static const char *const STATES[] = {"Submitted",         "PendingApproval", "Scheduled",
                                     "Delivering",        "Delivered",       "PartiallyDelivered",
                                     "DeliveryFailed",    "Denied",          "Canceled",
                                     "unknownFutureValue"};

static bool is_state(const char *name)
{
    for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++) {
        if (strcmp(STATES[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_states(const cJSON *list, char (*ret_states)[24], int64_t *ret_count)
{
    const cJSON *item = NULL;
    *ret_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || !is_state(item->valuestring) ||
            *ret_count == LIFE_STATES_MAX) {
            return false;
        }
        copy_text(ret_states[(*ret_count)++], 24, item->valuestring);
    }
    return cJSON_IsArray(list) && *ret_count > 0;
}

static bool read_life(const cJSON *object, struct life *ret, char *ret_why, size_t size)
{
    const cJSON *item = NULL;
    *ret = (struct life){.each_ms = 1000};
    snprintf(ret_why, size, "a list of lives is needed, each with at least 'states'");
    if (!cJSON_IsObject(object)) {
        return false;
    }
    cJSON_ArrayForEach(item, object)
    {
        bool states = strcmp(item->string, "states") == 0;
        bool again = strcmp(item->string, "again") == 0;
        if (states || again) {
            if (!read_states(item, states ? ret->states : ret->again,
                             states ? &ret->count : &ret->again_count)) {
                snprintf(ret_why, size, "'%s' is a list of 1 to 8 of Graph's states", item->string);
                return false;
            }
        } else if (!bind_member(item, LIFE, ret, ret_why)) {
            return false;
        }
    }
    snprintf(ret_why, size, "a life has at least 'states'");
    return ret->count > 0;
}

bool lives_add(struct lives *lives, const cJSON *list, char *ret_why, size_t size)
{
    const cJSON *item = NULL;
    snprintf(ret_why, size, "a list of lives is needed");
    if (!cJSON_IsArray(list)) {
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        if (lives->count == LIVES_MAX) {
            snprintf(ret_why, size, "%d lives at most; DELETE /sandbox/state forgets them",
                     LIVES_MAX);
            return false;
        }
        if (!read_life(item, &lives->items[lives->count], ret_why, size)) {
            return false;
        }
        lives->count++;
    }
    return true;
}

const struct life *lives_find(const struct lives *lives, const char *justification)
{
    for (int i = 0; i < lives->count; i++) {
        if (strstr(justification == NULL ? "" : justification, lives->items[i].justification) !=
            NULL) {
            return &lives->items[i];
        }
    }
    return NULL;
}

const char *life_state(const struct life *life, bool again, int64_t from_ms, int64_t view_ms,
                       int64_t *ret_since_ms)
{
    bool other = again && life->again_count > 0;
    int64_t last = (other ? life->again_count : life->count) - 1;
    int64_t step_ms = life->each_ms > 0 ? life->each_ms : 1;
    int64_t at = view_ms > from_ms ? (view_ms - from_ms) / step_ms : 0;
    at = at < last ? at : last;
    *ret_since_ms = from_ms + at * step_ms;
    return other ? life->again[at] : life->states[at];
}

bool life_state_is_over(const char *state)
{
    return strcmp(state, "Delivered") == 0 || strcmp(state, "Denied") == 0 ||
           strcmp(state, "Canceled") == 0 || life_state_has_failed(state);
}

bool life_state_has_failed(const char *state)
{
    return strcmp(state, "PartiallyDelivered") == 0 || strcmp(state, "DeliveryFailed") == 0;
}
