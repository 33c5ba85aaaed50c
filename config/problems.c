#include "config/problems.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void problems_finish(struct problems *problems)
{
    if (problems == NULL) {
        return;
    }
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].text);
    }
    *problems = (struct problems){0};
}

static void write_place(const struct place *place, const char *setting, char *ret, size_t size)
{
    switch (place->origin.layer) {
    case LAYER_FILE:
        if (place->origin.line == 0) {
            (void)snprintf(ret, size, "%s: ", place->name);
            return;
        }
        (void)snprintf(ret, size, "%s:%d:%d: %s%s", place->name, place->origin.line,
                       place->origin.column, setting == NULL ? "" : setting,
                       setting == NULL ? "" : ": ");
        return;
    case LAYER_AZURE:
    case LAYER_ENVIRONMENT:
        (void)snprintf(ret, size, "environment %s: ", place->name);
        return;
    case LAYER_FLAG:
        (void)snprintf(ret, size, "-s %s: ", place->name);
        return;
    case LAYER_DEFAULT:
        (void)snprintf(ret, size, "%s%s", setting == NULL ? "" : setting,
                       setting == NULL ? "" : ": ");
        return;
    }
    assert(!"a layer that does not exist");
}

static void add(struct problems *problems, bool warning, const struct place *place,
                const char *setting, const char *text)
{
    char line[PROBLEM_TEXT_SIZE];

    problems->errors += warning ? 0 : 1;
    if (problems->count == PROBLEMS_MAX) {
        problems->dropped++;
        return;
    }
    write_place(place, setting, line, sizeof line);
    size_t length = strlen(line);
    (void)snprintf(line + length, sizeof line - length, "%s", text);

    struct problem *problem = &problems->items[problems->count++];
    problem->warning = warning;
    problem->origin = place->origin;
    problem->text = strdup(line);
    assert(problem->text != NULL);
}

void problems_add(struct problems *problems, const struct place *place, const char *setting,
                  const char *text)
{
    add(problems, false, place, setting, text);
}

void problems_warn(struct problems *problems, const struct place *place, const char *setting,
                   const char *text)
{
    add(problems, true, place, setting, text);
}

static bool comes_before(const struct origin *a, const struct origin *b)
{
    if (a->layer != b->layer) {
        return a->layer < b->layer;
    }
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* By insertion: at most PROBLEMS_MAX, and those of one place keep their order. */
void problems_sort(struct problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct problem moved = problems->items[i];
        size_t at = i;
        while (at > 0 && comes_before(&moved.origin, &problems->items[at - 1].origin)) {
            problems->items[at] = problems->items[at - 1];
            at--;
        }
        problems->items[at] = moved;
    }
}

void problems_print(const struct problems *problems, bool warnings, FILE *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        if (problem->warning == warnings) {
            (void)fprintf(out, "%s%s\n", warnings ? "warning: " : "", problem->text);
        }
    }
    if (!warnings && problems->dropped > 0) {
        (void)fprintf(out, "and %zu more\n", problems->dropped);
    }
}
