/* Plays each scene of loop.h with each of its allocations failing, each time in a child. Prints a
 * line for each scene; exits 1 if any failure was not lived with honestly. */
#include "tests/allocations/loop.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ends. Of a sanitizer: 99 (tests/allocations/run says so). */
enum end { END_SAME, END_REFUSED = 3, END_LIE, END_LEAK };

enum { LINE_SIZE = 4096 };

struct tally {
    unsigned long same, refused, died, bad;
};

/* Of the leak sanitizer, where there is one. */
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): its name for it
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void add(struct notes *notes, const char *mark, const char *line)
{
    size_t room = sizeof notes->text - notes->size;
    int size = snprintf(notes->text + notes->size, room, "%s%s\n", mark, line);
    if (size < 0 || (size_t)size >= room)
        abort();
    notes->size += (size_t)size;
}

void note(struct notes *notes, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list more;
    va_start(more, format);
    (void)vsnprintf(line, sizeof line, format, more);
    va_end(more);
    add(notes, "", line);
}

void note_refusal(struct notes *notes, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list more;
    va_start(more, format);
    (void)vsnprintf(line, sizeof line, format, more);
    va_end(more);
    add(notes, "!", line);
}

/* Line by line: the same, or a refusal instead. */
static enum end compare(const struct notes *good, const struct notes *found)
{
    const char *a = good->text, *b = found->text;
    enum end end = END_SAME;
    while (*a != '\0' && *b != '\0') {
        size_t a_size = strcspn(a, "\n"), b_size = strcspn(b, "\n");
        if (a_size != b_size || memcmp(a, b, a_size) != 0) {
            if (*b != '!') {
                (void)fprintf(stderr, "without: %.*s\nwith:    %.*s\n", (int)a_size, a, (int)b_size,
                              b);
                return END_LIE;
            }
            end = END_REFUSED;
        }
        a += a_size + 1;
        b += b_size + 1;
    }
    bool ended_early = *b == '\0' && end == END_REFUSED; /* what builds on a refusal is left out */
    return *a == *b || ended_early ? end : END_LIE;
}

static void play_in_child(const struct scene *scene, const struct notes *good, unsigned long n,
                          bool loud)
{
    static struct notes found;
    if (!loud) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nowhere, STDERR_FILENO);
    }
    alloc_arm(n);
    scene->play(&found);
    alloc_arm(0);
    enum end end = compare(good, &found);
    if (end <= END_REFUSED && __lsan_do_recoverable_leak_check != NULL &&
        __lsan_do_recoverable_leak_check() != 0)
        end = END_LEAK;
    _exit(end);
}

static int end_of(const struct scene *scene, const struct notes *good, unsigned long n, bool loud)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0)
        play_in_child(scene, good, n, loud);
    (void)waitpid(child, &status, 0);
    return status;
}

static bool is_good(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGABRT;
    return WEXITSTATUS(status) == END_SAME || WEXITSTATUS(status) == END_REFUSED;
}

static void count(const struct scene *scene, const struct notes *good, unsigned long n,
                  struct tally *tally)
{
    int status = end_of(scene, good, n, false);
    if (!is_good(status)) {
        (void)printf("BAD: %s, allocation %lu: %s %d\n", scene->name, n,
                     WIFSIGNALED(status) ? "signal" : "ends with",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        (void)fflush(stdout);
        (void)end_of(scene, good, n, true);
        tally->bad++;
    } else if (WIFSIGNALED(status)) {
        tally->died++;
    } else if (WEXITSTATUS(status) == END_SAME) {
        tally->same++;
    } else {
        tally->refused++;
    }
}

static bool run(const struct scene *scene)
{
    static struct notes good;
    struct tally tally = {0};
    good = (struct notes){0};
    alloc_arm(0);
    scene->play(&good);
    unsigned long asked = alloc_asked();
    for (unsigned long n = 1; n <= asked; n++)
        count(scene, &good, n, &tally);
    (void)printf("%-28s %5lu allocations: %4lu no matter, %4lu said so, %4lu ended by abort, %lu "
                 "bad\n",
                 scene->name, asked, tally.same, tally.refused, tally.died, tally.bad);
    (void)fflush(stdout);
    return tally.bad == 0 && asked > 0;
}

int main(int argc, char **argv)
{
    const struct scene *const tables[2] = {core_scenes, config_scenes};
    bool good = true;
    for (size_t i = 0; i < 2; i++) {
        for (const struct scene *scene = tables[i]; scene->name != NULL; scene++) {
            if (argc < 2 || strcmp(argv[1], scene->name) == 0)
                good = run(scene) && good;
        }
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
