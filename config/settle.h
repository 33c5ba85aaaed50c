/*
 * What follows from the settings once every layer has spoken.
 */
#pragma once

#include "config/loader.h"

/* Graph and the token endpoint of each cloud (facts: graph 5), in the order of `enum cloud`. */
struct cloud_hosts {
    const char *base_url, *authority_host;
};

#define CLOUDS_COUNT 4
extern const struct cloud_hosts cloud_hosts[CLOUDS_COUNT];

/*
 * Of a secret and its file the one of the higher layer stays, and the other is emptied; a cloud
 * sets the hosts that nobody set. What a tenant says itself is above every layer of the worker's:
 * its secret empties the worker's file, and its cloud sets its hosts, whatever the worker's are.
 */
void settings_settle(struct loader *loader);
