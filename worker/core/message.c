#include "worker/core/message.h"

#include <stdlib.h>

bool message_init(struct message *ret, size_t size, struct arena *ret_arena)
{
    *ret = (struct message){0};
    struct message_memory *memory = malloc(sizeof *memory + size);
    if (memory == NULL)
        return false;
    memory->value = NULL;
    memory->kept = NULL;
    ret->memory = memory;
    ret->partition = -1;
    *ret_arena = (struct arena){memory->text, size};
    return true;
}

void message_finish(struct message *message)
{
    if (message->memory != NULL) {
        free(message->memory->value);
        free(message->memory->kept);
        free(message->memory);
    }
    *message = (struct message){0};
}

void message_add(struct message *message, const char *name, struct str value)
{
    assert(message->header_count < MESSAGE_HEADERS_MAX);
    message->headers[message->header_count++] = (struct header){str_of(name), value};
}
