/* Dead letters, as the topic has them: which, why, and where they came from. Not who is meant. */
#include "worker/io/letter_desk.h"
#include "worker/page_parts.h"

#include <inttypes.h>

static const char *query(const struct look *look, const char *name)
{
    const char *value = admin_ask_query(look->ask, name);
    return value != NULL ? value : "";
}

static void put_options(const struct look *look, const char *wanted)
{
    static const char *const outcomes[] = {"failed", "unknown", "rejected"};
    put(look, "<option value=\"\">any</option>");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        buffer_print(look->out, "<option%s>%s</option>",
                     strcmp(outcomes[i], wanted) == 0 ? " selected" : "", outcomes[i]);
}

static void put_filter(const struct look *look, const struct letter_filter *filter)
{
    put(look, "<form class=\"card search\" action=\"dead-letters\" method=\"get\"><div>"
              "<label for=\"outcome\">Outcome</label><select id=\"outcome\" name=\"outcome\">");
    put_options(look, filter->outcome);
    buffer_print(look->out,
                 "</select></div><div><label for=\"code\">Error code</label><input id=\"code\" "
                 "name=\"code\" maxlength=\"%d\" autocomplete=\"off\" spellcheck=\"false\" "
                 "value=\"",
                 LETTER_CODE_SIZE - 1);
    put_escaped(look, filter->code);
    put(look, "\"></div><button>Show</button></form>\n");
}

static void put_notes(const struct look *look, const struct letter *letter)
{
    if (letter->replayed)
        put_pill(look, "good", "replayed");
    if (letter->came_back)
        put_pill(look, "fair", "came back");
    if (letter->truncated)
        put_pill(look, "quiet", "cut");
}

static void put_letter(struct table *table, const struct letter *letter)
{
    const struct look *look = table->look;
    table_row(table);
    table_cell(table);
    put_event(look, letter->id, letter->source);
    table_cell(table);
    buffer_print(look->out, "<span class=\"key");
    if (answer_from_name(letter->outcome) != ANSWER_NONE)
        buffer_print(look->out, " o-%s", letter->outcome);
    put(look, "\"></span>");
    put_escaped(look, letter->outcome);
    table_cell(table);
    put(look, "<code>");
    put_escaped(look, letter->code);
    put(look, "</code> <span class=\"soft\">at ");
    put_escaped(look, letter->stage);
    put(look, "</span>");
    table_cell(table);
    put_since(look, letter->timestamp_ms > 0 ? letter->timestamp_ms : 0);
    table_cell(table);
    buffer_print(look->out, "%" PRId32 " <span class=\"soft\">at %" PRId64 "</span>",
                 letter->partition, letter->offset);
    table_cell(table);
    if (letter->topic[0] != '\0')
        buffer_print(look->out, "%" PRId32 " <span class=\"soft\">at %" PRId64 "</span>",
                     letter->from_partition, letter->from_offset);
    table_cell(table);
    put_notes(look, letter);
}

static void put_list(const struct look *look, const struct letter_list *list,
                     const struct letter_filter *filter)
{
    static const char *const heads[] = {"Event",       "Outcome",        "Error", "Age",
                                        "Dead letter", "Request record", "Notes", NULL};
    size_t matching = 0;
    struct table table = table_begin(look, "The newest first, by partition and offset", heads);
    for (size_t i = 0; i < list->count; i++) {
        if (letter_matches(&list->rows[i], filter) && matching++ < PAGE_ROWS_MAX)
            put_letter(&table, &list->rows[i]);
    }
    table_end(&table);
    if (matching == 0)
        put(look, "<p class=\"empty\">None.</p>");
    put(look, "<p class=\"more\">");
    put_count(look, matching);
    put(look, list->is_partial ? " of the newest ones; there are older ones" : " in all");
    if (matching > PAGE_ROWS_MAX)
        buffer_print(look->out, "; %d are shown", PAGE_ROWS_MAX);
    put(look, ". Read ");
    put_since(look, list->read_wall_ms);
    put(look, " ago.</p>");
}

void page_letters(const struct look *look)
{
    struct letter_desk *desk = look->worker->letters;
    const struct letter_list *list = letter_desk_look(desk);
    const char *trouble = letter_desk_trouble(desk);
    struct letter_filter filter = letter_filter_of(query(look, "outcome"), query(look, "code"));
    put(look, "<p class=\"lead\">Events that need a person. They are replayed on the pages of "
              "<code>admin.actions_listen</code>; what they ask for is in the records.</p>\n");
    put_filter(look, &filter);
    if (trouble[0] != '\0') {
        put(look, "<p class=\"banner bad\"><strong>They cannot be read now.</strong> ");
        put_escaped(look, trouble);
        put(look, "</p>\n");
    }
    put(look, "<section class=\"card\">");
    if (list == NULL)
        put(look, "<p class=\"empty\">They are being read; look again in some seconds.</p>");
    else
        put_list(look, list, &filter);
    put(look, "</section>\n");
}
