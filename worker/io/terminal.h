#pragma once

#include <stdbool.h>

/* What is on the other side of a file descriptor. */

/* A terminal that can do more than print one line after the other: TERM is set, and not "dumb". */
bool terminal_is_smart(int fd);

/* And nobody has asked for no colours: NO_COLOR (https://no-color.org) is not set, or empty. */
bool terminal_has_colour(int fd);
