/*
 * A line that shows how far something long has come: on a terminal one that is drawn over, at most
 * ten times a second; elsewhere a plain one every ten seconds. No colours.
 *
 *     412 of 1000 answered, 8100/s, 3 s left
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `now_ms` is any clock that never goes back; always the same one. */
struct progress {
    FILE *out;
    bool is_terminal; /* one that can draw over a line: TERM is not dumb */
    bool is_drawn;
    int64_t shown_ms;  /* when it was last written */
    int64_t window_ms; /* the rate is that since then */
    size_t window_done;
    double rate; /* of the window before, a second; 0: not known yet */
};

void progress_init(struct progress *progress, FILE *out, int64_t now_ms);

/* `done` of `total`, and in one word what is done with them: "answered". May be called as often as
 * one likes. */
void progress_show(struct progress *progress, int64_t now_ms, size_t done, size_t total,
                   const char *word);

/* Takes the drawn line away again, so that something else may be written. */
void progress_end(struct progress *progress);
