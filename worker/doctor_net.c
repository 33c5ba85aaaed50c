#include "worker/doctor_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the name ---- */

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void list_addresses(const struct addrinfo *all, struct diagnosis *ret)
{
    char text[DOCTOR_ADDRESSES_MAX * (DOCTOR_ADDRESS_SIZE + 2)] = "", one[DOCTOR_ADDRESS_SIZE];
    size_t count = 0, size = 0;
    for (; all != NULL; all = all->ai_next, count++) {
        if (count >= DOCTOR_ADDRESSES_MAX ||
            getnameinfo(all->ai_addr, all->ai_addrlen, one, sizeof one, NULL, 0, NI_NUMERICHOST))
            continue;
        size +=
            (size_t)snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? ", " : "", one);
    }
    diagnosis_good(ret, "%s%s", text, count > DOCTOR_ADDRESSES_MAX ? " and more" : "");
}

static void explain_name(int failed, struct diagnosis *ret)
{
    if (failed == EAI_NONAME)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "no name server knows this name; is it spelled right?");
    else
        diagnosis_missing(
            ret, DIAGNOSIS_UNREACHABLE,
            "it cannot be looked up (%s); do the name servers of this machine answer?",
            failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
}

struct addrinfo *doctor_look_up(struct doctor_job *job, enum doctor_check check,
                                const struct endpoint *endpoint)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    struct diagnosis diagnosis;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)endpoint->port & 0xffffU);
    int failed = getaddrinfo(endpoint->host, port, &hints, &all);
    if (failed == 0 && is_address(endpoint->host))
        return all;
    if (failed == 0)
        list_addresses(all, &diagnosis);
    else
        explain_name(failed, &diagnosis);
    doctor_tell(job, check, endpoint->host, &diagnosis);
    return failed == 0 ? all : NULL;
}

/* ---- the connection ---- */

/* 0, or why not. */
static int finish_connect(int fd, int patience_ms)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    int count;
    do {
        count = poll(&ready, 1, patience_ms);
    } while (count < 0 && errno == EINTR);
    if (count <= 0)
        return count == 0 ? ETIMEDOUT : errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static void block_for(int fd, int patience_ms)
{
    const struct timeval most = {patience_ms / 1000, patience_ms % 1000 * 1000};
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

static int connect_one(const struct addrinfo *address, int patience_ms, int *ret_error)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        *ret_error = errno;
        return -1;
    }
    *ret_error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (*ret_error == EINPROGRESS)
        *ret_error = finish_connect(fd, patience_ms);
    if (*ret_error == 0) {
        block_for(fd, patience_ms);
        return fd;
    }
    (void)close(fd);
    return -1;
}

int doctor_connect(struct doctor_job *job, const struct addrinfo *addresses, struct diagnosis *ret)
{
    int error = 0, fd = -1;
    for (size_t i = 0; addresses != NULL && i < DOCTOR_ADDRESSES_MAX && fd < 0; i++) {
        fd = connect_one(addresses, doctor_patience_ms(job, DOCTOR_CONNECT_MS), &error);
        addresses = addresses->ai_next;
    }
    if (fd < 0)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "it cannot be reached (%s); %s",
                          strerror(error),
                          error == ECONNREFUSED
                              ? "is it up, and is the port right?"
                              : "does a firewall or network policy let us through?");
    return fd;
}

/* ---- TLS ---- */

static void find_end(const SSL *ssl, struct doctor_tls *ret)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
        int days = 0, seconds = 0;
        if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(sk_X509_value(chain, i))) != 1)
            continue;
        if (!ret->has_certificate || days < ret->days)
            ret->days = days;
        ret->has_certificate = true;
    }
}

static void note_reason(const SSL *ssl, int result, struct doctor_tls *ret)
{
    int kind = SSL_get_error(ssl, result), number = errno;
    unsigned long code = ERR_peek_last_error();
    const char *words = code != 0 ? ERR_reason_error_string(code) : NULL;
    if (words == NULL && (number == EAGAIN || number == EWOULDBLOCK))
        words = "it did not answer in time";
    else if (words == NULL && kind == SSL_ERROR_SYSCALL && number != 0)
        words = strerror(number);
    (void)snprintf(ret->reason, sizeof ret->reason, "%s", words != NULL ? words : "it hung up");
}

void doctor_shake_hands(SSL *ssl, int fd, struct doctor_tls *ret)
{
    *ret = (struct doctor_tls){.verified = X509_V_OK};
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    ERR_clear_error();
    errno = 0;
    int result = SSL_set_fd(ssl, fd) == 1 ? SSL_connect(ssl) : -1;
    ret->is_done = result == 1;
    if (!ret->is_done)
        note_reason(ssl, result, ret);
    ret->verified = SSL_get_verify_result(ssl);
    (void)snprintf(ret->version, sizeof ret->version, "%s", SSL_get_version(ssl));
    find_end(ssl, ret);
    ERR_clear_error();
}
