#include "worker/io/token_assertion.h"

#include "worker/core/base64.h"
#include "worker/core/json_writer.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { SIGNATURE_MAX = 2048 }; /* bytes: keys of up to 16,384 bits, the most that OpenSSL takes */

/* Base64 with the alphabet for URLs, without padding (RFC 7515, 2). */
static void put_base64url(struct buffer *out, const void *bytes, size_t size)
{
    char *text = malloc(base64_length(size) + 1);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    size_t length = base64_encode(bytes, size, text);
    while (length > 0 && text[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    buffer_put(out, text, length);
    free(text);
}

static void put_header(struct buffer *out, const struct token_certificate *certificate)
{
    struct buffer thumbprint, json;
    buffer_init(&thumbprint, 64);
    buffer_init(&json, 256);
    put_base64url(&thumbprint, certificate->thumbprint, sizeof certificate->thumbprint);
    json_begin_object(&json, NULL);
    json_put_text(&json, "alg", str_of("PS256"));
    json_put_text(&json, "typ", str_of("JWT"));
    json_put_text(&json, "x5t#S256", (struct str){thumbprint.data, thumbprint.size});
    json_end_object(&json);
    put_base64url(out, json.data, json.size);
    out->failed = out->failed || json.failed || thumbprint.failed;
    buffer_finish(&thumbprint);
    buffer_finish(&json);
}

static void put_claims(struct buffer *out, const struct token_assertion *assertion)
{
    struct buffer json;
    buffer_init(&json, TOKEN_ASSERTION_BYTES_MAX / 2);
    json_begin_object(&json, NULL);
    json_put_text(&json, "aud", str_of(assertion->audience));
    json_put_text(&json, "iss", str_of(assertion->client_id));
    json_put_text(&json, "sub", str_of(assertion->client_id));
    json_put_text(&json, "jti", str_of(assertion->id));
    json_put_integer(&json, "nbf", assertion->now_s);
    json_put_integer(&json, "iat", assertion->now_s);
    json_put_integer(&json, "exp", assertion->now_s + TOKEN_ASSERTION_LIFE_S);
    json_end_object(&json);
    put_base64url(out, json.data, json.size);
    out->failed = out->failed || json.failed;
    buffer_finish(&json);
}

/* PS256: RSA-PSS with SHA-256 for the text and the mask, and a salt as long as the hash
 * (RFC 7518, 3.5). */
static bool sign(EVP_PKEY *key, struct str text, unsigned char *ret, size_t *ret_size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *way = NULL; /* belongs to the context */
    bool done =
        context != NULL && EVP_DigestSignInit(context, &way, EVP_sha256(), NULL, key) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(way, RSA_PKCS1_PSS_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md(way, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(way, RSA_PSS_SALTLEN_DIGEST) == 1 &&
        EVP_DigestSign(context, ret, ret_size, (const unsigned char *)text.data, text.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return done;
}

char *token_assertion_make(const struct token_assertion *assertion,
                           const struct token_certificate *certificate, struct error *error)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t size = sizeof signature;
    struct buffer out;
    buffer_init(&out, TOKEN_ASSERTION_BYTES_MAX);
    put_header(&out, certificate);
    buffer_put_text(&out, ".");
    put_claims(&out, assertion);
    if (!out.failed && !sign(certificate->key, (struct str){out.data, out.size}, signature, &size))
        out.failed = true;
    buffer_put_text(&out, ".");
    put_base64url(&out, signature, out.failed ? 0 : size);
    char *text = buffer_take(&out, NULL);
    buffer_finish(&out);
    if (text == NULL)
        error_set(error, "graph.private_key_file: OpenSSL cannot sign with this key");
    return text;
}
