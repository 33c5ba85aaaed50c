/*
 * `usher run`: the worker itself, until SIGTERM.
 */
#pragma once

/* `argv[0]` is "run". Returns the exit code of contract 4. */
int cli_run(int argc, char **argv);
