#pragma once

#include "worker/core/str.h"

/* Host and port, picked out of a setting that names them. */
struct endpoint {
    char host[256]; /* a name has 253 bytes at most; an address of IPv6 stands without brackets */
    int port;
};

enum { ENDPOINT_NAME_SIZE = 280 };

/* "host:port" or "host", perhaps behind "protocol://", as in librdkafka's lists; white space
 * around it does not count. False: it has no host, or no port that can be. */
bool endpoint_read(struct str text, int port_default, struct endpoint *ret);

/* The same of an https:// or http:// address; what follows the host does not count. */
bool endpoint_of_url(const char *url, struct endpoint *ret);

/* "host:port", with brackets around an address of IPv6. */
void endpoint_name(const struct endpoint *endpoint, char ret[ENDPOINT_NAME_SIZE]);

/* The next piece of a list with commas between, and *list is moved behind it. False: no more. */
bool endpoint_next(struct str *list, struct str *ret);
