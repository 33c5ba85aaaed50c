/*
 * `usher version`: this build, and the libraries it runs with.
 */
#pragma once

/* `argv[0]` is "version". Returns 0, or 2 for wrong usage. */
int cli_version(int argc, char **argv);

/* The revision that was built, or "unknown". */
const char *cli_revision(void);
