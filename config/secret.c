#include <assert.h>
#include <string.h>

#include "config/file.h"
#include "config/settings.h"

static bool copy_secret(const char *text, size_t length, char *ret, size_t size,
                        struct error *error)
{
    if (length >= size) {
        return error_set(error, "is longer than %zu bytes", size - 1);
    }
    memcpy(ret, text, length);
    ret[length] = '\0';
    return true;
}

/* Editors and `echo` end a file with a line feed, which is no part of the secret. */
static size_t without_line_end(const char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    return length;
}

static bool copy_from_file(const struct file *file, char *ret, size_t size, struct error *error)
{
    size_t length = without_line_end(file->text, file->size);

    if (length == 0) {
        return error_set(error, "is empty, and a secret is due in it");
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)file->text[i] < ' ' || file->text[i] == 0x7f) {
            return error_set(error,
                             "has a second line or a control character; the secret is one line");
        }
    }
    return copy_secret(file->text, length, ret, size, error);
}

bool secret_read(const char *value, const char *file_path, char *ret, size_t size,
                 struct error *error)
{
    struct file file;

    assert(size > 0);
    ret[0] = '\0';
    if (file_path[0] == '\0') {
        return copy_secret(value, strlen(value), ret, size, error) ||
               error_set(error, "a secret %s", error == NULL ? "" : error->text);
    }
    bool done = file_read(&file, file_path, SECRET_SIZE_MAX, error) == FILE_IS_READ &&
                copy_from_file(&file, ret, size, error);
    file_finish(&file);
    return done || error_set(error, "file %s: %s", file_path, error == NULL ? "" : error->text);
}
