#include "worker/io/redis_command.h"

#include <assert.h>
#include <string.h>

void redis_add(struct redis_arguments *arguments, const char *text)
{
    assert(arguments->count < REDIS_ARGUMENTS_MAX);
    arguments->text[arguments->count] = text;
    arguments->size[arguments->count++] = strlen(text);
}
