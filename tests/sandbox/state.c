#include "tests/sandbox/state.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void state_init(struct state *state, struct random *random)
{
    *state = (struct state){.random = random};
}

void state_finish(struct state *state)
{
    for (int32_t i = 0; i < state->grant_count; i++) {
        free(state->grants[i].member);
    }
    for (int32_t i = 0; i < state->request_count; i++) {
        free(state->requests[i].justification);
        free(state->requests[i].expiration);
    }
    free(state->grants);
    free(state->requests);
    free(state->pairs);
    index_finish(&state->pair_index);
    index_finish(&state->packages);
    index_finish(&state->catalogs);
    struct random *random = state->random;
    *state = (struct state){.random = random};
}

// Makes room for one row more; the rows in use are always a prefix, and room is a power of two.
static void *grow_rows(void *rows, int32_t count, size_t row_size)
{
    bool full = count == 0 || (count & (count - 1)) == 0;
    size_t room = count == 0 ? 1 : (size_t)count * 2;
    return full ? memory_need(realloc(rows, room * row_size)) : rows;
}

#define KEY_SIZE (GUID_SIZE + MEMBER_SIZE + 4)

static void pair_key(enum kind kind, const char *container, const char *member,
                     char ret_key[KEY_SIZE])
{
    snprintf(ret_key, KEY_SIZE, "%d/%s/%s", (int)kind, container, member);
}

struct pair state_pair(const struct state *state, enum kind kind, const char *container,
                       const char *member)
{
    char key[KEY_SIZE];
    pair_key(kind, container, member, key);
    int32_t at = index_find(&state->pair_index, key);
    return at == INDEX_NONE ? (struct pair){INDEX_NONE, INDEX_NONE} : state->pairs[at];
}

static struct pair *pair_make(struct state *state, const struct change *change)
{
    char key[KEY_SIZE];
    pair_key(change->kind, change->container, change->member, key);
    int32_t at = index_find(&state->pair_index, key);
    if (at == INDEX_NONE) {
        state->pairs = grow_rows(state->pairs, state->pair_count, sizeof *state->pairs);
        at = state->pair_count++;
        state->pairs[at] = (struct pair){INDEX_NONE, INDEX_NONE};
        index_put(&state->pair_index, key, at);
    }
    return &state->pairs[at];
}

const struct grant *state_grant(const struct state *state, enum kind kind, const char *id)
{
    uint64_t number = guid_number(id);
    if (number == 0 || number > (uint64_t)state->grant_count) {
        return NULL;
    }
    const struct grant *grant = &state->grants[number - 1];
    return grant->kind == kind && strcmp(grant->id, id) == 0 ? grant : NULL;
}

const struct request *state_request(const struct state *state, enum kind kind, const char *id)
{
    uint64_t number = guid_number(id);
    if (number == 0 || number > (uint64_t)state->request_count) {
        return NULL;
    }
    const struct request *request = &state->requests[number - 1];
    return request->kind == kind && strcmp(request->id, id) == 0 ? request : NULL;
}

struct request *state_request_to_change(struct state *state, enum kind kind, const char *id)
{
    const struct request *request = state_request(state, kind, id);
    return request == NULL ? NULL : &state->requests[request - state->requests];
}

void state_resolve(const struct state *state, struct change *change)
{
    if (change->grant_id[0] == '\0') {
        return;
    }
    const struct grant *grant = state_grant(state, change->kind, change->grant_id);
    bool elsewhere = change->container[0] != '\0' && grant != NULL &&
                     strcmp(change->container, grant->container) != 0;
    if (grant != NULL && !elsewhere) {
        copy_text(change->container, sizeof change->container, grant->container);
        copy_text(change->member, sizeof change->member, grant->member);
    }
}

static bool container_known(const struct state *state, const struct change *change)
{
    bool resource = change->kind == KIND_RESOURCE;
    bool closed = resource ? state->catalogs_closed : state->packages_closed;
    const struct index *known = resource ? &state->catalogs : &state->packages;
    return !closed || change->container[0] == '\0' ||
           index_find(known, change->container) != INDEX_NONE;
}

enum verdict state_check(const struct state *state, const struct change *change, int64_t now_ms)
{
    if (state->request_count >= STATE_ROWS_MAX || state->grant_count >= STATE_ROWS_MAX) {
        return VERDICT_FULL;
    }
    if (!container_known(state, change)) {
        return VERDICT_UNKNOWN;
    }
    struct pair pair = state_pair(state, change->kind, change->container, change->member);
    if (pair.request != INDEX_NONE && state->requests[pair.request].due_ms > now_ms) {
        return VERDICT_OPEN;
    }
    const struct grant *grant = pair.grant == INDEX_NONE ? NULL : &state->grants[pair.grant];
    bool stands = grant != NULL && grant->removed_ms > now_ms &&
                  (change->grant_id[0] == '\0' || strcmp(change->grant_id, grant->id) == 0);
    if (change->verb == VERB_ADD) {
        return stands ? VERDICT_STANDS : VERDICT_OK;
    }
    return stands ? VERDICT_OK : VERDICT_ABSENT;
}

static int32_t grant_add(struct state *state, const struct change *change, int64_t added_ms,
                         int32_t older)
{
    state->grants = grow_rows(state->grants, state->grant_count, sizeof *state->grants);
    int32_t at = state->grant_count++;
    struct grant *grant = &state->grants[at];
    *grant = (struct grant){.kind = change->kind,
                            .member = memory_need(strdup(change->member)),
                            .added_ms = added_ms,
                            .removed_ms = TIME_NEVER,
                            .older = older};
    guid_make(state->random, (uint64_t)at + 1, grant->id);
    copy_text(grant->container, sizeof grant->container, change->container);
    copy_text(grant->detail, sizeof grant->detail, change->detail);
    return at;
}

void state_seed(struct state *state, const struct change *change, int64_t now_ms)
{
    struct pair *pair = pair_make(state, change);
    pair->grant = grant_add(state, change, now_ms, pair->grant);
}

static char *keep_text(const char *text)
{
    return text == NULL ? NULL : memory_need(strdup(text));
}

const struct request *state_apply(struct state *state, const struct change *change, int64_t now_ms,
                                  int64_t deliver_after_ms)
{
    struct pair *pair = pair_make(state, change);
    if (change->verb == VERB_ADD) {
        pair->grant = grant_add(state, change, now_ms + deliver_after_ms, pair->grant);
    } else if (change->verb == VERB_REMOVE && pair->grant != INDEX_NONE) {
        state->grants[pair->grant].removed_ms = now_ms + deliver_after_ms;
    }
    state->requests = grow_rows(state->requests, state->request_count, sizeof *state->requests);
    int32_t at = state->request_count++;
    struct request *request = &state->requests[at];
    *request = (struct request){.kind = change->kind,
                                .execute_immediately = change->execute_immediately,
                                .grant = pair->grant,
                                .older = pair->request,
                                .created_ms = now_ms,
                                .due_ms = now_ms + deliver_after_ms,
                                .life = lives_find(&state->lives, change->justification),
                                .life_ms = now_ms,
                                .justification = keep_text(change->justification),
                                .expiration = keep_text(change->expiration)};
    guid_make(state->random, (uint64_t)at + 1, request->id);
    copy_text(request->request_type, sizeof request->request_type, change->request_type);
    request->request_type[0] = (char)toupper((unsigned char)request->request_type[0]);
    pair->request = at;
    return request;
}
