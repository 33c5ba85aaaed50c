#pragma once

#include "worker/worker.h"

/* What may be done on admin.actions_listen, and the dead letters that it and the status page show.
 * False: it cannot be listened on, or a part of it cannot be made; `error` says which. */
bool worker_actions_open(struct worker *worker, struct error *error);
