#pragma once

#include "worker/doctor_job.h"

/* Lines about the host of an https:// or http:// address of Graph's or of the token endpoint's:
 * its name, the connection as the worker makes it (through the proxy, with its authorities), and
 * how far its clock is from ours. */
void doctor_look_at_host(struct doctor_job *job, const char *url);
