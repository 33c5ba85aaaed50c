#include "tests/io/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { PATH_SIZE = 256, DAY_S = 24 * 60 * 60 };

static FILE *open_file(const char *dir, const char *name, const char *ending, const char *mode)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s.%s", dir, name, ending);
    return fopen(path, mode);
}

static bool write_pair(const char *dir, const char *name, X509 *certificate, EVP_PKEY *key,
                       const char *passphrase)
{
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;
    int size = passphrase != NULL ? (int)strlen(passphrase) : 0;
    FILE *out = open_file(dir, name, "pem", "w");
    bool written = out != NULL && PEM_write_X509(out, certificate) == 1;
    if (out != NULL)
        fclose(out);
    out = open_file(dir, name, "key", "w");
    written = written && out != NULL &&
              PEM_write_PrivateKey(out, key, cipher, (const unsigned char *)passphrase, size, NULL,
                                   NULL) == 1;
    if (out != NULL)
        fclose(out);
    return written;
}

static bool add_extension(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static X509 *start_certificate(const char *name, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    long serial = 0;

    if (certificate == NULL || getrandom(&serial, sizeof serial - 1, 0) < 0)
        return NULL;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    return certificate;
}

bool certificates_make_authority(const char *dir)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key != NULL ? start_certificate("test authority", key) : NULL;
    bool made =
        certificate != NULL &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
        X509_sign(certificate, key, EVP_sha256()) > 0 &&
        write_pair(dir, "ca", certificate, key, NULL);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

static bool sign(const char *dir, X509 *certificate, const char *alt_names)
{
    FILE *ca = open_file(dir, "ca", "pem", "r"), *ca_key = open_file(dir, "ca", "key", "r");
    X509 *issuer = ca != NULL ? PEM_read_X509(ca, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = ca_key != NULL ? PEM_read_PrivateKey(ca_key, NULL, NULL, NULL) : NULL;
    bool made = issuer != NULL && key != NULL &&
                X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
                add_extension(certificate, issuer, NID_subject_alt_name, alt_names) &&
                X509_sign(certificate, key, EVP_sha256()) > 0;

    X509_free(issuer);
    EVP_PKEY_free(key);
    if (ca != NULL)
        fclose(ca);
    if (ca_key != NULL)
        fclose(ca_key);
    return made;
}

bool certificates_make(const char *dir, const char *name, const char *alt_names)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key != NULL ? start_certificate(name, key) : NULL;
    bool made = certificate != NULL && sign(dir, certificate, alt_names) &&
                write_pair(dir, name, certificate, key, NULL);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

bool certificates_make_own(const char *dir, const char *name, const struct certificate_kind *kind)
{
    unsigned bits = kind->bits > 0 ? (unsigned)kind->bits : 2048;
    EVP_PKEY *key = kind->elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(bits);
    X509 *certificate = key != NULL ? start_certificate(name, key) : NULL;
    bool made =
        certificate != NULL &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), (long)kind->from_days * DAY_S) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), (long)kind->to_days * DAY_S) != NULL &&
        X509_sign(certificate, key, EVP_sha256()) > 0 &&
        write_pair(dir, name, certificate, key, kind->passphrase);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}
