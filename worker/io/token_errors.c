#include "worker/io/token_errors.h"

#include <string.h>

#define CLOUD "graph.cloud: the tenant is in another cloud; choose global, usgov, dod or china"
#define SCOPE \
    "graph.base_url: Entra gives no token for this host; is it Graph's? Else set graph.scope"
#define AWAY "Entra is not available at the moment"

const struct token_error token_errors[] = {
    /* The secret. */
    {"7000215", "graph.client_secret: Entra refuses it; is it the secret's value, not its id?",
     false},
    {"7000222", "graph.client_secret: it has expired; make a new one in the app registration",
     false},
    {"70002", "graph.client_secret: it is not this application's; make a new one", false},
    {"7000232",
     "graph.auth: the client id is of a managed identity, which has no secret; use "
     "managed-identity",
     false},
    {"7000218", "graph.auth: Entra found no credential in the request; is this the right kind?",
     false},
    {"700025",
     "graph.client_id: the app registration is a public client, which has no credentials; turn off "
     "\"Allow public client flows\"",
     false},
    /* The certificate. */
    {"700027",
     "graph.certificate_file: Entra does not take its signature; upload this certificate to the "
     "app registration, or see whether it has expired",
     false},
    {"700030", "graph.certificate_file: its subject name is not allowed for this application",
     false},
    {"7000214", "graph.certificate_file: the certificate was revoked; make and upload a new one",
     false},
    {"1000502",
     "graph.certificate_file: the certificate is not valid now; renew it, or set the clock right",
     false},
    {"700024",
     "graph.auth: the signed statement is too old or too new for Entra; set this machine's clock "
     "right, or see who renews graph.federated_token_file",
     false},
    {"700021", "graph.client_id: the signed statement is of another application", false},
    {"700023",
     "graph.authority_host: the signed statement is for another address than Entra's own, or the "
     "scope is of no resource",
     false},
    {"50012", "graph.certificate_file: Entra cannot check the signature; was it uploaded?", false},
    {"50013", "graph.auth: Entra does not take the signed statement; is its issuer known there?",
     false},
    {"50027", "graph.federated_token_file: it holds no token that Entra can read", false},
    {"900384", "graph.federated_token_file: its signature is wrong; is the issuer's key public?",
     false},
    /* The federated token. */
    {"70021",
     "graph.federated_token_file: no federated credential of the app registration fits the token; "
     "compare issuer, subject and audience",
     false},
    {"700211",
     "graph.federated_token_file: no federated credential has the token's issuer; set it to the "
     "cluster's OIDC issuer URL",
     false},
    {"700212",
     "graph.federated_token_file: no federated credential has the token's audience; it is "
     "api://AzureADTokenExchange by default",
     false},
    {"700213",
     "graph.federated_token_file: no federated credential has the token's subject; it is "
     "system:serviceaccount:NAMESPACE:NAME",
     false},
    {"700229", "graph.federated_token_file: the token speaks for a user; an application's is due",
     false},
    /* The application. */
    {"700016",
     "graph.client_id: the tenant knows no such application; compare it and graph.tenant_id with "
     "the app registration",
     false},
    {"700011", "graph.client_id: the tenant knows no such application", false},
    {"7000229",
     "graph.client_id: the application is not installed in this tenant; an administrator has to "
     "consent to it",
     false},
    {"70001", "graph.client_id: the application is disabled or not in this tenant", false},
    {"7000112", "graph.client_id: the application is disabled; enable it in Enterprise apps",
     false},
    {"1000031",
     "graph.client_id: the application cannot be used at this time; ask the tenant's "
     "administrator",
     false},
    {"501051", "graph.client_id: the application has no role in Graph; assign one", false},
    {"65001", "graph.client_id: nobody has consented to the application's permissions", false},
    {"90094", "graph.client_id: an administrator has to consent to the application's permissions",
     false},
    /* The tenant and its cloud. */
    {"90002",
     "graph.tenant_id: Entra knows no such tenant; if it is of a national cloud, set graph.cloud",
     false},
    {"900023", "graph.tenant_id: it is neither a tenant's id nor a domain name", false},
    {"50128", "graph.tenant_id: it is no domain that Entra knows", false},
    {"90019", "graph.tenant_id: Entra cannot tell the tenant from it", false},
    {"50194", "graph.tenant_id: a tenant's own id is due, not common or organizations", false},
    {"90038", CLOUD, false},
    {"90051", CLOUD, false},
    {"900382", CLOUD, false},
    {"900432", CLOUD, false},
    /* What the token is for. */
    {"1002012", SCOPE, false},
    {"70011", SCOPE, false},
    {"700022", SCOPE, false},
    {"500011", SCOPE, false},
    {"50001", SCOPE, false},
    /* Policies. */
    {"53003",
     "a Conditional Access policy of the tenant blocks the application; ask for an exclusion, or "
     "run the worker where the policy lets it",
     false},
    {"530032", "a security policy of the tenant blocks the application", false},
    {"530035", "the security defaults of the tenant block the application", false},
    /* What passes. */
    {"50196", "Entra has seen too many requests for a token; they come from more than one worker",
     true},
    {"90055", "Entra throttles the tenant", true},
    {"90006", AWAY, true},
    {"90012", AWAY, true},
    {"90024", AWAY, true},
    {"90033", AWAY, true},
    {"90090", AWAY, true},
};
const size_t token_errors_count = sizeof token_errors / sizeof token_errors[0];

const char *token_error_name(const char *error)
{
    static const char *const names[] = {
        "invalid_request",  "invalid_client",       "invalid_grant",
        "invalid_scope",    "unauthorized_client",  "unsupported_grant_type",
        "access_denied",    "server_error",         "temporarily_unavailable",
        "invalid_resource", "interaction_required", "consent_required",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], error) == 0)
            return names[i];
    return "an error of another name";
}

const struct token_error *token_error_find(const char *code, size_t size)
{
    for (size_t i = 0; i < token_errors_count; i++)
        if (strlen(token_errors[i].code) == size && memcmp(token_errors[i].code, code, size) == 0)
            return &token_errors[i];
    return NULL;
}
