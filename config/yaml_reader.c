#include "config/yaml_reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "worker/core/utf8.h"

/* Two levels and a list are three; stops a file of a million brackets early. */
#define DEPTH_MAX 16

bool reader_init(struct reader *reader, struct loader *loader, const char *path,
                 const struct file *file)
{
    size_t at;

    *reader = (struct reader){.loader = loader, .path = path, .file = file};
    int initialized = yaml_parser_initialize(&reader->parser);
    assert(initialized == 1);
    if (!utf8_is_valid((struct str){file->text, file->size}, &at)) {
        struct place place = {.origin = file_origin(file->text, file->size, at), .name = path};
        problems_add(loader->problems, &place, NULL, "this is no UTF-8; save the file as UTF-8");
        reader->over = true;
        return false;
    }
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)file->text, file->size);
    return true;
}

void reader_finish(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

static struct place place_at(const struct reader *reader, yaml_mark_t mark)
{
    return (struct place){
        .origin = {.layer = LAYER_FILE, .line = (int)mark.line + 1, .column = (int)mark.column + 1},
        .name = reader->path,
    };
}

struct place reader_place(const struct reader *reader)
{
    return place_at(reader, reader->event.start_mark);
}

void reader_complain(struct reader *reader, const char *setting, const char *text)
{
    struct place place = reader_place(reader);
    problems_add(reader->loader->problems, &place, setting, text);
}

static void stop(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    reader->over = true;
}

/* Tabs stand at the start of a line, where characters are bytes. */
static bool is_tab(const struct file *file, const struct origin *origin)
{
    const char *line = file->text;

    for (int i = 1; i < origin->line && line != NULL; i++) {
        line = strchr(line, '\n');
        line += line == NULL ? 0 : 1;
    }
    return line != NULL && strnlen(line, (size_t)origin->column) == (size_t)origin->column &&
           line[origin->column - 1] == '\t';
}

static void complain_of_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct place place = place_at(reader, parser->problem_mark);
    const struct file *file = reader->file;
    struct error error;

    if (parser->error == YAML_READER_ERROR) {
        place.origin = file_origin(file->text, file->size, parser->problem_offset);
    }
    if (parser->error == YAML_SCANNER_ERROR && is_tab(file, &place.origin)) {
        (void)error_set(&error, "YAML takes no tab here; indent with blanks");
    } else {
        (void)error_set(&error, "this is no YAML: %s%s%s",
                        parser->problem == NULL ? "out of memory" : parser->problem,
                        parser->context == NULL ? "" : ", ",
                        parser->context == NULL ? "" : parser->context);
    }
    problems_add(reader->loader->problems, &place, NULL, error.text);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return event->data.alias.anchor;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static const yaml_char_t *tag_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.tag;
    default:
        return NULL;
    }
}

void reader_advance(struct reader *reader)
{
    if (reader->over) {
        return;
    }
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
        complain_of_syntax(reader);
        reader->over = true;
        return;
    }
    if (anchor_of(&reader->event) != NULL) {
        reader_complain(reader, NULL,
                        "anchors and aliases (&x, *x) are not taken here; write the value out");
    }
    if (tag_of(&reader->event) != NULL) {
        reader_complain(reader, NULL, "tags (!x) are not taken here; write the value without it");
    }
}

void reader_skip(struct reader *reader)
{
    int depth = 0;

    do {
        if (reader->event.type == YAML_MAPPING_START_EVENT ||
            reader->event.type == YAML_SEQUENCE_START_EVENT) {
            depth++;
        } else if (reader->event.type == YAML_MAPPING_END_EVENT ||
                   reader->event.type == YAML_SEQUENCE_END_EVENT) {
            depth--;
        }
        if (depth > DEPTH_MAX) {
            reader_complain(reader, NULL, "is nested too deeply");
            stop(reader);
        }
        reader_advance(reader);
    } while (depth > 0 && !reader->over);
}

const char *reader_scalar(const struct reader *reader)
{
    const yaml_event_t *event = &reader->event;

    if (event->type != YAML_SCALAR_EVENT ||
        strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
        return NULL;
    }
    return (const char *)event->data.scalar.value;
}

bool reader_is_nothing(const struct reader *reader)
{
    const char *text = reader_scalar(reader);
    return text != NULL && reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           text[0] == '\0';
}

bool reader_is_null_word(const struct reader *reader)
{
    const char *text = reader_scalar(reader);
    return text != NULL && reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}
