/* Settings from the environment and from flags, and the numbers in them; without a file, and with
 * one that has two tenants, contoso and a.b. Input: a line each, `-s KEY=VALUE` or `NAME=VALUE`. */
#include "tests/fuzz/input.h"
#include "tests/fuzz/settings_checks.h"

#include "config/convert.h"

#include <assert.h>
#include <unistd.h>

enum { LINES_MAX = 16 };

/* A number with its unit, written and read once more, is the same. */
static void check_numbers(const char *text)
{
    static const struct {
        bool (*parse)(const char *text, int64_t *ret, struct error *error);
        void (*format)(int64_t number, char ret[NUMBER_TEXT_SIZE]);
    } kinds[] = {{parse_duration, format_duration},
                 {parse_size, format_size},
                 {parse_count, format_count}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct error error = {0};
        char written[NUMBER_TEXT_SIZE];
        int64_t number = -1, again = -1;
        if (!kinds[i].parse(text, &number, &error)) {
            assert(error.text[0] != '\0' && memchr(error.text, '\0', sizeof error.text) != NULL);
            continue;
        }
        assert(number >= 0 && error.text[0] == '\0' && text[0] >= '0' && text[0] <= '9');
        kinds[i].format(number, written);
        assert(kinds[i].parse(written, &again, &error) && again == number);
        assert(strlen(written) <= strlen(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char secret[] = "USHER_REDIS_PASSWORD=" CHECK_SECRET;
    static const char tenants[] = "tenants:\n  contoso:\n    tenant_id: t\n    client_id: c\n"
                                  "    client_secret_file: f\n"
                                  "  a.b:\n    auth: managed-identity\n    cloud: usgov\n";
    char path[CHECK_PATH_SIZE];
    char *environment[LINES_MAX + 2] = {secret};
    const char *flags[LINES_MAX];
    size_t variables = 1, count = 0;
    struct input input;
    if (memmem(data, size, "hunter2", 7) != NULL)
        return 0;
    input_init(&input, data, size);
    for (int i = 0; i < LINES_MAX && input.rest.data != NULL; i++) {
        const char *line = input_text(&input);
        const char *value = strchr(line, '=');
        check_numbers(value != NULL ? value + 1 : line);
        if (strncmp(line, "-s ", 3) == 0)
            flags[count++] = line + 3;
        else
            environment[variables++] = (char *)line;
    }
    struct settings_source source = {.file = "",
                                     .flags = flags,
                                     .flags_count = count,
                                     .environment = environment};
    check_settings_load(&source);
    int fd = check_file_of(tenants, strlen(tenants), path);
    source.file = path;
    check_settings_load(&source);
    assert(close(fd) == 0);
    input_finish(&input);
    return 0;
}
