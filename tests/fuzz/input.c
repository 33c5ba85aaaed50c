#include "tests/fuzz/input.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void input_init(struct input *input, const uint8_t *data, size_t size)
{
    *input = (struct input){.rest = {(const char *)data, size}};
    if (input->rest.data == NULL) /* libFuzzer's empty input */
        input->rest.data = "";
}

void input_finish(struct input *input)
{
    for (size_t i = 0; i < input->count; i++)
        free(input->pieces[i]);
    *input = (struct input){0};
}

static char *keep(struct input *input, size_t size)
{
    assert(input->count < INPUT_PIECES_MAX);
    char *piece = malloc(size > 0 ? size : 1);
    assert(piece != NULL);
    input->pieces[input->count++] = piece;
    return piece;
}

static struct str copy(struct input *input, struct str from)
{
    if (from.data == NULL)
        return from;
    char *piece = keep(input, from.size);
    memcpy(piece, from.data, from.size);
    return (struct str){piece, from.size};
}

/* Takes a line off without making a copy. */
static struct str take(struct input *input)
{
    struct str line = input->rest;
    if (line.data == NULL)
        return line;
    const char *end = memchr(line.data, '\n', line.size);
    if (end == NULL) {
        input->rest = (struct str){0};
        return line;
    }
    size_t size = (size_t)(end - line.data);
    input->rest = (struct str){end + 1, line.size - size - 1};
    return (struct str){line.data, size};
}

struct str input_line(struct input *input)
{
    return copy(input, take(input));
}

const char *input_text(struct input *input)
{
    struct str line = take(input);
    char *text = keep(input, line.size + 1);
    if (line.size > 0)
        memcpy(text, line.data, line.size);
    text[line.size] = '\0';
    return text;
}

struct str input_rest(struct input *input)
{
    struct str rest = copy(input, input->rest);
    input->rest = (struct str){0};
    return rest;
}

static struct header take_header(struct input *input, struct str line)
{
    const char *colon = memchr(line.data, ':', line.size);
    if (colon == NULL)
        return (struct header){copy(input, line), {0}};
    struct str name = {line.data, (size_t)(colon - line.data)};
    struct str value = {colon + 1, line.size - name.size - 1};
    if (value.size > 0 && value.data[0] == ' ')
        value = (struct str){value.data + 1, value.size - 1};
    return (struct header){copy(input, name), copy(input, value)};
}

struct record input_record(struct input *input, struct header *headers)
{
    struct record record = {
        .topic = "access-requests",
        .partition = 3,
        .offset = 42,
        .timestamp_ms = 1772438400000,
        .headers = headers,
    };
    size_t lines = 0;
    for (;;) {
        struct str line = take(input);
        if (line.data == NULL)
            return record;
        if (line.size == 0)
            break;
        if (lines++ >= INPUT_HEADERS_MAX)
            continue;
        struct header header = take_header(input, line);
        if (str_is(header.name, "record-key"))
            record.key = header.value;
        else
            headers[record.header_count++] = header;
    }
    record.value = input_rest(input);
    return record;
}

int64_t input_number(struct str text)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.*s", (int)(text.size < 31 ? text.size : 31),
             text.data != NULL ? text.data : "");
    return strtoll(digits, NULL, 10);
}
