#include "tests/io/log_capture.h"

#include "worker/io/log.h"

#include <stdio.h>
#include <string.h>

static FILE *file;

void log_capture_open(void)
{
    file = tmpfile();
    if (file == NULL)
        perror("no file for the log");
    else
        log_open(LOG_DEBUG, LOG_TEXT, file);
}

void log_capture_close(void)
{
    log_open(LOG_ERROR, LOG_TEXT, stderr);
    if (file != NULL)
        fclose(file);
    file = NULL;
}

int log_capture_count(const char *words)
{
    char line[LOG_LINE_MAX + 1];
    int count = 0;

    if (file == NULL)
        return -1;
    rewind(file); /* the log itself writes to the descriptor, and only while nobody reads */
    while (fgets(line, sizeof line, file) != NULL)
        count += strstr(line, words) != NULL;
    fseek(file, 0, SEEK_END);
    return count;
}
