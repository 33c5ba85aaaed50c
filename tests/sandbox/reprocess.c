// POST …/accessPackageAssignmentRequests/{id}/reprocess: 202 without a body, 404 for an id that is
// unknown, 400 for one that is none. What has not failed, and a body, it refuses too: the service
// says that it is for failed requests, and takes no body.

#include "tests/sandbox/call.h"

void reprocess_post(struct sandbox *sandbox, struct call *call)
{
    char id[GUID_SIZE];
    int64_t since_ms = 0;
    if (!graph_authorized(sandbox, call)) {
        return;
    }
    if (!guid_valid(call->segment)) {
        answer_error(call, 400, "BadRequest", "The id is no GUID.");
        return;
    }
    guid_lower(call->segment, id);
    struct request *request = state_request_to_change(&sandbox->state, KIND_ASSIGNMENT, id);
    if (request == NULL) {
        answer_error(call, 404, "ResourceNotFound", "The request was not found.");
        return;
    }
    const char *state = request->life == NULL ? "Delivered"
                                              : life_state(request->life, request->again,
                                                           request->life_ms, clock_ms(), &since_ms);
    if (call->body.size > 0 || !life_state_has_failed(state)) {
        answer_error(call, 400, "InvalidRequest", "The request cannot be reprocessed.");
        return;
    }
    request->again = true;
    request->life_ms = clock_ms();
    call->applied = true;
    call->answer.status = 202;
}
