/*
 * Other programs that the demo runs, and the signals that end it.
 *
 * A child is in a process group of its own, so that Ctrl-C at the terminal comes to the demo only,
 * which then ends its children in order; and it is killed by the kernel should the demo die.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "worker/core/error.h"

struct demo_child {
    const char *name; /* for sentences; NULL: never started */
    pid_t pid;        /* 0: it does not run (any more) */
    int exit_code;    /* once it has ended: its own, or 128 + the signal that killed it */
};

/* Where its output goes. */
struct demo_output {
    const char *log; /* path of a file; standard error always, standard output if `out` is -1 */
    int out;         /* a descriptor for standard output, or -1 */
};

/* Starts argv[0], searched in PATH unless it has a slash, with no input. The error of a program
 * that is not there is errno's words: `errno` is ENOENT then. */
bool demo_child_start(struct demo_child *child, const char *name, const char *const argv[],
                      const struct demo_output *output, struct error *error);

/* Does it still run? */
bool demo_child_runs(struct demo_child *child);

/* SIGTERM, and SIGKILL if it has not ended within `wait_ms` or on a second Ctrl-C. Returns
 * exit_code. Fine for one that has ended or was never started (0). */
int demo_child_stop(struct demo_child *child, int wait_ms);

/* From now on SIGINT, SIGTERM and SIGHUP are counted, and end nothing. */
void demo_signals_catch(void);
/* How many there were. */
int demo_signals(void);

/* Sleeps. False, and sooner: a signal has come. */
bool demo_pause(int ms);
