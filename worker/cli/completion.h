/*
 * `usher completion bash|zsh|fish`: a script for the Tab key, from the tables of commands and of
 * settings. The scripts call nothing: what they offer stands in them.
 */
#pragma once

#include "worker/cli/commands.h"

/* `argv[0]` is "completion". Returns 0, 2 for wrong usage, or 73. */
int cli_completion(int argc, char **argv);

extern const struct cli_word completion_shells[];
