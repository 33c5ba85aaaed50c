#!/usr/bin/env python3
"""The sandbox's v1.0: as strict as beta, and without a dry run."""
from sandbox_client import *
from v1 import ASSIGN as V1_ASSIGN
from v1 import RESOURCE as V1_RESOURCE
from v1 import ROOT as V1_ROOT
from v1 import as_v1


def add(nested=None, **more):
    return as_v1(assignment(nested=nested, **more))


def group(nested=None, **more):
    return as_v1(resource(nested=nested, **more))


SCHEDULE = {"startDateTime": "2027-01-01T00:00:00Z", "recurrence": None,
            "expiration": {"type": "afterDuration", "duration": "P30D"}}
ANSWER = {"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": "x",
          "answeredQuestion": {
              "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": guid(9)}}

# name, path, body, status, error code
BODIES = [
    ("plain add", V1_ASSIGN, add(), 201, ""),
    ("all that there is", V1_ASSIGN, add(nested={"schedule": SCHEDULE}, justification="j",
     schedule=SCHEDULE, answers=[ANSWER]), 201, ""),
    ("by e-mail", V1_ASSIGN, add(nested={"targetId": None,
     "target": {"email": "a@b.example", "subjectType": "user"}}), 201, ""),
    ("a dry run", V1_ASSIGN, add(isValidationOnly=True), 400, "InvalidModel"),
    ("no dry run", V1_ASSIGN, add(isValidationOnly=False), 400, "InvalidModel"),
    ("a dry run in other case", V1_ASSIGN, add(isvalidationonly=True), 400, "InvalidModel"),
    ("a dry run of a resource", V1_RESOURCE, group(isValidationOnly=True), 400, "InvalidModel"),
    ("beta's body", V1_ASSIGN, assignment(), 400, "InvalidModel"),
    ("beta's resource", V1_RESOURCE, resource(), 400, "InvalidModel"),
    ("beta's type", V1_ASSIGN, {**add(), "requestType": "AdminAdd"}, 400, "InvalidModel"),
    ("userExtend", V1_ASSIGN, {**add(), "requestType": "userExtend"}, 400, "InvalidModel"),
    ("beta's end", V1_ASSIGN, add(expirationDateTime="2027-01-01T00:00:00Z"), 400, "InvalidModel"),
    ("beta's catalog in an assignment", V1_ASSIGN, add(nested={"catalogId": CATALOG}), 400,
     "InvalidModel"),
    ("beta's target type", V1_ASSIGN, add(nested={"target": {"type": "User"}}), 400,
     "InvalidModel"),
    ("beta's organisation", V1_ASSIGN, add(nested={"target": {"connectedOrganizationId":
     guid(8)}}), 400, "InvalidModel"),
    ("read-only state", V1_ASSIGN, add(state="submitted"), 400, "InvalidModel"),
    ("read-only completed", V1_ASSIGN, add(completedDateTime=None), 400, "InvalidModel"),
    ("read-only id", V1_ASSIGN, add(id=guid(8)), 400, "InvalidModel"),
    ("no assignment", V1_ASSIGN, {"requestType": "adminAdd"}, 400, "InvalidModel"),
    ("no policy", V1_ASSIGN, add(nested={"assignmentPolicyId": None}), 400, "InvalidModel"),
    ("no target", V1_ASSIGN, add(nested={"targetId": None}), 400, "InvalidModel"),
    ("remove nothing", V1_ASSIGN, as_v1(removal(guid(77))), 404, "InvalidRequestNoActiveGrant"),
    ("remove without id", V1_ASSIGN, add(requestType="AdminRemove"), 400, "InvalidModel"),
    ("user needs delegation", V1_ASSIGN, add(requestType="UserAdd"), 403, "Forbidden"),
    ("plain resource", V1_RESOURCE, group(), 201, ""),
    ("attributes", V1_RESOURCE, group(nested={"attributes": [{"name": "n", "isEditable": True}]}),
     201, ""),
    ("beta's attributes", V1_RESOURCE, group(nested={"attributes": [{"attributeName": "n"}]}), 400,
     "InvalidModel"),
    ("a resource's reason", V1_RESOURCE, group(justification="j"), 400, "InvalidModel"),
    ("immediately", V1_RESOURCE, group(executeImmediately=True), 400, "InvalidModel"),
    ("beta's url", V1_RESOURCE, group(nested={"url": "x"}), 400, "InvalidModel"),
    ("beta's catalog", V1_RESOURCE, {**without(group(), "catalog"), "catalogId": CATALOG}, 400,
     "InvalidModel"),
    ("more of a catalog", V1_RESOURCE, {**group(), "catalog": {"id": CATALOG, "x": 1}}, 400,
     "InvalidModel"),
    ("no catalog", V1_RESOURCE, without(group(), "catalog"), 400, "InvalidModel"),
    ("wrong system", V1_RESOURCE, group(nested={"originSystem": "Group"}), 400,
     "ArgumentException"),
    ("v1.0 on beta", ASSIGN, add(), 400, "InvalidModel"),
    ("v1.0 on beta's new path", ROOT + "assignmentRequests", add(), 400, "InvalidModel"),
    ("beta on its new path", ROOT + "assignmentRequests", assignment(), 201, ""),
    ("beta's path on v1.0", V1_ROOT + "accessPackageAssignmentRequests", add(), 404,
     "ResourceNotFound"),
]


class V1Test(SandboxCase):
    def test_bodies(self):
        for name, path, body, status, code in BODIES:
            with self.subTest(name):
                self.box.reset()
                answer = self.box.post(path, body)
                self.assertEqual((status, code),
                                 (answer.status, "" if status == 201 else answer.code), answer.raw)
                self.assertEqual(status == 201, len(self.applied()) == 1)

    def test_the_ledger_says_the_version(self):
        self.box.post(ASSIGN, assignment(isValidationOnly=True))
        self.box.post(V1_ASSIGN, add())
        self.box.post(V1_RESOURCE, group())
        self.assertEqual([("dry_run", "beta", "AdminAdd"), ("submit", "v1.0", "adminAdd"),
                          ("submit", "v1.0", "adminAdd")],
                         [(e["op"], e["version"], e["requestType"]) for e in self.box.ledger()])

    def test_answers_in_its_shape(self):
        made = self.box.post(V1_ASSIGN, add()).json
        self.assertEqual(("adminAdd", "submitted", None),
                         (made["requestType"], made["state"], made["completedDateTime"]))
        self.assertTrue({"requestState", "isValidationOnly", "expirationDateTime"}.isdisjoint(made))
        self.assertIn("/v1.0/$metadata#", made["@odata.context"])
        made = self.box.post(V1_RESOURCE, group()).json
        self.assertEqual(("adminAdd", "delivered"), (made["requestType"], made["state"]))
        self.assertTrue({"resource", "requestStatus", "catalogId"}.isdisjoint(made))

    def test_both_show_the_same(self):
        made = self.box.post(V1_ASSIGN, add()).json
        beta = self.box.call("GET", f"{ASSIGN}/{made['id']}").json
        self.assertEqual(("AdminAdd", "Delivered"), (beta["requestType"], beta["requestState"]))
        expand = "accessPackage,assignment($expand=target)"
        found = self.box.find(V1_ASSIGN, filter=f"accessPackage/id eq '{PACKAGE}'", expand=expand)
        row, = found.json["value"]
        self.assertEqual(("delivered", guid(1), "user"),
                         (row["state"], row["assignment"]["target"]["objectId"],
                          row["assignment"]["target"]["subjectType"]))
        for path, name, status in ((V1_ASSIGN, "state", 200), (V1_ASSIGN, "requestState", 400),
                                   (ASSIGN, "requestState", 200), (ASSIGN, "state", 400)):
            answer = self.box.find(path, filter=f"{name} eq 'delivered'")
            self.assertEqual(status, answer.status, answer.raw)
        self.assertEqual(409, self.box.post(ASSIGN, assignment(isValidationOnly=True)).status)

    def test_a_lax_one_grants_at_a_dry_run(self):
        """Why no dry run may go there."""
        self.box.settings(unknown_members=True)
        self.assertEqual(201, self.box.post(V1_ASSIGN, add(isValidationOnly=True)).status)
        entry, = self.applied()
        self.assertEqual(("submit", "v1.0"), (entry["op"], entry["version"]))


if __name__ == "__main__":
    unittest.main()
