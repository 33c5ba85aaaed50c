#pragma once

#include <stddef.h>

/* Scenes: a piece of the program's work, played again and again in this process, each time with
 * another allocation failing, until each has failed once. A scene notes what comes of its work.
 * With a failure, each line has to be the same as without, or one of those that a failure may lead
 * to: a refusal, noted by note_refusal(). Or the process ends by abort(). Anything else is a lie.
 */
struct notes {
    char text[1 << 16];
    size_t size;
};

__attribute__((format(printf, 2, 3))) void note(struct notes *notes, const char *format, ...);
/* What says of itself that it has not been done, or is not known. */
__attribute__((format(printf, 2, 3))) void note_refusal(struct notes *notes, const char *format,
                                                        ...);

struct scene {
    const char *name;
    void (*play)(struct notes *notes);
};

extern const struct scene core_scenes[], config_scenes[]; /* each ends with a NULL name */
