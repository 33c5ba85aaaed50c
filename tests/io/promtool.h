#pragma once

#include <stdbool.h>

/* `promtool check metrics` on a text. Prints what promtool says of it. Where promtool is missing
 * the test is skipped, with a sentence; deploy/install-deps --tests installs it. */
bool promtool_accepts(const char *metrics);
