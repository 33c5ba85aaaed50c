"""What v1.0 of Graph calls things: bodies and events of beta, turned by hand; shares no code with
the worker."""

ROOT = "/v1.0/identityGovernance/entitlementManagement/"
ASSIGN, RESOURCE = ROOT + "assignmentRequests", ROOT + "resourceRequests"
NESTED = {"assignmentState": "state", "assignmentStatus": "status",
          "accessPackageResourceEnvironment": "environment",
          "accessPackageAssignmentPolicy": "assignmentPolicy"}


def camel(word):
    return word[:1].lower() + word[1:]


def as_v1(body):
    """A beta body as v1.0 has it; isValidationOnly stays, which is the event's own word."""
    turned = {}
    for name, value in body.items():
        if name == "requestType":
            turned[name] = camel(value)
        elif name == "catalogId":
            turned["catalog"] = {"id": value}
        elif name in ("accessPackageAssignment", "accessPackageResource"):
            inner = {NESTED.get(n, n): v for n, v in value.items()}
            turned[camel(name.removeprefix("accessPackage"))] = inner
        else:
            turned[name] = value
    return turned
