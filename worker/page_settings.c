/* The settings as `usher config print` has them: secrets hidden, and where each came from. */
#include "config/print.h"
#include "worker/page_parts.h"

#include <stdio.h>
#include <stdlib.h>

enum { VALUE_SHOWN = 2000 }; /* bytes of a value: a list of ids may be very long */

/* The last of them in the line. */
static const char *find_last(struct str line, const char *what)
{
    size_t size = strlen(what);
    for (const char *at = line.data + line.size; (size_t)(at - line.data) >= size; at--) {
        if (memcmp(at - size, what, size) == 0)
            return at - size;
    }
    return NULL;
}

static struct str without_spaces(struct str text)
{
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    while (text.size > 0 && text.data[0] == ' ')
        text = (struct str){text.data + 1, text.size - 1};
    return text;
}

static size_t indent_of(struct str line)
{
    size_t indent = 0;
    while (indent < line.size && line.data[indent] == ' ')
        indent++;
    return indent;
}

static void put_value(struct table *table, struct str value, struct str origin)
{
    const struct look *look = table->look;
    table_cell(table);
    put(look, "<bdi class=\"value\">");
    html_cut(look->out, value, VALUE_SHOWN);
    put(look, "</bdi>");
    table_cell(table);
    put(look, str_is(origin, "default") ? "<span class=\"soft\">" : "<span class=\"set\">");
    html_cut(look->out, origin, VALUE_SHOWN);
    put(look, "</span>");
}

/* `  name: value      # origin`, or `name:` alone, which begins a group. */
static void put_line(struct table *table, struct str line)
{
    const struct look *look = table->look;
    const char *origin = find_last(line, "  # ");
    size_t indent = indent_of(line);
    struct str whole = {line.data, origin != NULL ? (size_t)(origin - line.data) : line.size};
    const char *colon = memmem(whole.data, whole.size, ": ", 2);
    struct str name = {whole.data, colon != NULL ? (size_t)(colon - whole.data) : whole.size};
    name = without_spaces(name);
    if (colon == NULL && name.size > 0 && name.data[name.size - 1] == ':')
        name.size--;
    table_row(table);
    table_cell(table);
    buffer_print(look->out, "<span class=\"%s in%zu\">", colon == NULL ? "group" : "name",
                 indent < 6 ? indent / 2 : 3);
    html_cut(look->out, name, VALUE_SHOWN);
    put(look, "</span>");
    if (colon == NULL) {
        put_value(table, (struct str){"", 0}, (struct str){"", 0});
        return;
    }
    struct str value = {colon + 1, (size_t)(whole.data + whole.size - colon - 1)};
    struct str from = {"", 0};
    if (origin != NULL)
        from = (struct str){origin + 4, (size_t)(line.data + line.size - origin - 4)};
    put_value(table, without_spaces(value), from);
}

static void put_lines(const struct look *look, struct str text)
{
    static const char *const heads[] = {"Setting", "Value", "Where it came from", NULL};
    struct table table = table_begin(look, "What counts; secrets are hidden", heads);
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end != NULL ? (size_t)(end - text.data) : text.size;
        put_line(&table, (struct str){text.data, size});
        size += end != NULL;
        text = (struct str){text.data + size, text.size - size};
    }
    table_end(&table);
}

void page_settings(const struct look *look)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        look->out->failed = true;
        return;
    }
    settings_print(look->worker->settings, out);
    bool whole = fclose(out) == 0;
    put(look, "<section class=\"card settings\">");
    if (whole)
        put_lines(look, (struct str){text, size});
    else
        look->out->failed = true;
    put(look, "</section>\n");
    free(text);
}
