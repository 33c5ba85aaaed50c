/*
 * `usher config check | print | schema | init`: looks at settings, touches nothing.
 */
#pragma once

/* `argv[0]` is "config". Returns the exit code: 0, 2 wrong usage, 66 no such file, 73 cannot write,
 * 78 invalid. */
int cli_config(int argc, char **argv);
