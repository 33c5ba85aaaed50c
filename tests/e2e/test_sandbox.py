#!/usr/bin/env python3
"""What the sandbox remembers and shows: state, lists, ledger."""
import time

from sandbox_client import *

EXPAND = "accessPackage,requestor,accessPackageAssignment($expand=target)"
# name, path, options, status or number found (after the three rows of test_lists)
LISTS = [
    ("all", ASSIGN, {}, 3),
    ("by package", ASSIGN, {"filter": f"accessPackage/id eq '{PACKAGE}'", "expand": EXPAND}, 2),
    ("by package, not expanded", ASSIGN, {"filter": f"accessPackage/id eq '{PACKAGE}'"}, 400),
    ("by pair", ASSIGN,
     {"filter": f"accessPackage/id eq '{PACKAGE}' and requestor/objectId eq '{guid(2)}'",
     "expand": EXPAND}, 1),
    ("by state", ASSIGN, {"filter": "requestState eq 'Delivered'"}, 3),
    ("by time", ASSIGN, {"filter": "createdDateTime ge 2020-01-01T00:00:00Z"}, 3),
    ("by later time", ASSIGN, {"filter": "createdDateTime gt 2099-01-01T00:00:00Z"}, 0),
    ("time as text", ASSIGN, {"filter": "createdDateTime ge '2020-01-01T00:00:00Z'"}, 400),
    ("bad GUID", ASSIGN, {"filter": "accessPackage/id eq 'x'", "expand": EXPAND}, 400),
    ("GUID in capitals", ASSIGN, {"filter": f"accessPackage/id eq '{PACKAGE.upper()}'",
     "expand": EXPAND}, 2),
    ("unknown property", ASSIGN, {"filter": "color eq 'red'"}, 400),
    ("or", ASSIGN, {"filter": "requestState eq 'a' or requestState eq 'b'"}, 400),
    ("unknown option", ASSIGN, {"search": "x"}, 400),
    ("top", ASSIGN, {"top": "2"}, 2),
    ("top 0", ASSIGN, {"top": "0"}, 400),
    ("assignments", ROOT + "accessPackageAssignments",
     {"filter": f"accessPackage/id eq '{PACKAGE}' and target/objectId eq '{guid(1)}'"}, 1),
    ("assignments, new path", ROOT + "assignments", {"filter": f"target/objectId eq '{guid(1)}'",
     "expand": "target"}, 2),
    ("assignments of nobody", ROOT + "assignments", {"filter": f"target/objectId eq '{guid(99)}'"},
     0),
    ("resources", ROOT + f"accessPackageCatalogs/{CATALOG}/accessPackageResources",
     {"filter": f"originId eq '{guid(4)}'"}, 1),
    ("resources elsewhere", ROOT + f"accessPackageCatalogs/{PACKAGE}/accessPackageResources", {},
     0),
    ("resource requests", RESOURCE, {"filter": f"catalogId eq '{CATALOG}'",
     "expand": "accessPackageResource"}, 1),
    ("resource request by id's start", RESOURCE, {"filter": "startswith(id,'zz')"}, 0),
]


class StateTest(SandboxCase):
    def test_dry_run_then_real(self):
        for path, body in ((ASSIGN, assignment()), (RESOURCE, resource())):
            with self.subTest(path):
                dry = self.box.post(path, {**body, "isValidationOnly": True})
                self.assertEqual((201, True), (dry.status, dry.json["isValidationOnly"]))
                self.assertEqual(0, self.box.call("GET", "/sandbox/state").json["requests"])
                real = self.box.post(path, {**body, "isValidationOnly": False})
                self.assertEqual((201, False), (real.status, real.json["isValidationOnly"]))
                self.assertNotIn("accessPackageResource", real.json)
                read = self.box.call("GET", path + "/" + real.json["id"])
                self.assertEqual((200, "Delivered"), (read.status, read.json["requestState"]))
                self.box.reset()

    def test_duplicates(self):
        self.assertEqual(201, self.box.post(ASSIGN, assignment()).status)
        for more in ({}, {"isValidationOnly": True}):
            again = self.box.post(ASSIGN, assignment(**more))
            self.assertEqual((409, "InvalidRequestExistingGrant"), (again.status, again.code))
        self.box.settings(dry_run_sees_duplicates=False)
        self.assertEqual(201, self.box.post(ASSIGN, assignment(isValidationOnly=True)).status)
        upper = self.box.post(ASSIGN, assignment(nested={"targetId": guid(1).upper()}))
        self.assertEqual(409, upper.status)
        self.assertEqual(201, self.box.post(RESOURCE, resource()).status)
        again = self.box.post(RESOURCE, resource())
        self.assertEqual((400, "ResourceAlreadyOnboarded"), (again.status, again.code))
        self.assertEqual(2, len(self.applied()))

    def test_open_requests_and_removal(self):
        self.box.settings(deliver_after_ms=300)
        body = assignment()
        first = self.box.post(ASSIGN, body)
        self.assertEqual("Submitted", first.json["requestState"])
        second = self.box.post(ASSIGN, body)
        self.assertEqual((400, "InvalidRequest/ExistingOpenRequest"), (second.status, second.code))
        self.assertEqual(0, len(self.box.find(ROOT + "assignments").json["value"]))
        time.sleep(0.35)
        self.assertEqual(409, self.box.post(ASSIGN, body).status)
        number = self.box.find(ROOT + "assignments").json["value"][0]["id"]
        self.assertEqual(201, self.box.post(ASSIGN, removal(number)).status)
        again = self.box.post(ASSIGN, removal(number))
        self.assertEqual((400, "InvalidRequest/ExistingOpenRequest"), (again.status, again.code))
        time.sleep(0.35)
        gone = self.box.post(ASSIGN, removal(number))
        self.assertEqual((404, "InvalidRequestNoActiveGrant"), (gone.status, gone.code))
        self.assertEqual(
            "Expired", self.box.find(ROOT + "assignments").json["value"][0]["assignmentState"]
        )
        self.assertEqual(201, self.box.post(ASSIGN, body).status)

    def test_removal_of_a_resource(self):
        listing = ROOT + f"accessPackageCatalogs/{CATALOG}/accessPackageResources"
        by_id = {"requestType": "AdminRemove", "catalogId": CATALOG}
        for nested in ("id", "origin"):
            with self.subTest(nested):
                self.box.post(RESOURCE, resource())
                number = self.box.find(listing).json["value"][0]["id"]
                body = {**by_id, "accessPackageResource": {"id": number}}
                if nested == "id":
                    self.assertEqual(
                        404, self.box.post(RESOURCE, {**body, "catalogId": PACKAGE}).status
                    )
                else:
                    body = resource(requestType="AdminRemove")
                self.assertEqual(201, self.box.post(RESOURCE, body).status)
                self.assertEqual([], self.box.find(listing).json["value"])
                self.assertEqual(404, self.box.post(RESOURCE, body).status)

    def test_delegated(self):
        self.box.settings(delegated_user=guid(6))
        for kind, status in (
            ("UserUpdate", 404),
            ("UserAdd", 201),
            ("UserAdd", 409),
            ("UserExtend", 201),
        ):
            body = {"requestType": kind, "accessPackageAssignment": {"accessPackageId": PACKAGE}}
            self.assertEqual(status, self.box.post(ASSIGN, body).status, kind)
        row = self.box.find(ROOT + "assignments").json["value"][0]
        self.assertEqual(guid(6), row["targetId"])
        self.assertEqual(
            201, self.box.post(ASSIGN, {**removal(row["id"]), "requestType": "UserRemove"}).status
        )

    def test_lists(self):
        self.box.post(ASSIGN, assignment(1))
        self.box.post(ASSIGN, assignment(2))
        self.box.post(ASSIGN, assignment(1, nested={"accessPackageId": guid(50)}))
        self.box.post(RESOURCE, resource(4))
        for name, path, options, expected in LISTS:
            with self.subTest(name):
                answer = self.box.find(path, **options)
                found = len(answer.json["value"]) if answer.status == 200 else answer.status
                self.assertEqual(expected, found, answer.raw)

    def test_expand_select_and_order(self):
        for number in (1, 2):
            self.box.post(ASSIGN, assignment(number, justification='w"\u20ac'))
            time.sleep(0.002)
        rows = self.box.find(ASSIGN, expand=EXPAND, orderby="createdDateTime desc").json["value"]
        self.assertEqual([guid(2), guid(1)], [row["requestor"]["objectId"] for row in rows])
        self.assertEqual(PACKAGE, rows[0]["accessPackage"]["id"])
        self.assertEqual(guid(2), rows[0]["accessPackageAssignment"]["target"]["objectId"])
        self.assertEqual('w"\u20ac', rows[0]["justification"])
        self.assertEqual(
            [{"id", "requestState"}] * 2,
            [set(row) for row in self.box.find(ASSIGN, select="id,requestState").json["value"]],
        )

    def test_pages(self):
        for number in range(205):
            self.box.post(ASSIGN, assignment(number), fresh=False)
        path, seen, pages = ASSIGN + "?$filter=requestState%20eq%20'Delivered'&$select=id", set(), 0
        while path:
            page = self.box.call("GET", path).json
            seen.update(row["id"] for row in page["value"])
            pages += 1
            link = page.get("@odata.nextLink")
            path = link and link[link.index("/beta") :]
        self.assertEqual((205, 3), (len(seen), pages))

    def test_closed_world_and_seeds(self):
        seeds = {
            "packages": [PACKAGE],
            "catalogs": [],
            "assignments": [{"accessPackageId": PACKAGE, "targetId": guid(1)}],
        }
        self.assertEqual(200, self.box.post("/sandbox/state", seeds).status)
        self.assertEqual(409, self.box.post(ASSIGN, assignment()).status)
        other = self.box.post(ASSIGN, assignment(nested={"accessPackageId": guid(3)}))
        self.assertEqual((404, "ResourceNotFound"), (other.status, other.code))
        self.assertEqual(404, self.box.post(RESOURCE, resource()).status)
        self.assertEqual(200, self.box.post("/sandbox/state", {"catalogs": None}).status)
        self.assertEqual(201, self.box.post(RESOURCE, resource()).status)
        for bad in ({"users": []}, {"packages": ["x"]}, {"assignments": [{"targetId": guid(1)}]}):
            self.assertEqual(400, self.box.post("/sandbox/state", bad).status)

    def test_ledger(self):
        self.box.post(
            ASSIGN,
            assignment(justification="why", isValidationOnly=True),
            headers={"client-request-id": "c"},
        )
        self.box.post(RESOURCE, resource())
        self.box.post(ASSIGN, "{")
        dry, real, bad = self.box.ledger()
        self.assertEqual(
            ("dry_run", "assignment", "AdminAdd", guid(1), PACKAGE, "why", "c", 201, False),
            tuple(
                dry[n]
                for n in (
                    "op",
                    "kind",
                    "requestType",
                    "target",
                    "container",
                    "justification",
                    "clientRequestId",
                    "status",
                    "applied",
                )
            ),
        )
        self.assertEqual(
            ("submit", "resource", guid(1), CATALOG, True),
            tuple(real[n] for n in ("op", "kind", "target", "container", "applied")),
        )
        self.assertEqual(("BadRequest", 400), (bad["error"], bad["status"]))
        after = self.box.call("GET", f"/sandbox/ledger?after={dry['sequence']}").raw.splitlines()
        self.assertEqual(2, len(after))
        summary = self.box.call("GET", "/sandbox/ledger?summary=1").json
        self.assertEqual({"dry_run": 0, "submit": 1}, summary["applied"])
        self.assertEqual({"201": 1, "400": 1}, summary["answers"]["submit"])
        self.assertEqual((3, 2), (summary["most_posts_in_1s"], summary["most_submits_in_1s"]))


if __name__ == "__main__":
    unittest.main()
