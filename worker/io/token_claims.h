#pragma once

/* A claims challenge: Graph answers 401 and says in WWW-Authenticate what the next token has to
 * have (facts: graph 5). We do not declare the capability (cp1) that makes Graph send them for
 * continuous access evaluation, so they are rare; they are answered all the same, once. */

enum { TOKEN_CLAIMS_MAX = 4096 }; /* of the JSON; real ones have 100 to 300 bytes */

/* Reads one value of that header. The JSON that its parameter `claims` holds, for the caller to
 * free; NULL: there is no such parameter, or it is no base64 of a JSON object. */
char *token_claims_read(const char *challenge);
