#!/usr/bin/env python3
"""The description of Graph by which all calls of the e2e tests are judged: sound, and strict."""
import copy
import json
import tempfile
import unittest
from pathlib import Path

import openapi_spec_validator
import yaml

import sandbox_client
from openapi_check import DESCRIPTION, GOOD, GUID, HEADERS, ROOT, Judge, call
from sandbox_client import Sandbox

RESOURCE = {"isValidationOnly": False, "requestType": "AdminAdd", "catalogId": GUID,
            "accessPackageResource": {"originId": GUID, "originSystem": "AadGroup"}}
V1 = {"requestType": "adminAdd", "assignment": {
    "targetId": GUID, "assignmentPolicyId": GUID, "accessPackageId": GUID}}
A, R = "accessPackageAssignment", "accessPackageResource"
ANSWER = {"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": "yes",
          "answeredQuestion": {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                               "id": GUID}}


def changed(body, path, value):
    """With the member at `path` replaced; Ellipsis takes it out."""
    body = copy.deepcopy(body)
    *outer, last = path.split(".")
    node = body
    for step in outer:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return body


def schedule(**expiration):
    return {"startDateTime": "2026-04-01T00:00:00Z", "recurrence": None, "expiration": expiration}


GOOD_BODIES = [
    (GOOD, "justification", None), (GOOD, "isValidationOnly", False),
    (GOOD, A, {"target": {"email": "a@b.example"}, "assignmentPolicyId": GUID,
               "accessPackageId": GUID}),
    (GOOD, f"{A}.schedule", schedule(type="afterDuration", duration="P90DT1H")),
    (GOOD, f"{A}.schedule", schedule(type="afterDateTime", endDateTime="2026-05-01T00:00:00Z")),
    (GOOD, "answers", [ANSWER]),
    (RESOURCE, "executeImmediately", True),
    (RESOURCE, R, {"originId": "https://a.sharepoint.com/sites/x",
                   "originSystem": "SharePointOnline"}),
]
BAD_BODIES = [
    (GOOD, "isValidationOnly", "true"), (GOOD, "isValidationOnly", None),
    (GOOD, "isvalidationonly", True), (GOOD, "requestType", "adminAdd"),
    (GOOD, "requestType", "SystemAdd"), (GOOD, "requestType", ...), (GOOD, "requestType", "UserX"),
    (GOOD, A, ...), (GOOD, A, None), (GOOD, "id", GUID), (GOOD, "requestState", "x"),
    (GOOD, "requestStatus", "x"), (GOOD, "createdDateTime", "2026-01-01T00:00:00Z"),
    (GOOD, "completedDate", "2026-01-01T00:00:00Z"), (GOOD, "unknown", 1),
    (GOOD, "justification", 5), (GOOD, "expirationDateTime", "2026-01-01"),
    (GOOD, "expirationDateTime", "2026-02-30T00:00:00Z"),
    (GOOD, f"{A}.targetId", ...), (GOOD, f"{A}.targetId", "{" + GUID + "}"),
    (GOOD, f"{A}.assignmentPolicyId", ...), (GOOD, f"{A}.accessPackageId", ...),
    (GOOD, f"{A}.assignmentState", "Delivered"),
    (GOOD, f"{A}.schedule", schedule(type="AfterDuration", duration="P1D")),
    (GOOD, f"{A}.schedule", schedule(type="afterDuration", duration="1 day")),
    (GOOD, f"{A}.schedule", schedule(type="afterDateTime", endDateTime="2026-05-01")),
    (GOOD, "answers", [{"value": "yes"}]), (GOOD, "requestType", "AdminRemove"),
    (RESOURCE, "catalogId", ...), (RESOURCE, R, ...), (RESOURCE, f"{R}.originId", ...),
    (RESOURCE, f"{R}.originId", "sales"), (RESOURCE, f"{R}.originSystem", "aadGroup"),
    (RESOURCE, "requestType", "UserAdd"), (RESOURCE, "catalog", {"id": GUID}),
]


V1_RESOURCE = {"requestType": "adminAdd", "catalog": {"id": GUID},
               "resource": {"originId": GUID, "originSystem": "AadGroup"}}
GOOD_BODIES_OF_V1 = [
    (V1, "justification", "x"), (V1, "assignment.schedule", schedule(type="noExpiration")),
    (V1, "assignment.target", {"email": "a@b.example", "subjectType": "user"}),
    (V1, "answers", [ANSWER]), (V1_RESOURCE, "resource.attributes", [{"name": "n"}]),
]
BAD_BODIES_OF_V1 = [
    (V1, "isValidationOnly", True), (V1, "isValidationOnly", False),
    (V1, "requestType", "AdminAdd"),
    (V1, "requestType", "userExtend"), (V1, "expirationDateTime", "2027-01-01T00:00:00Z"),
    (V1, A, V1["assignment"]), (V1, "assignment", ...), (V1, "state", "submitted"),
    (V1, "assignment.catalogId", GUID), (V1, "assignment.target", {"type": "User"}),
    (V1, "assignment.targetId", ...), (V1, "assignment.state", "delivered"),
    (V1_RESOURCE, "isValidationOnly", True), (V1_RESOURCE, "justification", "x"),
    (V1_RESOURCE, "executeImmediately", True), (V1_RESOURCE, "catalogId", GUID),
    (V1_RESOURCE, "catalog", ...), (V1_RESOURCE, "catalog", {"id": GUID, "x": 1}),
    (V1_RESOURCE, "resource.url", "x"), (V1_RESOURCE, "resource.originId", "sales"),
    (V1_RESOURCE, "resource.attributes", [{"attributeName": "n"}]),
]


def post_to_v1(body):
    last = "resourceRequests" if "resource" in body else "assignmentRequests"
    return call(body, path=ROOT.replace("beta", "v1.0") + last)


def post(body, **more):
    kind = "Resource" if "catalogId" in body or R in body else "Assignment"
    return call(body, f"accessPackage{kind}Requests", **more)


class OpenApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.judge = Judge()

    def assert_bad(self, recorded):
        self.assertIsNotNone(self.judge.problem(recorded), recorded)

    def test_the_description_is_one(self):
        openapi_spec_validator.validate(yaml.safe_load(DESCRIPTION.read_text("utf-8")))

    def test_good_bodies_pass(self):
        for body in (GOOD, RESOURCE, {"requestType": "AdminRemove", A: {"id": GUID}},
                     {"requestType": "UserAdd", A: {"accessPackageId": GUID}},
                     *(changed(*row) for row in GOOD_BODIES)):
            self.assertIsNone(self.judge.problem(post(body)), body)

    def test_bad_bodies_do_not(self):
        for row in BAD_BODIES:
            with self.subTest(row[1:]):
                self.assert_bad(post(changed(*row)))

    def test_the_rest_of_a_call(self):
        for name in HEADERS:
            headers = {n: v for n, v in HEADERS.items() if n != name}
            self.assert_bad(post(GOOD, headers=headers))
        self.assert_bad(post(GOOD, headers={**HEADERS, "authorization": "hidden"}))
        self.assert_bad(post(GOOD, headers={**HEADERS, "client-request-id": "7"}))
        self.assert_bad(post(GOOD, headers={**HEADERS, "content-type": "text/plain"}))
        self.assert_bad(post(GOOD, path=ROOT + "accessPackageAssignmentRequests/$ref"))
        self.assert_bad(post(GOOD, method="PUT"))
        self.assert_bad({**post(GOOD), "body": "{"})
        look = {"method": "GET", "path": ROOT + "accessPackageAssignments", "headers": HEADERS,
                "query": [["$filter", f"id eq '{GUID}'"]]}
        self.assertIsNone(self.judge.problem(look))
        self.assert_bad({**look, "query": [["$filter", "id eq"]]})
        self.assert_bad({**look, "query": look["query"] * 2})
        self.assert_bad({**look, "query": [["$fitler", f"id eq '{GUID}'"]]})

    def test_a_dry_run_is_none_of_v1(self):
        path = ROOT.replace("beta", "v1.0") + "assignmentRequests"
        self.assertIsNone(self.judge.problem(call(V1, path=path)))
        for value in (True, False):
            self.assert_bad(call({**V1, "isValidationOnly": value}, path=path))
        self.assert_bad(call(GOOD, path=path))

    def test_bodies_of_v1(self):
        for body in (V1, V1_RESOURCE, *(changed(*row) for row in GOOD_BODIES_OF_V1)):
            self.assertIsNone(self.judge.problem(post_to_v1(body)), body)
        for row in BAD_BODIES_OF_V1:
            with self.subTest(row[1:]):
                self.assert_bad(post_to_v1(changed(*row)))

    def test_what_the_sandbox_records(self):
        """Ids and reasons apart; a bad one among many of the good one's form is found."""
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder, "calls")
            box = Sandbox("--record", str(record))
            headers = {"client-request-id": GUID}
            bodies = [sandbox_client.assignment(n, justification=f"why {n}") for n in range(9)]
            bodies[4]["accessPackageAssignment"]["targetId"] += "0"
            for body in bodies:
                box.post(sandbox_client.ASSIGN, body, headers=headers)
            box.find(sandbox_client.ASSIGN, filter=f"id eq '{GUID}'", top=5)
            box.call("GET", "/sandbox/health")
            self.assertEqual(0, box.stop())
            lines = record.read_text("utf-8").splitlines(keepends=True)
        self.assertNotIn(" T", "".join(lines))  # the token
        self.assertEqual(bodies, [json.loads(json.loads(line)["body"]) for line in lines[:9]])
        self.assertEqual(10, len(lines))
        judge = Judge()
        problems = judge.judge([*lines, lines[0][:-1]])
        self.assertEqual((10, 3), (judge.calls, len(judge.forms)))
        self.assertEqual(2, len(problems), problems)  # the target, and the list's missing header
        self.assertIn("targetId", problems[0])


if __name__ == "__main__":
    unittest.main()
