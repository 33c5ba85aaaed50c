#pragma once

#include "worker/core/endpoint.h"
#include "worker/doctor_job.h"

#include <netdb.h>
#include <openssl/ssl.h>

/* Can a host be found, reached, and be believed to be who it says it is? Blocking, for a thread of
 * worker/doctor.h. */

enum {
    DOCTOR_CONNECT_MS = 5000, /* to one address; the worker gives Redis as long */
    DOCTOR_ADDRESSES_MAX = 4, /* of a host that are told, and tried */
    DOCTOR_ADDRESS_SIZE = 64,
};

/* The line about the name, none for an address. NULL: it cannot be looked up. Else freeaddrinfo().
 */
struct addrinfo *doctor_look_up(struct doctor_job *job, enum doctor_check check,
                                const struct endpoint *endpoint);

/* A connected socket that blocks, for at most DOCTOR_CONNECT_MS each time. -1: `ret` says why. */
int doctor_connect(struct doctor_job *job, const struct addrinfo *addresses, struct diagnosis *ret);

/* What a hand-shake came to. */
struct doctor_tls {
    bool is_done;         /* else `reason` */
    bool has_certificate; /* then these two are known: */
    long verified;        /* X509_V_OK … */
    int64_t days;         /* until the first certificate of the chain ends */
    char version[16];     /* "TLSv1.3" */
    char reason[160];
};

/* On the connected socket, which stays the caller's. The certificate is judged and not insisted
 * on, so that all can be told of it; nothing is sent after the hand-shake. */
void doctor_shake_hands(SSL *ssl, int fd, struct doctor_tls *ret);
