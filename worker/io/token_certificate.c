#include "worker/io/token_certificate.h"

#include "config/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A file as it was read, and the setting that named it. */
struct source {
    const char *option, *path;
    struct file file;
};

static bool read_source(struct source *source, struct error *error)
{
    struct error why = {0};
    if (file_read(&source->file, source->path, TOKEN_CERTIFICATE_BYTES_MAX, &why) == FILE_IS_READ)
        return true;
    return error_set(error, "%s: file %s: %s", source->option, source->path, why.text);
}

/* OpenSSL would ask the terminal. */
static int on_passphrase(char *ret, int size, int writes, void *asked)
{
    (void)ret, (void)size, (void)writes;
    *(bool *)asked = true;
    return -1;
}

static bool read_key(const struct source *source, EVP_PKEY **ret, struct error *error)
{
    bool asked = false;
    BIO *bio = BIO_new_mem_buf(source->file.text, (int)source->file.size);
    *ret = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asked) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (asked)
        return error_set(error,
                         "%s: file %s: the key has a passphrase, and there is nobody to type it; "
                         "write it without one (openssl pkey)",
                         source->option, source->path);
    if (*ret == NULL)
        return error_set(error,
                         "%s: file %s: no private key can be read from it; PEM is due, with a line "
                         "BEGIN PRIVATE KEY, here or in the file of graph.private_key_file",
                         source->option, source->path);
    if (EVP_PKEY_is_a(*ret, "RSA") != 1 || EVP_PKEY_get_bits(*ret) < TOKEN_KEY_BITS_LEAST)
        return error_set(error, "%s: file %s: the key is not RSA with %d bits or more",
                         source->option, source->path, TOKEN_KEY_BITS_LEAST);
    return true;
}

/* The first certificate that the key belongs to; NULL: there is none. `ret_any`: but others. */
static X509 *find_certificate(const struct source *source, const EVP_PKEY *key, bool *ret_any)
{
    BIO *bio = BIO_new_mem_buf(source->file.text, (int)source->file.size);
    X509 *found = NULL;
    *ret_any = false;
    while (bio != NULL && (found = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        *ret_any = true;
        if (X509_check_private_key(found, key) == 1)
            break;
        X509_free(found);
    }
    BIO_free(bio);
    ERR_clear_error();
    return found;
}

static int64_t wall_ms_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static bool say_time(const struct source *source, const char *what, int64_t wall_ms,
                     const char *advice, struct error *error)
{
    char day[32] = "";
    struct tm parts;
    time_t time_s = (time_t)(wall_ms / 1000);
    if (gmtime_r(&time_s, &parts) != NULL)
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return error_set(error, "%s: file %s: the certificate %s %s; %s", source->option, source->path,
                     what, day, advice);
}

static bool take(const struct source *source, const X509 *x509, int64_t now_wall_ms,
                 struct token_certificate *ret, struct error *error)
{
    unsigned size = 0;
    int64_t starts_wall_ms = wall_ms_of(X509_get0_notBefore(x509));
    ret->expires_wall_ms = wall_ms_of(X509_get0_notAfter(x509));
    if (now_wall_ms >= ret->expires_wall_ms)
        return say_time(source, "has expired at", ret->expires_wall_ms,
                        "make a new one and upload it to the app registration", error);
    if (now_wall_ms < starts_wall_ms)
        return say_time(source, "is valid only from", starts_wall_ms,
                        "is the clock of this machine right?", error);
    if (X509_digest(x509, EVP_sha256(), ret->thumbprint, &size) != 1 ||
        size != TOKEN_THUMBPRINT_SIZE)
        return error_set(error, "%s: file %s: no thumbprint can be made of the certificate",
                         source->option, source->path);
    return true;
}

static bool join(const struct source *certificate, const struct source *key, int64_t now_wall_ms,
                 struct token_certificate *ret, struct error *error)
{
    bool any = false;
    if (!read_key(key, &ret->key, error))
        return false;
    X509 *x509 = find_certificate(certificate, ret->key, &any);
    if (x509 == NULL)
        return any ? error_set(error, "%s: file %s: the private key in %s is not the certificate's",
                               certificate->option, certificate->path, key->path)
                   : error_set(error,
                               "%s: file %s: no certificate can be read from it; PEM is due, with "
                               "a line BEGIN CERTIFICATE",
                               certificate->option, certificate->path);
    bool good = take(certificate, x509, now_wall_ms, ret, error);
    X509_free(x509);
    return good;
}

bool token_certificate_read(const struct settings *settings, int64_t now_wall_ms,
                            struct token_certificate *ret, struct error *error)
{
    const char *key_path = settings->graph.private_key_file;
    struct source certificate = {.option = "graph.certificate_file",
                                 .path = settings->graph.certificate_file};
    struct source key = {.option = "graph.private_key_file", .path = key_path};
    bool apart = key_path[0] != '\0';
    *ret = (struct token_certificate){0};
    bool good = read_source(&certificate, error) && (!apart || read_source(&key, error)) &&
                join(&certificate, apart ? &key : &certificate, now_wall_ms, ret, error);
    file_finish(&certificate.file);
    file_finish(&key.file);
    if (!good)
        token_certificate_finish(ret);
    return good;
}

void token_certificate_finish(struct token_certificate *certificate)
{
    EVP_PKEY_free(certificate->key); /* wipes it */
    certificate->key = NULL;
}
