#include "tests/fuzz/settings_checks.h"

#include "config/options.h"
#include "config/print.h"
#include "config/reserved.h"
#include "config/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int check_file_of(const char *bytes, size_t size, char ret_path[CHECK_PATH_SIZE])
{
    int fd = memfd_create("settings", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t written = size > 0 ? write(fd, bytes, size) : 0;
    assert(written == (ssize_t)size);
    snprintf(ret_path, CHECK_PATH_SIZE, "/proc/self/fd/%d", fd);
    return fd;
}

static const char *member(const struct settings *settings, const struct option *option)
{
    return (const char *)settings + option->offset;
}

/* The value is one that the table allows, whatever layer it came from. */
static void check_option(const struct settings *settings, const struct option *option)
{
    const struct strings *list = value_list(settings, option);
    const struct pairs *map = value_map(settings, option);
    int64_t number = 0;
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        assert(value_text(settings, option) != NULL);
        return;
    case OPTION_DURATION:
    case OPTION_SIZE:
        memcpy(&number, member(settings, option), sizeof number);
        break;
    case OPTION_COUNT: {
        int count = 0;
        memcpy(&count, member(settings, option), sizeof count);
        number = count;
        break;
    }
    case OPTION_CHOICE: {
        unsigned choice = 0, choices = 0;
        memcpy(&choice, member(settings, option), sizeof choice);
        while (option->choices[choices] != NULL)
            choices++;
        assert(choice < choices);
        return;
    }
    case OPTION_SWITCH: {
        unsigned char byte = 2;
        memcpy(&byte, member(settings, option), sizeof byte);
        assert(byte <= 1);
        return;
    }
    case OPTION_LIST:
        for (size_t i = 0; i < list->count; i++)
            assert(list->items[i] != NULL && list->items[i][0] != '\0');
        return;
    case OPTION_MAP:
        for (size_t i = 0; i < map->count; i++)
            assert(map->items[i].name != NULL && map->items[i].value != NULL);
        return;
    }
    assert(number >= option->min && number <= option->max);
}

static char *print(const struct settings *settings)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    settings_print(settings, out);
    (void)fclose(out);
    assert(text != NULL);
    return text;
}

/* Without what is behind the values: from where they came. */
static void cut_origins(char *text)
{
    char *to = text;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char *end = text + size;
        for (char *at = text; at + 1 < end; at++)
            if (at[0] == ' ' &&
                (strncmp(at + 1, "# default", 9) == 0 ||
                 strncmp(at + 1, "# environment ", 14) == 0 || strncmp(at + 1, "# flag ", 7) == 0 ||
                 strncmp(at + 1, "# /proc/", 8) == 0)) {
                end = at;
            }
        memmove(to, text, (size_t)(end - text));
        to += end - text;
        *to++ = '\n';
        text += size + (text[size] == '\n' ? 1 : 0);
    }
    *to = '\0';
}

static bool has_secret(const struct settings *settings)
{
    for (size_t i = 0; i < options_count; i++)
        if (options[i].kind == OPTION_SECRET && value_text(settings, &options[i])[0] != '\0')
            return true;
    return false;
}

static bool has_hidden(const struct settings *settings)
{
    if (has_secret(settings))
        return true;
    for (size_t i = 0; i < settings->tenants.count; i++)
        if (has_secret(settings->tenants.items[i].settings))
            return true;
    for (size_t i = 0; i < settings->kafka.librdkafka.count; i++)
        if (property_is_secret(settings->kafka.librdkafka.items[i].name))
            return true;
    return false;
}

/* The printed form is a file: read back it gives the same. Where a secret is hidden in it, only
 * that it can be read at all. */
static void check_printed(const struct settings *settings)
{
    struct problems problems = {0};
    struct settings again;
    char path[CHECK_PATH_SIZE];
    char *text = print(settings);
    assert(strstr(text, CHECK_SECRET) == NULL);
    int fd = check_file_of(text, strlen(text), path);
    const struct settings_source source = {.file = path};
    enum load result = settings_load(&again, &source, &problems);
    if (result != LOAD_OK)
        problems_print(&problems, false, stderr);
    assert(result == LOAD_OK);
    char *text_again = print(&again);
    cut_origins(text);
    cut_origins(text_again);
    assert(has_hidden(settings) || strcmp(text, text_again) == 0);
    free(text);
    free(text_again);
    settings_finish(&again);
    problems_finish(&problems);
    (void)close(fd);
}

static void check_problems(const struct problems *problems, enum load result)
{
    size_t errors = problems->dropped;
    assert(problems->count <= PROBLEMS_MAX);
    assert(problems->dropped == 0 || problems->count == PROBLEMS_MAX);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        errors += problem->warning ? 0 : 1;
        assert(problem->text[0] != '\0' && strstr(problem->text, CHECK_SECRET) == NULL);
        assert(i == 0 || problem->origin.layer >= problems->items[i - 1].origin.layer);
    }
    assert(errors >= problems->errors);
    assert((result == LOAD_OK) == (problems->errors == 0));
}

/* Each has a name of its own and values that the table allows; what it did not say itself, it has
 * from the worker. */
static void check_tenants(const struct settings *settings)
{
    const struct tenants *tenants = &settings->tenants;
    assert(tenants->count <= TENANTS_MAX);
    for (size_t i = 0; i < tenants->count; i++) {
        const struct tenant_settings *tenant = &tenants->items[i];
        size_t length = strlen(tenant->name), own = 0;
        assert(length > 0 && length <= TENANT_NAME_MAX);
        assert(tenants_find(tenants, tenant->name) == tenant);
        assert(tenant->settings->tenants.count == 0);
        for (size_t j = 0; j < options_count; j++) {
            const struct origin *origin = &tenant->settings->origins[j];
            check_option(tenant->settings, &options[j]);
            own += origin->is_of_tenant ? 1 : 0;
            assert(!origin->is_of_tenant || option_is_of_tenants(&options[j]));
            assert(origin->is_of_tenant || origin->layer == settings->origins[j].layer);
        }
        assert(own > 0);
    }
}

void check_settings_load(const struct settings_source *source)
{
    struct problems problems = {0};
    struct settings settings;
    enum load result = settings_load(&settings, source, &problems);
    check_problems(&problems, result);
    if (result == LOAD_OK) {
        for (size_t i = 0; i < options_count; i++)
            check_option(&settings, &options[i]);
        check_tenants(&settings);
        check_printed(&settings);
    } else {
        assert(settings.file == NULL && settings.origins == NULL);
    }
    settings_finish(&settings);
    problems_finish(&problems);
}
