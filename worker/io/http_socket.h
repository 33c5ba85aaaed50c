#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the system knows of a socket; a part of worker/io/http_loop.h. */

/* A TCP connection's own port, IPv4 or IPv6. */
bool socket_has_local_port(int fd, long port);
/* Nothing was received for so long. */
bool socket_is_silent_for(int fd, int64_t ms);
