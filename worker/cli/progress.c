#include "worker/cli/progress.h"

#include "worker/io/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DRAW_MS = 100,     /* what an eye can follow */
    LINE_MS = 10000,   /* what a log can bear */
    WINDOW_MS = 1000,  /* a rate of less time jumps about */
    COLUMNS_MAX = 120, /* of the text; it has 60 */
    COLUMNS_DEFAULT = 80,
};

void progress_init(struct progress *progress, FILE *out, int64_t now_ms)
{
    *progress = (struct progress){.out = out,
                                  .is_terminal = terminal_is_smart(fileno(out)),
                                  .shown_ms = now_ms,
                                  .window_ms = now_ms};
}

static void measure(struct progress *progress, int64_t now_ms, size_t done)
{
    int64_t took_ms = now_ms - progress->window_ms;
    if (took_ms < WINDOW_MS)
        return;
    progress->rate = (double)(done - progress->window_done) * 1000 / (double)took_ms;
    progress->window_ms = now_ms;
    progress->window_done = done;
}

static int columns(FILE *out)
{
    struct winsize size = {0};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

void progress_show(struct progress *progress, int64_t now_ms, size_t done, size_t total,
                   const char *word)
{
    if (now_ms - progress->shown_ms < (progress->is_terminal ? DRAW_MS : LINE_MS))
        return;
    progress->shown_ms = now_ms;
    measure(progress, now_ms, done);
    char text[COLUMNS_MAX];
    int size = snprintf(text, sizeof text, "%zu of %zu %s", done, total, word);
    if (progress->rate >= 1 && done < total && size > 0 && size < COLUMNS_MAX)
        (void)snprintf(text + size, sizeof text - (size_t)size, ", %.0f/s, %.0f s left",
                       progress->rate, (double)(total - done) / progress->rate);
    if (progress->is_terminal)
        (void)fprintf(progress->out, "\r%.*s\x1b[K", columns(progress->out) - 1, text);
    else
        (void)fprintf(progress->out, "%s\n", text);
    progress->is_drawn = progress->is_terminal;
    (void)fflush(progress->out);
}

void progress_end(struct progress *progress)
{
    if (progress->is_drawn)
        (void)fputs("\r\x1b[K", progress->out);
    progress->is_drawn = false;
    (void)fflush(progress->out);
}
