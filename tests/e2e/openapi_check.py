"""Judges recorded calls by graph.openapi.yaml, with openapi-core: a reader that is not ours.

A recorded call is a line of `usher-sandbox --record`. A good one and a bad one are judged first: a
validator that lets everything pass, or nothing, would show nothing.
"""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

DESCRIPTION = Path(__file__).with_name("graph.openapi.yaml")
ROOT = "/beta/identityGovernance/entitlementManagement/"
GUID = "46184453-e63b-4f20-86c2-c557ed5d5df9"
IDS = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
# In the body's JSON, which is itself a text of the line's; only a plain one.
WHY = re.compile(r'(\\"justification\\": ?\\")[^"\\]*(?=\\")')
HEADERS = {"authorization": "Bearer hidden", "content-type": "application/json",
           "client-request-id": GUID}
GOOD = {"isValidationOnly": True, "requestType": "AdminAdd", "accessPackageAssignment": {
    "targetId": GUID, "assignmentPolicyId": GUID, "accessPackageId": GUID}}
BAD = {**GOOD, "isValidationOnly": "true"}


def call(body, last="accessPackageAssignmentRequests", **more):
    """A POST as it is recorded."""
    return {"method": "POST", "path": ROOT + last, "query": [], "headers": dict(HEADERS),
            "body": json.dumps(body), **more}


@dataclass
class Request:
    """A recorded call in openapi-core's words."""
    call: dict
    host_url = "http://graph.example"

    def __post_init__(self):
        self.path = self.call["path"]
        self.method = self.call["method"].lower()
        self.parameters = RequestParameters(query=ImmutableMultiDict(self.call["query"]),
                                            header=Headers(self.call["headers"]))
        self.content_type = self.call["headers"].get("content-type", "").split(";")[0]
        body = self.call.get("body")
        self.body = body.encode() if body is not None else None


class Judge:
    """The description, read once."""

    def __init__(self, on_purpose=None):
        """`on_purpose`: what is said of calls that are to be refused."""
        self.api = OpenAPI.from_file_path(str(DESCRIPTION))
        # OpenAPI has no word for "and no others".
        self.parameters = set(re.findall(r"name: (\S+), in: query", DESCRIPTION.read_text("utf-8")))
        self.calls = self.invalid = self.meant = 0
        self.on_purpose = on_purpose
        self.forms = {}  # what is wrong with each form of a call, or None
        assert self.problem(call(GOOD)) is None, self.problem(call(GOOD))
        assert self.problem(call(BAD)) is not None, "a body that is known to be bad passes"

    def problem(self, recorded):
        """What is wrong with it, or None."""
        names = [name for name, _ in recorded["query"]]
        if len(set(names)) < len(names) or not self.parameters.issuperset(names):
            return f"a parameter stands twice, or is not described: {names}"
        try:
            self.api.validate_request(Request(recorded))
        except OpenAPIError as error:
            return describe(error)
        return None

    def judge(self, lines):
        """What is wrong with recorded calls; a last line may be cut off. Calls that differ in ids
        and in their reason only are one form, which is judged once."""
        problems = []
        for line in lines:
            if not line.endswith("\n"):
                break
            self.calls += 1
            form = WHY.sub(r"\1why", IDS.sub(GUID, json.dumps(json.loads(line))))
            if form not in self.forms:
                self.forms[form] = self.problem(json.loads(form))
            if self.on_purpose and self.on_purpose in (self.forms[form] or ""):
                self.meant += 1
            elif self.forms[form] is not None:
                problems.append(f"{self.forms[form]}\n    {line.strip()[:1000]}")
        self.invalid += len(problems)
        return problems

    def line(self):
        meant = f", on purpose {self.meant}" if self.meant else ""
        return f"{self.calls} sent, in {len(self.forms)} forms, invalid {self.invalid}{meant}"


def describe(error):
    """What its schema says, then its sentences, cut short: a body may have
    1 MiB."""
    details, sentences = [], []
    while error is not None:
        sentences.append(f"{type(error).__name__}: {error}"[:300])
        for inner in getattr(error, "schema_errors", ()):
            place = "/".join(map(str, inner.absolute_path))
            details.append(f"{place}: ...{inner.message[-200:]}")
        error = error.__cause__
    return "; ".join(details + sentences)
