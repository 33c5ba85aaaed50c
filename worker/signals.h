#pragma once

#include "worker/worker.h"

/* The signals of `usher run` and what each asks for, on the worker's loop. */
void signals_open(struct worker *worker);

/* The loop has ended, and a part may still wait for a Kafka that is away: SIGTERM and SIGINT end
 * the process at once from here on. */
void signals_close(void);
