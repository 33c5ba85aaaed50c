/*
 * `usher audit`: reads the topics, and names what was not answered exactly once.
 */
#pragma once

/* `argv[0]` is "audit". Returns the exit code of contract 4: 0 nothing found, 1 something was. */
int cli_audit(int argc, char **argv);
