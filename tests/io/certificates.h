#pragma once

#include <stdbool.h>

/* An authority and certificates of the test's own, made at run time and good for a day. */

/* Writes DIR/ca.pem and DIR/ca.key. */
bool certificates_make_authority(const char *dir);

/* Writes DIR/NAME.pem and DIR/NAME.key, signed by DIR's authority, for the hosts of `alt_names` in
 * OpenSSL's form ("DNS:localhost", "IP:127.0.0.1,DNS:x"). */
bool certificates_make(const char *dir, const char *name, const char *alt_names);

/* A certificate that signs itself, as one for an app registration does. */
struct certificate_kind {
    bool elliptic; /* a key on P-256; else RSA */
    int bits;      /* RSA; 0: 2048 */
    int from_days, to_days;
    const char *passphrase; /* of the key; NULL: none */
};

/* Writes DIR/NAME.pem and DIR/NAME.key. */
bool certificates_make_own(const char *dir, const char *name, const struct certificate_kind *kind);
