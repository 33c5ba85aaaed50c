/*
 * The bytes of a small file of the operator's: settings, a secret. Its place in a file, counted in
 * characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/values.h"
#include "worker/core/error.h"

/* Zeroed: none. */
struct file {
    char *text; /* `size` bytes and a NUL after them; heap */
    size_t size;
    bool is_open_to_others; /* every user of the machine may read it */
};

enum file_result { FILE_IS_READ, FILE_IS_MISSING, FILE_IS_TOO_LARGE };

/* Reads all of it, a pipe as well. FILE_IS_MISSING: or it may not be read; the error says why. */
enum file_result file_read(struct file *file, const char *path, size_t size_max,
                           struct error *error);
/* The same of standard input, which stays open. */
enum file_result file_read_stdin(struct file *file, size_t size_max, struct error *error);
void file_finish(struct file *file);

/* The line and column of a byte of UTF-8 text; LAYER_FILE. */
struct origin file_origin(const char *text, size_t size, size_t at);
