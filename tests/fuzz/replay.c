/* The main() of a fuzz target in a build without libFuzzer: runs each file that it is given, or
 * that is in a directory that it is given, through the target once. Says how many; what does not
 * hold ends in an assert or in a sanitizer's report, and the name printed last is the input. */
#include "tests/fuzz/input.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_SIZE_MAX = 4 << 20 };

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = malloc(FILE_SIZE_MAX);
    bool readable = file != NULL && buffer != NULL;
    size_t size = readable ? fread(buffer, 1, FILE_SIZE_MAX, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    uint8_t *input = readable ? malloc(size > 0 ? size : 1) : NULL;
    if (input != NULL) {
        memcpy(input, buffer, size);
        printf("%s\n", path);
        (void)fflush(stdout);
        (void)LLVMFuzzerTestOneInput(input, size);
    }
    free(buffer);
    free(input);
    return input != NULL;
}

static int run_directory(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && run_file(name))
            count++;
    }
    (void)closedir(directory);
    return count;
}

int main(int count, char **arguments)
{
    int inputs = 0;
    for (int i = 1; i < count; i++) {
        struct stat status;
        if (stat(arguments[i], &status) == 0 && S_ISDIR(status.st_mode))
            inputs += run_directory(arguments[i]);
        else
            inputs += run_file(arguments[i]) ? 1 : 0;
    }
    printf("%d inputs hold\n", inputs);
    return inputs > 0 ? 0 : 1;
}
