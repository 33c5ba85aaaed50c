#pragma once

#include "worker/worker.h"

/* What SIGHUP asks for. Settings that can change at run time (config/reload.h) do, all or none; a
 * bad file leaves everything as it is, and `config_good` is false until a good one comes. */
void worker_reload(struct worker *worker);
