#include "worker/core/fault_codes.h"

#include <string.h>

const struct fault_code fault_codes[] = {
    /* The value (json_gate.h, json_read.h). */
    {"nullValue", "Send a JSON object; a tombstone asks for nothing."},
    {"emptyValue", "Send a JSON object; the value has no bytes."},
    {"tooLarge", "Send at most 1 MiB."},
    {"schemaRegistryFrame", "Send plain JSON, without a schema-registry serializer."},
    {"compressed", "Send plain JSON, and let the producer's compression.type compress it."},
    {"byteOrderMark", "Send JSON without a byte order mark."},
    {"invalidUtf8", "Send UTF-8; the sentence names the first byte that is not."},
    {"controlCharacter", "Write control characters as escapes, such as \\n."},
    {"nulEscape", "Take \\u0000 out of the string."},
    {"loneSurrogate", "Write both halves of a surrogate pair, or the character in UTF-8."},
    {"invalidNumber", "Write numbers as JSON has them: no 01, +1, 1., .5, NaN or Infinity."},
    {"unsafeInteger", "Send integers beyond 2^53 - 1 as strings."},
    {"trailingData", "Send one JSON value and nothing after it."},
    {"tooDeep", "Nest objects and arrays at most 32 deep."},
    {"duplicateMember", "Send each member of an object once."},
    {"notJson", "Send JSON; the sentence names the byte where it stops being that."},
    {"notObject", "Send a JSON object, not a list, a text or a number."},
    /* The event. */
    {"contentType", "Send application/cloudevents+json or application/json, in UTF-8."},
    {"missingAttribute", "Send specversion, id, source and type, none of them empty."},
    {"duplicateAttribute", "Send each ce_ header once."},
    {"invalidAttribute", "Send at most 256 bytes of UTF-8 without control characters."},
    {"specVersion", "Send CloudEvents 1.0."},
    {"unknownType", "Send one of the two types that are worked on."},
    {"invalidTime", "Send an RFC 3339 time with a zone."},
    {"dataBase64", "Send the JSON object itself as data."},
    /* Its data. */
    {"missingMember", "Send the member that the sentence names."},
    {"wrongType", "Send the member in the JSON type that the sentence names."},
    {"memberCase", "Write the member as it is documented, capitals included."},
    {"requestType", "Send a requestType that a client may send, in Graph's spelling."},
    {"invalidGuid", "Send a GUID without braces."},
    {"mixedVersions",
     "Write all of data as Graph's beta has it, or all of it as v1.0; the sentence names two that "
     "do not fit."},
    {"notTranslated",
     "Leave out the member that the sentence names; the other version of Graph has none."},
    {"contradiction", "Name one person, one package, one organisation, not two."},
    /* What this worker may do (policy.h). */
    {"notAllowed", "Ask the operator of the worker: the policy setting does not allow it."},
    {"unknownTenant", "Set the event's `tenant` to the name of a tenant of this worker."},
    {"delegatedOnly", "Send the Admin request, or let a worker with a person's token do it."},
    /* What was known of it before (claim.h). */
    {"idConflict", "Give each event an id of its own; this one's body is not the first one's."},
    {"storedUnreadable", "Ask the operator: the answer that Redis keeps cannot be read."},
    {"claimUnreadable", "Ask the operator: a newer worker may have written the event's key."},
    {"crashLoop",
     "Ask the operator: three workers ended while they had it; only a replay tries it again."},
    {"redisRefused", "Ask the operator: Redis cannot use the event's key."},
    /* What came of it (graph_error.h, graph_answer.h); http answers that are not Graph's. */
    {"expired", "Send a new event; expirytime passed before the real request was sent."},
    {"dryRunNotEchoed", "Look it up in Graph: the dry run may have been a grant."},
    {"openRequest",
     "Wait until the request that is open in Graph has ended, then send a new event."},
    {"outcomeUnknown",
     "Look it up in Graph before asking again; the real request may have happened."},
    {"graphUnreachable", "Send a new event later; the call was not sent."},
    {"claimStale", "Send a new event later; the call came too late to be sent."},
    {"connectionLost", "Look it up in Graph if the outcome is unknown; the answer was lost."},
    {"timeout", "Look it up in Graph if the outcome is unknown; the answer did not come in time."},
    {"throttled", "Send a new event later; Graph asked for a pause."},
    {"tokenRefused", "Ask the operator: Graph refuses the worker's access token."},
    {"badGateway", "Look it up in Graph if the outcome is unknown; a gateway has answered."},
    {"notGraph", "Ask the operator: graph.base_url is wrong, or a proxy answers."},
    {"redirected", "Ask the operator: graph.base_url leads elsewhere."},
    {"unreadableAnswer", "Look it up in Graph; its answer cannot be read."},
    /* Of a status only (follow_look.h). */
    {"notFound", "Look it up in Graph; it did not show the request when it was asked for it."},
    {"noGraphId", "Look it up in Graph by package and target; its answer did not name it."},
    {"rejected", "Read the sentence beside it; nothing more is known."},
    {"failed", "Send a new event later; the real request did not happen."},
    {"unknown", "Look it up in Graph before asking again; the real request may have happened."},
};

const size_t fault_codes_count = sizeof fault_codes / sizeof fault_codes[0];

const struct fault_code *fault_code_find(const char *code)
{
    for (size_t i = 0; i < fault_codes_count; i++) {
        if (strcmp(fault_codes[i].code, code) == 0)
            return &fault_codes[i];
    }
    return NULL;
}
