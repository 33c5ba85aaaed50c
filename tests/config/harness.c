#include "tests/config/harness.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/file.h"

static const char shown_name[] = "usher.yaml";

static void write_file(char *path, const char *yaml)
{
    int fd = mkstemp(path);
    assert(fd >= 0);
    size_t size = strlen(yaml);
    assert(write(fd, yaml, size) == (ssize_t)size);
    assert(close(fd) == 0);
}

/* Heap: `text` with `shown_name` wherever `path` stood. */
static char *rename_file(const char *text, const char *path)
{
    char *renamed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&renamed, &size);
    assert(out != NULL);
    for (const char *found; (found = strstr(text, path)) != NULL; text = found + strlen(path)) {
        (void)fprintf(out, "%.*s%s", (int)(found - text), text, shown_name);
    }
    (void)fputs(text, out);
    assert(fclose(out) == 0);
    return renamed;
}

static void print_problems(const void *what, FILE *out)
{
    problems_print(what, false, out);
    problems_print(what, true, out);
}

void harness_load(struct loaded *loaded, const char *yaml, const struct texts *environment,
                  const struct texts *flags, property_checker *checker)
{
    char path[] = "/tmp/usher-config-XXXXXX";
    struct problems problems = {0};
    struct settings_source source = {
        .file = yaml == NULL ? "" : path,
        .environment = environment == NULL ? NULL : (char *const *)environment->items,
        .flags = flags == NULL ? NULL : flags->items,
        .check_property = checker,
    };

    while (flags != NULL && flags->items[source.flags_count] != NULL) {
        source.flags_count++;
    }
    if (yaml != NULL) {
        write_file(path, yaml);
    }
    loaded->result = settings_load(&loaded->settings, &source, &problems);
    if (yaml != NULL) {
        assert(unlink(path) == 0);
    }
    char *text = harness_printed(print_problems, &problems);
    loaded->problems = rename_file(text, path);
    free(text);
    problems_finish(&problems);
}

void harness_unload(struct loaded *loaded)
{
    settings_finish(&loaded->settings);
    free(loaded->problems);
    *loaded = (struct loaded){0};
}

char *harness_printed(void (*print)(const void *what, FILE *out), const void *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    print(what, out);
    assert(fclose(out) == 0);
    return text;
}

char *harness_source(const char *path)
{
    const char *root = getenv("USHER_SOURCE");
    struct file file;
    struct error error;
    char whole[4096];

    (void)snprintf(whole, sizeof whole, "%s/%s", root == NULL ? "." : root, path);
    if (file_read(&file, whole, SETTINGS_FILE_SIZE_MAX, &error) != FILE_IS_READ) {
        (void)fprintf(stderr, "%s %s\n", whole, error.text);
        abort();
    }
    return file.text;
}
