#!/usr/bin/env python3
"""What the sandbox refuses: bodies, addresses, tokens of other people."""
import json

from sandbox_client import *

OPTION = {
    "@odata.type": "#microsoft.graph.accessPackageAnswerString",
    "value": "x",
    "answeredQuestion": {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "id": guid(9),
    },
}
SITE = {"originId": "https://contoso.sharepoint.com/sites/a", "originSystem": "SharePointOnline"}
V1 = {"requestType": "adminAdd", "assignment": assignment()["accessPackageAssignment"]}

# name, path, body, status, error code
BODIES = [
    ("plain add", ASSIGN, assignment(), 201, ""),
    ("seven digits", ASSIGN, assignment(expirationDateTime="2027-01-01T00:00:00.1234567Z"), 201,
     ""),
    ("an offset", ASSIGN, assignment(expirationDateTime="2027-01-01T00:00:00+02:00"), 201, ""),
    ("eight digits", ASSIGN, assignment(expirationDateTime="2027-01-01T00:00:00.12345678Z"), 400,
     "InvalidModel"),
    ("February 30th", ASSIGN, assignment(expirationDateTime="2027-02-30T00:00:00Z"), 400,
     "InvalidModel"),
    ("by e-mail", ASSIGN, assignment(nested={"targetId": None,
     "target": {"email": "a@b.example"}}), 201, ""),
    ("by object id", ASSIGN, assignment(nested={"targetId": None,
     "target": {"objectId": guid(5)}}), 201, ""),
    ("answers", ASSIGN, assignment(answers=[OPTION]), 201, ""),
    ("answer untyped", ASSIGN, assignment(answers=[without(OPTION, "@odata.type")]), 400,
     "InvalidModel"),
    ("question untyped", ASSIGN, assignment(answers=[{**OPTION,
     "answeredQuestion": {"id": guid(9)}}]), 400, "InvalidModel"),
    ("schedule", ASSIGN, assignment(nested={"schedule": {"startDateTime": "2027-01-01T00:00:00Z",
     "recurrence": None, "expiration": {"type": "afterDuration", "duration": "P365D"}}}), 201, ""),
    ("schedule unknown", ASSIGN, assignment(nested={"schedule": {"start": "x"}}), 400,
     "InvalidModel"),
    ("annotation", ASSIGN,
     assignment(**{"@odata.type": "#microsoft.graph.accessPackageAssignmentRequest"}), 201, ""),
    ("null text", ASSIGN, assignment(justification=None), 201, ""),
    ("unknown member", ASSIGN, assignment(color="red"), 400, "InvalidModel"),
    ("unknown nested", ASSIGN, assignment(nested={"color": "red"}), 400, "InvalidModel"),
    ("case of a member", ASSIGN, assignment(IsValidationOnly=True), 400, "InvalidModel"),
    ("case of the type", ASSIGN, assignment(requestType="adminAdd"), 400, "InvalidModel"),
    ("no type", ASSIGN, without(assignment(), "requestType"), 400, "InvalidModel"),
    ("system type", ASSIGN, assignment(requestType="SystemAdd"), 400, "InvalidModel"),
    ("v1.0 shape", ASSIGN, V1, 400, "InvalidModel"),
    ("flag as text", ASSIGN, assignment(isValidationOnly="true"), 400, "InvalidModel"),
    ("flag as number", ASSIGN, assignment(isValidationOnly=1), 400, "InvalidModel"),
    ("flag as null", ASSIGN, assignment(isValidationOnly=None), 400, "InvalidModel"),
    ("justification number", ASSIGN, assignment(justification=5), 400, "InvalidModel"),
    ("read-only id", ASSIGN, assignment(id=guid(8)), 400, "InvalidModel"),
    ("read-only state", ASSIGN, assignment(requestState="Submitted"), 400, "InvalidModel"),
    ("read-only created", ASSIGN, assignment(createdDateTime="2027-01-01T00:00:00Z"), 400,
     "InvalidModel"),
    ("read-only completed", ASSIGN, assignment(completedDate=None), 400, "InvalidModel"),
    ("no nested", ASSIGN, {"requestType": "AdminAdd"}, 400, "InvalidModel"),
    ("nested is text", ASSIGN, {"requestType": "AdminAdd", "accessPackageAssignment": "x"}, 400,
     "InvalidModel"),
    ("no policy", ASSIGN, assignment(nested={"assignmentPolicyId": None}), 400, "InvalidModel"),
    ("no target", ASSIGN, assignment(nested={"targetId": None}), 400, "InvalidModel"),
    ("no package", ASSIGN, assignment(nested={"accessPackageId": None}), 400, "InvalidModel"),
    ("target no GUID", ASSIGN, assignment(nested={"targetId": "me"}), 400, "InvalidModel"),
    ("remove without id", ASSIGN, assignment(requestType="AdminRemove"), 400, "InvalidModel"),
    ("update without id", ASSIGN, assignment(requestType="AdminUpdate"), 400, "InvalidModel"),
    ("remove nothing", ASSIGN, removal(guid(77)), 404, "InvalidRequestNoActiveGrant"),
    ("update nothing", ASSIGN, {**removal(guid(77)), "requestType": "AdminUpdate", "id": guid(1)},
     404, "InvalidRequestNoActiveGrant"),
    ("user needs delegation", ASSIGN, assignment(requestType="UserAdd"), 403, "Forbidden"),
    ("a resource's flag", ASSIGN, assignment(executeImmediately=True), 400, "InvalidModel"),
    ("a list", ASSIGN, "[1]", 400, "InvalidModel"),
    ("empty body", ASSIGN, "", 400, "BadRequest"),
    ("half a body", ASSIGN, '{"a":', 400, "BadRequest"),
    ("rest behind", ASSIGN, json.dumps(assignment()) + "x", 400, "BadRequest"),
    ("doubled flag", ASSIGN,
     json.dumps(assignment())[:  - 1] + ',"isValidationOnly":true,"isValidationOnly":false}', 400,
     "BadRequest"),
    ("bad UTF-8", ASSIGN, json.dumps(assignment(justification="@@")).encode().replace(b"@@",
     b"\xff\xfe"), 400, "BadRequest"),
    ("byte order mark", ASSIGN, b"\xef\xbb\xbf" + json.dumps(assignment()).encode(), 400,
     "BadRequest"),
    ("raw newline in text", ASSIGN, json.dumps(assignment(justification="@@")).replace("@@", "\n"),
     400, "BadRequest"),
    ("NUL in text", ASSIGN, json.dumps(assignment(justification="@@")).replace("@@", "\\u0000"),
     400, "BadRequest"),
    ("leading zero", ASSIGN, json.dumps(assignment())[:  - 1] + ',"a@b":01}', 400, "BadRequest"),
    ("deep", ASSIGN, json.dumps(assignment())[:  - 1] + ',"a@b":' + "[" * 60 + "]" * 60 + "}", 400,
     "BadRequest"),
    ("escaped backslash", ASSIGN, json.dumps(assignment(justification='a\\u0000 " é \u20ac')), 201,
     ""),
    ("plain resource", RESOURCE, resource(), 201, ""),
    ("immediately", RESOURCE, resource(executeImmediately=True, justification="j"), 201, ""),
    ("immediately as text", RESOURCE, resource(executeImmediately="true"), 400, "InvalidModel"),
    ("site", RESOURCE, resource(nested=SITE), 201, ""),
    ("site without address", RESOURCE, resource(nested={"originSystem": "SharePointOnline"}), 400,
     "InvalidModel"),
    ("environment bound", RESOURCE,
     resource(nested={"accessPackageResourceEnvironment@odata.bind": "x/1"}), 201, ""),
    ("environment inline", RESOURCE,
     resource(nested={"accessPackageResourceEnvironment": {"originId": "y"}}), 201, ""),
    ("attributes", RESOURCE, resource(nested={"attributes": [{"attributeName": "n",
     "isEditable": True}]}), 201, ""),
    ("attributes v1.0", RESOURCE, resource(nested={"attributes": [{"name": "n"}]}), 400,
     "InvalidModel"),
    ("wrong system", RESOURCE, resource(nested={"originSystem": "Group"}), 400,
     "ArgumentException"),
    ("no system", RESOURCE, resource(nested={"originSystem": None}), 400, "ArgumentException"),
    ("no origin", RESOURCE, resource(nested={"originId": None}), 400, "InvalidModel"),
    ("origin no GUID", RESOURCE, resource(nested={"originId": "g"}), 400, "InvalidModel"),
    ("origin too long", RESOURCE, resource(nested={**SITE, "originId": "https://" + "a" * 600}),
     400, "InvalidModel"),
    ("no catalog", RESOURCE, without(resource(), "catalogId"), 400, "InvalidModel"),
    ("v1.0 catalog", RESOURCE, {**without(resource(), "catalogId"), "catalog": {"id": CATALOG}},
     400, "InvalidModel"),
    ("user type", RESOURCE, resource(requestType="UserAdd"), 400, "InvalidModel"),
    ("remove what is not there", RESOURCE, resource(requestType="AdminRemove"), 404,
     "ResourceNotFound"),
    ("remove nothing at all", RESOURCE, resource(nested={"originId": None},
     requestType="AdminRemove"), 400, "InvalidModel"),
]

# name, method, path, headers, status, error code
ROUTES = [
    ("ref", "POST", ASSIGN + "/$ref", {}, 405, "MethodNotAllowed"),
    ("ref of resources", "POST", RESOURCE + "/$ref", {}, 405, "MethodNotAllowed"),
    ("new path", "PUT", ROOT + "assignmentRequests", {}, 405, "MethodNotAllowed"),
    ("v1.0", "POST", ASSIGN.replace("/beta", "/v1.0"), {}, 404, "ResourceNotFound"),
    ("case of the path", "POST", ASSIGN.lower(), {}, 404, "ResourceNotFound"),
    ("slash behind", "POST", ASSIGN + "/", {}, 404, "ResourceNotFound"),
    ("delete", "DELETE", ASSIGN, {}, 405, "MethodNotAllowed"),
    ("no token", "POST", ASSIGN, {"Authorization": None}, 401, "InvalidAuthenticationToken"),
    ("wrong token", "POST", ASSIGN, {"Authorization": "Bearer X"}, 401,
     "InvalidAuthenticationToken"),
    ("no bearer", "POST", ASSIGN, {"Authorization": "Basic T"}, 401, "InvalidAuthenticationToken"),
    ("no type", "POST", ASSIGN, {"Content-Type": "text/plain"}, 415, "UnsupportedMediaType"),
    ("type with charset", "POST", ASSIGN, {"Content-Type": "application/json; charset=utf-8"}, 201,
     ""),
    ("look without token", "GET", ASSIGN, {"Authorization": None}, 401,
     "InvalidAuthenticationToken"),
    ("id is no GUID", "GET", ASSIGN + "/5", {}, 400, "BadRequest"),
    ("id unknown", "GET", ASSIGN + "/" + guid(1), {}, 404, "ResourceNotFound"),
]


class BodiesTest(SandboxCase):
    def test_bodies(self):
        for name, path, body, status, code in BODIES:
            with self.subTest(name):
                self.box.reset()
                answer = self.box.post(path, body)
                self.assertEqual(
                    (status, code),
                    (answer.status, "" if status == 201 else answer.code),
                    answer.raw,
                )
                self.assertEqual(status == 201, len(self.applied()) == 1)
                located = path == RESOURCE and status == 400
                self.assertEqual(located, "Location" in answer.headers)

    def test_routes(self):
        for name, method, path, headers, status, code in ROUTES:
            with self.subTest(name):
                body = None if method == "GET" else assignment()
                answer = self.box.call(method, path, body, headers)
                self.assertEqual(
                    (status, code),
                    (answer.status, "" if status == 201 else answer.code),
                    answer.raw,
                )
                self.assertEqual(status == 401, "WWW-Authenticate" in answer.headers)

    def test_ids_and_error_shape(self):
        answer = self.box.post(ASSIGN, assignment(color=1), headers={"client-request-id": "mine"})
        error = answer.json["error"]
        self.assertEqual("mine", answer.headers["client-request-id"])
        self.assertEqual("mine", error["innerError"]["client-request-id"])
        self.assertEqual(answer.headers["request-id"], error["innerError"]["request-id"])
        self.assertTrue(answer.headers["Date"] and error["message"] and error["innerError"]["date"])

    def test_too_large(self):
        answer = self.box.post(ASSIGN, assignment(justification="x" * (3 << 20)))
        self.assertEqual(413, answer.status)
        self.assertEqual([], self.applied())


    def test_unknown_members_allowed(self):
        self.box.settings(unknown_members=True)
        answer = self.box.post(ASSIGN, assignment(color="red", isValidationOnly=True))
        self.assertEqual((201, "red"), (answer.status, answer.json["color"]))


if __name__ == "__main__":
    unittest.main()
