#include "worker/core/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_CAPACITY = 1024, /* a reply with Graph's object is 1 to 2 KiB */
    PRINT_SIZE = 1024,
};

void buffer_init(struct buffer *buffer, size_t max)
{
    assert(max > 0);
    *buffer = (struct buffer){.max = max};
}

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

static bool reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed || size > buffer->max - buffer->size)
        return false;
    size_t needed = buffer->size + size + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_put(struct buffer *buffer, const char *bytes, size_t size)
{
    if (!reserve(buffer, size)) {
        buffer->failed = true;
        return;
    }
    if (size > 0)
        memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_put_text(struct buffer *buffer, const char *text)
{
    buffer_put(buffer, text, strlen(text));
}

void buffer_put_integer(struct buffer *buffer, int64_t value)
{
    char digits[24]; /* INT64_MIN has 20 characters */
    size_t start = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--start] = '-';
    buffer_put(buffer, digits + start, sizeof digits - start);
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
    char text[PRINT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        buffer->failed = true;
    else
        buffer_put(buffer, text, (size_t)size);
}

char *buffer_take(struct buffer *buffer, size_t *ret_size)
{
    size_t max = buffer->max;
    buffer_put(buffer, "", 0); /* an empty one is a string too */
    if (buffer->failed) {
        buffer_finish(buffer);
        buffer->max = max;
        return NULL;
    }
    char *data = buffer->data;
    if (ret_size != NULL)
        *ret_size = buffer->size;
    *buffer = (struct buffer){.max = max};
    return data;
}
