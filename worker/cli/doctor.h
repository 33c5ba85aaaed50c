#pragma once

/* usher doctor: prints one line for each thing the worker needs, and clears the interlock. Returns
 * the exit code. */
int cli_doctor(int argc, char **argv);
