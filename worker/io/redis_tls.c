#include "worker/io/redis_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* OpenSSL's reason for what went wrong last. Empties its queue: what is left in there would be
 * taken for an error of the next read or write. */
static const char *take_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return reason != NULL ? reason : "unknown error";
}

static bool load_authorities(SSL_CTX *context, const char *file, struct error *error)
{
    if (file[0] == '\0') {
        if (SSL_CTX_set_default_verify_paths(context) == 1)
            return true;
        return error_set(error, "redis.tls_ca_file: the system's store cannot be read (%s)",
                         take_reason());
    }
    if (SSL_CTX_load_verify_file(context, file) == 1)
        return true;
    return error_set(error,
                     "redis.tls_ca_file: %s has no certificates in PEM form that can be read (%s)",
                     file, take_reason());
}

static bool load_own_certificate(SSL_CTX *context, const struct settings *settings,
                                 struct error *error)
{
    const char *certificate = settings->redis.tls_cert_file;
    const char *key = settings->redis.tls_key_file;

    if (certificate[0] == '\0' && key[0] == '\0')
        return true;
    if (certificate[0] == '\0' || key[0] == '\0')
        return error_set(error, "redis.tls_cert_file and redis.tls_key_file: set both or none");
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return error_set(
            error, "redis.tls_cert_file: %s has no certificate in PEM form that can be read (%s)",
            certificate, take_reason());
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return error_set(error,
                         "redis.tls_key_file: %s has no key that fits redis.tls_cert_file (%s)",
                         key, take_reason());
    return true;
}

static SSL_CTX *make_context(const struct settings *settings, struct error *error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        error_set(error, "redis.url: OpenSSL cannot start TLS (%s)", take_reason());
    } else if (load_authorities(context, settings->redis.tls_ca_file, error) &&
               load_own_certificate(context, settings, error)) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

bool redis_tls_expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

SSL *redis_tls_create(const struct settings *settings, const char *host, struct error *error)
{
    SSL_CTX *context = make_context(settings, error);

    if (context == NULL)
        return NULL;
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context); /* the SSL holds it from here on */
    if (ssl == NULL || !redis_tls_expect_host(ssl, host)) {
        error_set(error, "redis.url: TLS cannot expect the host %s (%s)", host, take_reason());
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

bool redis_tls_explain(const SSL *ssl, const struct settings *settings, const struct redis_url *url,
                       struct error *ret)
{
    long result = SSL_get_verify_result(ssl);
    const char *words = X509_verify_cert_error_string(result);
    const char *file = settings->redis.tls_ca_file;

    switch (result) {
    case X509_V_OK:
        return false;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        error_set(ret,
                  "redis.url: the certificate of %s is refused: %s is not among its names (%s)",
                  url->name, url->host, words);
        return true;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        error_set(ret, "redis.url: the certificate of %s is refused: %s", url->name, words);
        return true;
    default:
        error_set(ret,
                  "redis.tls_ca_file: the certificate of %s is refused: no authority of %s has "
                  "signed it (%s)",
                  url->name, file[0] != '\0' ? file : "the system's store", words);
        return true;
    }
}
