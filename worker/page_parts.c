#include "worker/page_parts.h"

#include "worker/core/fault_codes.h"
#include "worker/core/rfc3339.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    ID_SHOWN = 100, /* bytes of an id or a source that are shown; the link has the whole */
};

static const char dash[] = "<span class=\"none\">\xE2\x80\x93</span>";

void put(const struct look *look, const char *markup)
{
    buffer_put_text(look->out, markup);
}

void put_escaped(const struct look *look, const char *text)
{
    html_text(look->out, text);
}

void put_count(const struct look *look, uint64_t number)
{
    if (number >= 1000) {
        put_count(look, number / 1000);
        buffer_print(look->out, "&#8239;%03" PRIu64, number % 1000);
    } else {
        buffer_print(look->out, "%" PRIu64, number);
    }
}

/* As page.js has it. */
static void put_two(const struct look *look, int64_t ms, int64_t unit_ms, const char *words[2])
{
    int64_t lower_ms = unit_ms == DAY_MS ? HOUR_MS : unit_ms / 60;
    buffer_print(look->out, "%" PRId64 " %s", ms / unit_ms, words[0]);
    if (ms % unit_ms / lower_ms > 0)
        buffer_print(look->out, " %" PRId64 " %s", ms % unit_ms / lower_ms, words[1]);
}

void put_span(const struct look *look, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (ms < SECOND_MS)
        buffer_print(look->out, "%" PRId64 " ms", ms);
    else if (ms < 10 * SECOND_MS)
        buffer_print(look->out, "%" PRId64 ".%" PRId64 " s", ms / SECOND_MS, ms % SECOND_MS / 100);
    else if (ms < 2 * MINUTE_MS)
        buffer_print(look->out, "%" PRId64 " s", ms / SECOND_MS);
    else if (ms < 10 * MINUTE_MS)
        put_two(look, ms, MINUTE_MS, (const char *[]){"min", "s"});
    else if (ms < 2 * HOUR_MS)
        buffer_print(look->out, "%" PRId64 " min", ms / MINUTE_MS);
    else if (ms < 2 * DAY_MS)
        put_two(look, ms, HOUR_MS, (const char *[]){"h", "min"});
    else
        put_two(look, ms, DAY_MS, (const char *[]){"d", "h"});
}

static void put_time(const struct look *look, int64_t wall_ms, const char *what)
{
    char text[RFC3339_SIZE];
    rfc3339_format(wall_ms, text);
    buffer_print(look->out, "<time datetime=\"%s\" data-%s=\"%" PRId64 "\" title=\"%s\">", text,
                 what, wall_ms, text);
}

void put_since(const struct look *look, int64_t wall_ms)
{
    if (wall_ms == 0) {
        put(look, dash);
        return;
    }
    put_time(look, wall_ms, "since");
    put_span(look, look->wall_ms - wall_ms);
    put(look, "</time>");
}

void put_until(const struct look *look, int64_t wall_ms)
{
    if (wall_ms == 0) {
        put(look, dash);
        return;
    }
    put_time(look, wall_ms, "until");
    if (wall_ms > look->wall_ms)
        put_span(look, wall_ms - look->wall_ms);
    else
        put(look, "now");
    put(look, "</time>");
}

/* 2026-03-01 07:30:00 UTC */
void put_moment(const struct look *look, int64_t wall_ms)
{
    char text[RFC3339_SIZE];
    if (wall_ms == 0) {
        put(look, dash);
        return;
    }
    rfc3339_format(wall_ms, text);
    buffer_print(look->out, "<time datetime=\"%s\">%.10s %.8s UTC</time>", text, text, text + 11);
}

void put_pill(const struct look *look, const char *mood, const char *word)
{
    buffer_print(look->out, "<span class=\"pill %s\">", mood);
    put_escaped(look, word);
    put(look, "</span>");
}

void put_meter(const struct look *look, uint64_t value, uint64_t most, const char *label)
{
    uint64_t shown = value < most ? value : most;
    const char *mood = most > 0 && shown >= most - most / 10 ? "full" : "";
    buffer_print(look->out,
                 "<svg class=\"meter %s\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" "
                 "role=\"img\" aria-label=\"%s\"><rect class=\"rest\" width=\"100\" height=\"6\"/>"
                 "<rect class=\"part\" width=\"%.2f\" height=\"6\"/></svg>",
                 mood, label, most > 0 ? 100.0 * (double)shown / (double)most : 0.0);
}

void put_event(const struct look *look, const char *id, const char *source)
{
    if (id == NULL || id[0] == '\0') {
        put(look, "<span class=\"none\">no readable id</span>");
        return;
    }
    put(look, "<a class=\"id\" href=\"look-up?id=");
    html_query(look->out, id);
    if (source != NULL && source[0] != '\0') {
        put(look, "&amp;source=");
        html_query(look->out, source);
    }
    put(look, "\"><bdi>");
    html_cut(look->out, str_of(id), ID_SHOWN);
    put(look, "</bdi></a>");
    if (source != NULL && source[0] != '\0') {
        put(look, "<bdi class=\"source\">");
        html_cut(look->out, str_of(source), ID_SHOWN);
        put(look, "</bdi>");
    }
}

void put_type(const struct look *look, enum kind kind, enum request_type type)
{
    if (type == REQUEST_TYPE_NONE) {
        put(look, dash);
        return;
    }
    put_escaped(look, request_type_name(type));
    put(look, kind == KIND_ASSIGNMENT ? " <span class=\"soft\">assignment</span>"
                                      : " <span class=\"soft\">resource</span>");
}

void put_code(const struct look *look, const char *code, enum stage stage)
{
    const struct fault_code *known = fault_code_find(code);
    if (code[0] == '\0') {
        put(look, dash);
        return;
    }
    put(look, "<code");
    if (known != NULL) {
        put(look, " title=\"");
        put_escaped(look, known->advice);
        put(look, "\"");
    }
    put(look, ">");
    put_escaped(look, code);
    buffer_print(look->out, "</code> <span class=\"soft\">at %s</span>", stage_name(stage));
}

/* Where a table is laid out as cards, browsers forget that it is one: hence the roles. */
struct table table_begin(const struct look *look, const char *caption, const char *const *heads)
{
    buffer_print(look->out,
                 "<table role=\"table\"><caption>%s</caption><thead role=\"rowgroup\">"
                 "<tr role=\"row\">",
                 caption);
    for (size_t i = 0; heads[i] != NULL; i++)
        buffer_print(look->out, "<th role=\"columnheader\" scope=\"col\">%s</th>", heads[i]);
    put(look, "</tr></thead><tbody role=\"rowgroup\">");
    return (struct table){.look = look, .heads = heads};
}

static void end_row(struct table *table)
{
    if (table->at > 0)
        put(table->look, "</div></td></tr>\n");
    table->at = 0;
}

void table_row(struct table *table)
{
    end_row(table);
    put(table->look, "<tr role=\"row\">");
}

void table_cell(struct table *table)
{
    buffer_print(table->look->out, "%s<td role=\"cell\" data-label=\"%s\"><div>",
                 table->at > 0 ? "</div></td>" : "", table->heads[table->at]);
    table->at++;
}

void table_end(struct table *table)
{
    end_row(table);
    put(table->look, "</tbody></table>\n");
}
