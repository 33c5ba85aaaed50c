/* The settings file. Input: the file. */
#include "tests/fuzz/input.h"
#include "tests/fuzz/settings_checks.h"

#include <assert.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char secret[] = "USHER_REDIS_PASSWORD=" CHECK_SECRET;
    char *const environment[] = {secret, NULL};
    char path[CHECK_PATH_SIZE];
    if (memmem(data, size, "hunter2", 7) != NULL)
        return 0;
    int fd = check_file_of((const char *)data, size, path);
    check_settings_load(&(struct settings_source){.file = path, .environment = environment});
    check_settings_load(&(struct settings_source){.file = path});
    assert(close(fd) == 0);
    return 0;
}
