#include "worker/io/redis_memory.h"

#include "worker/io/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

void redis_memory_init(struct redis_memory *memory, const struct settings *settings,
                       const char *slot)
{
    *memory = (struct redis_memory){.keep_ms = settings->redis.keep_ms};
    snprintf(memory->known.slot, sizeof memory->known.slot, "%s", slot);
}

/* What stands in the key may be anybody's. */
static bool is_id(struct str id)
{
    bool good = id.size == WITNESS_MEMORY_SIZE - 1;

    for (size_t i = 0; i < id.size && good; i++)
        good = strchr("0123456789abcdef", id.data[i]) != NULL && id.data[i] != '\0';
    return good;
}

bool redis_memory_is_other_server(const struct witness *witness, const char *server)
{
    return witness != NULL && witness->server[0] != '\0' && server[0] != '\0' &&
           strcmp(witness->server, server) != 0;
}

uint64_t redis_memory_least(const struct redis_memory *memory, int64_t now_ms)
{
    return now_ms - memory->seen_ms < memory->keep_ms ? memory->known.writes : 0;
}

static bool is_lost(const struct redis_memory *memory, struct str id, uint64_t writes,
                    int64_t now_ms)
{
    if (!witness_is_known(&memory->known))
        return false;
    return !str_is(id, memory->known.memory) || writes <= redis_memory_least(memory, now_ms);
}

static void note_loss(struct redis_memory *memory, struct str id, uint64_t writes)
{
    memory->forgotten++;
    log_write(
        LOG_WARN, "redis.forgot",
        "Redis has lost claims or intents that it had confirmed: its memory is %.*s with %" PRIu64
        " writes of this worker, and was %s with %" PRIu64
        "; it was emptied, or came back without its last writes; who takes over a partition "
        "asks Graph first about each record that was at work; look at Redis' appendonly, "
        "appendfsync and maxmemory-policy, and at who deletes its keys",
        (int)id.size, id.data, writes, memory->known.memory, memory->known.writes);
}

void redis_memory_see(struct redis_memory *memory, struct str id, uint64_t writes,
                      const char *server, int64_t now_ms)
{
    struct witness *known = &memory->known;

    if (!is_id(id))
        return;
    bool lost = is_lost(memory, id, writes, now_ms);
    if (lost)
        note_loss(memory, id, writes);
    bool doubtful = lost || redis_memory_is_other_server(known, server);
    if (doubtful && memory->on_loss != NULL)
        memory->on_loss(memory->context, known);
    memcpy(known->memory, id.data, id.size);
    known->memory[id.size] = '\0';
    snprintf(known->server, sizeof known->server, "%s", server);
    known->writes = writes;
    memory->seen_ms = now_ms;
}

bool redis_memory_make_id(char ret[WITNESS_MEMORY_SIZE])
{
    uint64_t random = 0;

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    snprintf(ret, WITNESS_MEMORY_SIZE, "%016" PRIx64, random);
    return true;
}
