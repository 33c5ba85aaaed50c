/* kafka.brokers: can they be found, reached and believed? What librdkafka says of that is short. */
#include "worker/doctor_kafka.h"
#include "worker/doctor_net.h"
#include "worker/io/kafka_conf.h"
#include "worker/io/redis_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PORT_DEFAULT = 9092, VALUE_SIZE = 1024 };

/* How librdkafka connects, as far as it matters here. */
struct way {
    bool tls, checks_trust, checks_name;
    char authorities[VALUE_SIZE]; /* ssl.ca.location, "": the system's store */
};

static void get(const rd_kafka_conf_t *conf, const char *name, char ret[VALUE_SIZE])
{
    size_t size = VALUE_SIZE;
    if (rd_kafka_conf_get(conf, name, ret, &size) != RD_KAFKA_CONF_OK)
        ret[0] = '\0';
}

static bool read_way(const struct settings *settings, struct way *ret, struct error *error)
{
    char value[VALUE_SIZE], pem[VALUE_SIZE];
    rd_kafka_conf_t *conf = kafka_conf_plain(settings, RD_KAFKA_CONSUMER, error);
    if (conf == NULL)
        return false;
    get(conf, "security.protocol", value);
    ret->tls = strcmp(value, "ssl") == 0 || strcmp(value, "sasl_ssl") == 0;
    get(conf, "ssl.ca.location", ret->authorities);
    get(conf, "ssl.ca.pem", pem);
    get(conf, "enable.ssl.certificate.verification", value);
    /* Authorities that stand in the settings themselves are librdkafka's to read. */
    ret->checks_trust = strcmp(value, "true") == 0 && pem[0] == '\0';
    get(conf, "ssl.endpoint.identification.algorithm", value);
    ret->checks_name = strcmp(value, "https") == 0;
    rd_kafka_conf_destroy(conf);
    return true;
}

/* ---- TLS ---- */

static bool load_authorities(SSL_CTX *context, const struct way *way)
{
    const char *place = way->authorities;
    if (place[0] == '\0' || strcmp(place, "probe") == 0)
        return SSL_CTX_set_default_verify_paths(context) == 1;
    struct stat file;
    if (stat(place, &file) == 0 && S_ISDIR(file.st_mode))
        return SSL_CTX_load_verify_dir(context, place) == 1;
    return SSL_CTX_load_verify_file(context, place) == 1;
}

static SSL *create_ssl(const struct way *way, const char *host, struct diagnosis *ret)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool good = context != NULL && (!way->checks_trust || load_authorities(context, way));
    SSL *ssl = good ? SSL_new(context) : NULL;
    SSL_CTX_free(context); /* the SSL holds it from here on */
    if (ssl != NULL && (!way->checks_name || redis_tls_expect_host(ssl, host)))
        return ssl;
    SSL_free(ssl);
    diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                      "ssl.ca.location in kafka.librdkafka: %.200s has no certificates in PEM form "
                      "that can be read",
                      way->authorities[0] != '\0' ? way->authorities : "the system's store");
    ERR_clear_error();
    return NULL;
}

static bool is_of_name(long verified)
{
    return verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

static void judge_refusal(const struct endpoint *broker, const struct doctor_tls *tls,
                          struct diagnosis *ret)
{
    const char *words = X509_verify_cert_error_string(tls->verified);
    if (is_of_name(tls->verified))
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "the certificate is for another host (%s); write a name that it has into "
                          "kafka.brokers, not %s",
                          words, broker->host);
    else if (tls->verified == X509_V_ERR_CERT_HAS_EXPIRED ||
             tls->verified == X509_V_ERR_CERT_NOT_YET_VALID)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "%s; have it renewed, and look at this machine's clock", words);
    else
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "no authority that we know has signed the certificate (%s); set "
                          "ssl.ca.location in kafka.librdkafka to the one that has",
                          words);
}

static void judge_tls(const struct way *way, const struct endpoint *broker,
                      const struct doctor_tls *tls, struct diagnosis *ret)
{
    if (tls->has_certificate && tls->verified != X509_V_OK &&
        (is_of_name(tls->verified) ? way->checks_name : way->checks_trust))
        judge_refusal(broker, tls, ret);
    else if (tls->has_certificate)
        diagnosis_of_certificate(ret, tls->version, tls->days);
    else
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "TLS does not come about (%s); does that port speak TLS, and does "
                          "security.protocol in kafka.librdkafka fit it?",
                          tls->reason);
}

/* ---- one broker ---- */

static void look_at_tls(const struct way *way, const struct endpoint *broker, int fd,
                        struct diagnosis *ret)
{
    struct doctor_tls tls;
    SSL *ssl = create_ssl(way, broker->host, ret);
    if (ssl == NULL)
        return;
    doctor_shake_hands(ssl, fd, &tls);
    SSL_free(ssl);
    judge_tls(way, broker, &tls, ret);
}

/* True: librdkafka will get through as well. */
static bool look_at_broker(struct doctor_job *job, const struct way *way,
                           const struct endpoint *broker)
{
    struct diagnosis diagnosis;
    char name[ENDPOINT_NAME_SIZE];
    struct addrinfo *addresses = doctor_look_up(job, CHECK_KAFKA_DNS, broker);
    if (addresses == NULL)
        return false;
    int fd = doctor_connect(job, addresses, &diagnosis);
    freeaddrinfo(addresses);
    if (fd >= 0 && way->tls)
        look_at_tls(way, broker, fd, &diagnosis);
    else if (fd >= 0)
        diagnosis_good(&diagnosis, "it can be reached, without TLS");
    endpoint_name(broker, name);
    doctor_tell(job, CHECK_KAFKA_CONNECTION, name, &diagnosis);
    if (fd >= 0)
        (void)close(fd);
    return diagnosis.mark == DIAGNOSIS_GOOD;
}

bool doctor_look_at_brokers(struct doctor_job *job)
{
    struct way way = {0};
    struct error error = {0};
    struct diagnosis diagnosis;
    struct str list = str_of(job->settings->kafka.brokers), one;
    bool found = false;
    if (!read_way(job->settings, &way, &error))
        return true; /* the client will not come about either, and says why */
    for (size_t i = 0; i < DOCTOR_BROKERS_MAX && endpoint_next(&list, &one); i++) {
        struct endpoint broker;
        if (endpoint_read(one, PORT_DEFAULT, &broker)) {
            found = look_at_broker(job, &way, &broker) || found;
            continue;
        }
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED,
                          "kafka.brokers: \"%.*s\" is not host:port; correct it",
                          (int)(one.size < 200 ? one.size : 200), one.data);
        doctor_tell(job, CHECK_KAFKA_CONNECTION, "", &diagnosis);
    }
    if (found)
        doctor_forgive(job, "another broker will do");
    return found;
}
