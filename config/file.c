#include "config/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool say_why(struct error *error, int number)
{
    return error_set(error, "cannot be read: %s", strerrordesc_np(number));
}

/* Up to `size` bytes, or -1 with errno. */
static ssize_t read_all(int fd, char *ret, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, ret + length, size - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static enum file_result read_fd(struct file *file, int fd, size_t size_max, struct error *error)
{
    struct stat status;

    /* One byte more than may be, to see that there is more; and one for the NUL. */
    char *text = malloc(size_max + 2);
    assert(text != NULL);
    ssize_t size = read_all(fd, text, size_max + 1);
    int number = errno;
    file->is_open_to_others = fstat(fd, &status) == 0 && (status.st_mode & S_IROTH) != 0;

    if (size < 0 || (size_t)size > size_max) {
        explicit_bzero(text, size_max + 2);
        free(text);
        if (size < 0) {
            (void)say_why(error, number);
            return FILE_IS_MISSING;
        }
        (void)error_set(error, "is larger than %zu bytes", size_max);
        return FILE_IS_TOO_LARGE;
    }
    text[size] = '\0';
    file->text = text;
    file->size = (size_t)size;
    return FILE_IS_READ;
}

enum file_result file_read(struct file *file, const char *path, size_t size_max,
                           struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *file = (struct file){0};
    if (fd < 0) {
        (void)say_why(error, errno);
        return FILE_IS_MISSING;
    }
    enum file_result result = read_fd(file, fd, size_max, error);
    (void)close(fd);
    return result;
}

enum file_result file_read_stdin(struct file *file, size_t size_max, struct error *error)
{
    *file = (struct file){0};
    return read_fd(file, STDIN_FILENO, size_max, error);
}

void file_finish(struct file *file)
{
    if (file == NULL || file->text == NULL) {
        return;
    }
    explicit_bzero(file->text, file->size); /* it may have held a secret */
    free(file->text);
    *file = (struct file){0};
}

struct origin file_origin(const char *text, size_t size, size_t at)
{
    struct origin origin = {.layer = LAYER_FILE, .line = 1, .column = 1};

    for (size_t i = 0; i < at && i < size; i++) {
        bool is_inside_character = ((unsigned char)text[i] & 0xc0) == 0x80;
        if (text[i] == '\n') {
            origin.line++;
            origin.column = 1;
        } else if (!is_inside_character) {
            origin.column++;
        }
    }
    return origin;
}
