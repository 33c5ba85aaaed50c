#pragma once

#include "worker/worker.h"

/* The signals of `usher run` and what each asks for, on the worker's loop. */
void signals_open(struct worker *worker);

/* Parts are closed from here on, and one may still wait for a Kafka that is away: SIGTERM and
 * SIGINT end the process at once, and the others ask for nothing any more. */
void signals_close(struct worker *worker);
