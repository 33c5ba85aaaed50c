#include "worker/core/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t witness_write(const struct witness *witness, char ret[WITNESS_TEXT_SIZE])
{
    if (!witness_is_known(witness))
        return (size_t)snprintf(ret, WITNESS_TEXT_SIZE, "-");
    return (size_t)snprintf(ret, WITNESS_TEXT_SIZE, "%s.%s.%s.%" PRIu64, witness->memory,
                            witness->server, witness->slot, witness->writes);
}

static struct str next_part(struct str *text)
{
    const char *dot = memchr(text->data, '.', text->size);
    struct str part = {text->data, dot != NULL ? (size_t)(dot - text->data) : text->size};
    size_t taken = dot != NULL ? part.size + 1 : part.size;
    *text = (struct str){text->data + taken, text->size - taken};
    return part;
}

/* So many hexadecimal digits. */
static bool read_hex(struct str part, char *ret, size_t size)
{
    if (part.size != size - 1)
        return false;
    for (size_t i = 0; i < part.size; i++) {
        if (memchr("0123456789abcdef", part.data[i], 16) == NULL)
            return false;
    }
    memcpy(ret, part.data, part.size);
    ret[part.size] = '\0';
    return true;
}

static bool read_number(struct str part, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < part.size; i++) {
        char c = part.data[i];
        if (c < '0' || c > '9' || *ret > (UINT64_MAX - (uint64_t)(c - '0')) / 10)
            return false;
        *ret = *ret * 10 + (uint64_t)(c - '0');
    }
    return part.size > 0;
}

bool witness_read(struct str text, struct witness *ret)
{
    *ret = (struct witness){0};
    if (str_is(text, "-"))
        return true;
    struct str memory = next_part(&text), server = next_part(&text), slot = next_part(&text);
    return read_hex(memory, ret->memory, sizeof ret->memory) &&
           (server.size == 0 || read_hex(server, ret->server, sizeof ret->server)) &&
           read_hex(slot, ret->slot, sizeof ret->slot) && read_number(text, &ret->writes);
}
