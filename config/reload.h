/*
 * Reading the settings again while the worker works. The options whose row says `reload` change;
 * the others stay as they were at start, and are named. All or nothing: where anything is wrong
 * with what is read, or with it beside what only a restart changes, nothing is changed.
 */
#pragma once

#include <stdbool.h>

#include "config/load.h"

struct reload {
    struct problems problems; /* errors, and where there are none, warnings */
    struct strings changed;   /* settings that have a new value: "graph.settle" … */
    struct strings left; /* … and those that would have, after a restart. Tenants that came or
                            went are among them: "tenants.contoso" */
    struct settings old; /* what was replaced; it may be pointed to until reload_finish() */
};

/*
 * `settings` is what settings_load() gave for this source. Whoever keeps the address of it or of a
 * tenant's, and reads there each time, has the new values from then on. Who has copied a value, or
 * points to a text or a list of a setting that changes, has to be told before reload_finish() frees
 * the old ones. A file that is gone, that cannot be read a second time (standard input, a pipe), or
 * that says nothing where it said something before, is wrong: it would mean the defaults, and an
 * empty policy allows all. False: nothing has changed, and the problems say why.
 */
bool settings_reload(struct settings *settings, const struct settings_source *source,
                     struct reload *reload);
void reload_finish(struct reload *reload);
