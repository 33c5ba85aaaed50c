#include "worker/io/digest.h"

#include <openssl/evp.h>
#include <stdatomic.h>

/* Looked up once: the look-up costs ten times the hash of a short text. It is kept until the
 * process ends. */
static const EVP_MD *sha256(void)
{
    static _Atomic(EVP_MD *) kept;
    EVP_MD *md = kept;
    if (md != NULL)
        return md;
    md = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD *first = NULL;
    if (atomic_compare_exchange_strong(&kept, &first, md))
        return md;
    EVP_MD_free(md);
    return first;
}

static bool digest_parts(EVP_MD_CTX *context, const struct str *parts, size_t count,
                         unsigned char ret[EVP_MAX_MD_SIZE])
{
    unsigned size = 0;

    if (context == NULL || EVP_DigestInit_ex(context, sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0 && EVP_DigestUpdate(context, parts[i].data, parts[i].size) != 1)
            return false;
    }
    return EVP_DigestFinal_ex(context, ret, &size) == 1 && size == (DIGEST_HEX_SIZE - 1) / 2;
}

bool digest_sha256_hex(const struct str *parts, size_t count, char ret[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = digest_parts(context, parts, count, bytes);

    EVP_MD_CTX_free(context);
    ret[0] = '\0';
    if (!done)
        return false;
    for (size_t i = 0; i < (DIGEST_HEX_SIZE - 1) / 2; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[DIGEST_HEX_SIZE - 1] = '\0';
    return true;
}
