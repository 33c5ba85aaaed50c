#pragma once

#include "worker/core/gate.h"
#include "worker/core/str.h"

/* What Graph says of its limits in the headers of an answer (facts: graph 4.2). */

/* x-ms-throttle-scope, "<scope>/<limit>/<application>/<tenant>" as in
 * "Tenant_Application/ReadWrite/…/…": which of our calls the 429 is about, by its second part:
 * Read, Write or ReadWrite. All of them where the header is missing or says anything else. */
enum gate_scope throttle_scope(struct str value);

/* x-ms-throttle-limit-percentage, a share of the limit such as "0.85", in thousandths. Graph sends
 * it from 0.8 to 1.8. 0: missing (data NULL), or not to be read; more than 9.999 is 9999. */
int throttle_used_permille(struct str value);
