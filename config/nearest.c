#include "config/nearest.h"

#include <stdint.h>
#include <string.h>

#include "config/options.h"

#define WORD_MAX 64
#define FAR      SIZE_MAX

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to change, add, drop or swap with their neighbour to make `a` into `b`. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);

    if (a_length > WORD_MAX || b_length > WORD_MAX) {
        return FAR;
    }
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = least(changed, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

/* FAR where so much differs that it would be a guess. */
static size_t near_distance(const char *word, const char *candidate)
{
    size_t found = distance(word, candidate);
    size_t length = strlen(word);

    return found <= (length < 3 ? 1 : length / 3) ? found : FAR;
}

const char *nearest_name(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = FAR;

    for (size_t i = 0; i < count; i++) {
        size_t found = candidates[i] == NULL ? FAR : near_distance(word, candidates[i]);
        if (found < best_distance) {
            best = candidates[i];
            best_distance = found;
        }
    }
    return best;
}

/* Group and key each for themselves; a group that is missing or quite another costs one letter. */
static size_t setting_distance(const char *word, const struct option *option)
{
    const char *dot = strchr(word, '.');
    const char *key = dot == NULL ? word : dot + 1;
    size_t keys = near_distance(key, option_key(option));
    char group[WORD_MAX + 1] = "";
    char option_group[WORD_MAX + 1] = "";

    if (keys == FAR) {
        return FAR;
    }
    memcpy(option_group, option->name, option_group_length(option));
    if (dot != NULL) {
        memcpy(group, word, least((size_t)(dot - word), WORD_MAX));
    }
    size_t groups = near_distance(group, option_group);
    return keys + (groups == FAR ? 1 : groups);
}

const char *nearest_setting(const char *word)
{
    const char *best = NULL;
    size_t best_distance = FAR;

    for (size_t i = 0; i < options_count; i++) {
        size_t found = setting_distance(word, &options[i]);
        if (found < best_distance) {
            best = options[i].name;
            best_distance = found;
        }
    }
    for (size_t i = 0; i <= option_groups_count && strchr(word, '.') == NULL; i++) {
        const struct option_group *group =
            i < option_groups_count ? &option_groups[i] : &tenants_group;
        size_t found = near_distance(word, group->name);
        if (found < best_distance) {
            best = group->name;
            best_distance = found;
        }
    }
    return best;
}
