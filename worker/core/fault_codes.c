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
    {"contradiction", "Name one person, not two."},
    /* What this worker may do (policy.h). */
    {"notAllowed", "Ask the operator of the worker: the policy setting does not allow it."},
    {"delegatedOnly", "Send the Admin request, or let a worker with a person's token do it."},
    /* What came of the calls to Graph (graph_error.h, graph_answer.h, look.h). */
    {"graphUnreachable", "Nothing was sent; send the event again once Graph can be reached."},
    {"connectionLost", "The connection broke after the request had left; see the outcome."},
    {"timeout", "No answer came in time; see the outcome, and graph.timeout."},
    {"throttled", "Graph has too much to do; the worker waits by itself."},
    {"tokenRefused", "Ask the operator of the worker: Graph refuses its access token."},
    {"badGateway", "What stands before Graph has failed; see the outcome."},
    {"redirected", "Ask the operator of the worker to check graph.base_url."},
    {"notGraph", "Ask the operator of the worker: something answers in Graph's place."},
    {"unreadableAnswer", "Graph's answer was not the JSON that it documents; see the outcome."},
    {"claimStale", "The worker was too slow to send it safely; nothing was sent."},
    {"dryRunNotEchoed", "Look the request up in Graph: the dry run may have been a grant."},
    {"openRequest", "Wait for the open request, or cancel it, then send the event again."},
    {"outcomeUnknown", "Look the request up in Graph before you send it again."},
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
