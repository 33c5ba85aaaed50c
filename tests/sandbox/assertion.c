#include "tests/sandbox/assertion.h"

#include "tests/sandbox/body.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_MAX   8192 // bytes of one part of a JWT
#define LIFE_MAX_S 600  // Entra's document: five to ten minutes
#define SKEW_S     300  // and how far clocks may be apart

static struct assertion_problem bad(int number, const char *message)
{
    return (struct assertion_problem){number, message};
}

static const struct assertion_problem GOOD = {0, NULL};

// A JWT: three parts of base64url with dots between.
struct jwt {
    cJSON *header;
    cJSON *claims;
    unsigned char signature[PART_MAX];
    size_t signature_size;
    size_t signed_size; // of the text in front of the second dot
};

// Base64url without padding. False: it is none, or too long.
static bool decode(const char *text, size_t size, unsigned char *ret, size_t *ret_size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int count = 0;
    *ret_size = 0;
    if (size == 0 || size % 4 == 1 || size / 4 * 3 + 2 > PART_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const char *at = text[i] == '\0' ? NULL : strchr(alphabet, text[i]);
        if (at == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            ret[(*ret_size)++] = (unsigned char)(bits >> count);
        }
    }
    return (bits & ((1U << count) - 1)) == 0;
}

static cJSON *decode_json(const char *text, size_t size)
{
    unsigned char bytes[PART_MAX];
    size_t length = 0;
    const char *why = NULL;
    return decode(text, size, bytes, &length) ? json_parse((char *)bytes, length, &why) : NULL;
}

static bool jwt_read(const char *text, struct jwt *ret)
{
    size_t header = strcspn(text, ".");
    const char *claims = text + header + (text[header] == '.');
    size_t claims_size = strcspn(claims, ".");
    const char *signature = claims + claims_size + (claims[claims_size] == '.');
    *ret = (struct jwt){.signed_size = header + 1 + claims_size};
    ret->header = decode_json(text, header);
    ret->claims = decode_json(claims, claims_size);
    return ret->header != NULL && ret->claims != NULL &&
           decode(signature, strlen(signature), ret->signature, &ret->signature_size);
}

static void jwt_finish(struct jwt *jwt)
{
    cJSON_Delete(jwt->header);
    cJSON_Delete(jwt->claims);
}

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    return text == NULL ? "" : text;
}

static bool thumbprint_is(const X509 *certificate, const char *thumbprint)
{
    unsigned char wanted[PART_MAX];
    unsigned char has[EVP_MAX_MD_SIZE];
    size_t size = 0;
    unsigned has_size = 0;
    return decode(thumbprint, strlen(thumbprint), wanted, &size) &&
           X509_digest(certificate, EVP_sha256(), has, &has_size) == 1 && has_size == size &&
           memcmp(has, wanted, size) == 0;
}

// The registered certificate that the header names; NULL: there is none.
static X509 *find_certificate(const char *path, const char *thumbprint)
{
    FILE *file = fopen(path, "re");
    X509 *found = NULL;
    while (file != NULL && (found = PEM_read_X509(file, NULL, NULL, NULL)) != NULL &&
           !thumbprint_is(found, thumbprint)) {
        X509_free(found);
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool signature_good(X509 *certificate, const struct jwt *jwt, const char *text)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *way = NULL;
    bool good = EVP_DigestVerifyInit(context, &way, EVP_sha256(), NULL,
                                     X509_get0_pubkey(certificate)) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(way, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(way, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(way, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                EVP_DigestVerify(context, jwt->signature, jwt->signature_size,
                                 (const unsigned char *)text, jwt->signed_size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static struct assertion_problem check_signature(const struct jwt *jwt, const char *text,
                                                const char *path)
{
    const cJSON *header = jwt->header;
    if (strcmp(text_of(header, "alg"), "PS256") != 0 ||
        strcmp(text_of(header, "typ"), "JWT") != 0) {
        return bad(50027, "The JWT header must have alg PS256 and typ JWT.");
    }
    X509 *certificate = find_certificate(path, text_of(header, "x5t#S256"));
    if (certificate == NULL) {
        return bad(700027, "The certificate with the given thumbprint is not registered.");
    }
    bool expired = X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
    bool good = signature_good(certificate, jwt, text);
    X509_free(certificate);
    return expired ? bad(700027, "The key was found, and it has expired.")
           : good  ? GOOD
                   : bad(700027, "Client assertion failed signature validation.");
}

static bool times_good(const cJSON *claims)
{
    const cJSON *begin = cJSON_GetObjectItemCaseSensitive(claims, "nbf");
    const cJSON *issued = cJSON_GetObjectItemCaseSensitive(claims, "iat");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(claims, "exp");
    double now_s = (double)clock_ms() / 1000;
    if (!cJSON_IsNumber(begin) || !cJSON_IsNumber(issued) || !cJSON_IsNumber(end)) {
        return false;
    }
    return begin->valuedouble <= now_s + SKEW_S && issued->valuedouble <= now_s + SKEW_S &&
           end->valuedouble > now_s && end->valuedouble - begin->valuedouble <= LIFE_MAX_S;
}

// True: it was not there before, and is now.
static bool ids_add(struct assertion_ids *ids, const char *id)
{
    if (id[0] == '\0' || strlen(id) >= sizeof ids->ids[0]) {
        return false;
    }
    for (size_t i = 0; i < ASSERTIONS_MAX; i++) {
        if (strcmp(ids->ids[i], id) == 0) {
            return false;
        }
    }
    copy_text(ids->ids[ids->count++ % ASSERTIONS_MAX], sizeof ids->ids[0], id);
    return true;
}

static struct assertion_problem check_claims(const cJSON *claims, const struct assertion *assertion,
                                             struct assertion_ids *ids)
{
    if (strcmp(text_of(claims, "aud"), assertion->audience) != 0) {
        return bad(700023, "Client assertion audience claim does not match Realm issuer.");
    }
    if (strcmp(text_of(claims, "iss"), assertion->client_id) != 0 ||
        strcmp(text_of(claims, "sub"), assertion->client_id) != 0) {
        return bad(700021, "Client assertion application identifier doesn't match 'client_id'.");
    }
    if (!times_good(claims)) {
        return bad(700024, "Client assertion is not within its valid time range.");
    }
    if (!ids_add(ids, text_of(claims, "jti"))) {
        return bad(50013, "The assertion has no jti, or one that was used before.");
    }
    return GOOD;
}

// The first line of the file, byte for byte.
static bool federated_is(const char *path, const char *text)
{
    char line[PART_MAX] = "";
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
    bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    line[strcspn(line, "\r\n")] = '\0';
    return read && line[0] != '\0' && strcmp(line, text) == 0;
}

struct assertion_problem assertion_check(const struct assertion *assertion,
                                         const struct assertion_rules *rules,
                                         struct assertion_ids *ids)
{
    struct jwt jwt;
    struct assertion_problem problem =
        bad(70021, "No matching federated identity record found for presented assertion.");
    if (federated_is(rules->federated, assertion->text)) {
        return GOOD;
    }
    if (rules->certificates[0] == '\0') {
        return problem;
    }
    if (jwt_read(assertion->text, &jwt)) {
        problem = check_signature(&jwt, assertion->text, rules->certificates);
        if (problem.number == 0) {
            problem = check_claims(jwt.claims, assertion, ids);
        }
    } else {
        problem = bad(50027, "JWT token is invalid or malformed.");
    }
    jwt_finish(&jwt);
    return problem;
}
