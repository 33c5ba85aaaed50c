#!/usr/bin/env python3
"""The sandbox leads requests through the states that a test orders, and reprocesses those that have
failed."""
import time
import unittest

from sandbox_client import ASSIGN, RESOURCE, SandboxCase, assignment, resource

REFUSED = [  # what is wrong with it, lives
    ("a list", {"states": ["Denied"]}),
    ("states", [{"justification": "a"}]),
    ("states", [{"states": []}]),
    ("states", [{"states": ["denied"]}]),  # as Graph spells it
    ("states", [{"states": ["Denied"] * 9}]),
    ("again", [{"states": ["Denied"], "again": "Delivered"}]),
    ("reason", [{"states": ["Denied"], "reason": "a"}]),
    ("each_ms", [{"states": ["Denied"], "each_ms": "1"}]),
]


class LivesTest(SandboxCase):
    def live(self, *lives):
        answer = self.box.post("/sandbox/lives", list(lives))
        self.assertEqual(204, answer.status, answer.raw)

    def made(self, path, body):
        answer = self.box.post(path, body)
        self.assertEqual(201, answer.status, answer.raw)
        return path + "/" + answer.json["id"]

    def state(self, path):
        shown = self.box.call("GET", path).json
        return shown["requestState"], shown.get("completedDate") is not None

    def test_states_come_in_order(self):
        self.live({"justification": "slow", "each_ms": 200,
                   "states": ["PendingApproval", "Delivering", "Denied"]})
        path = self.made(ASSIGN, assignment(justification="a slow one"))
        other = self.made(ASSIGN, assignment(2, justification="another"))
        self.assertEqual(("PendingApproval", False), self.state(path))
        self.assertEqual(("Delivered", True), self.state(other))
        time.sleep(0.25)
        self.assertEqual(("Delivering", False), self.state(path))
        time.sleep(0.25)
        self.assertEqual(("Denied", True), self.state(path))
        listed = self.box.find(ASSIGN).json["value"]
        self.assertEqual(["Denied", "Delivered"], [one["requestState"] for one in listed])
        self.box.reset()
        self.assertEqual(("Delivered", True),
                         self.state(self.made(ASSIGN, assignment(justification="slow"))))

    def test_of_a_resource(self):
        self.live({"justification": "", "states": ["Delivering"]})
        answer = self.box.post(RESOURCE, resource(justification="r"))
        self.assertEqual("Delivering", answer.json["requestState"])
        found = self.box.find(RESOURCE, filter=f"startswith(id,'{answer.json['id']}')").json
        self.assertEqual(["Delivering"], [one["requestState"] for one in found["value"]])

    def test_reprocess(self):
        self.live({"justification": "failing", "states": ["DeliveryFailed"], "again": ["Denied"]},
                  {"justification": "hopeless", "states": ["PartiallyDelivered"]})
        failing = self.made(ASSIGN, assignment(justification="failing"))
        hopeless = self.made(ASSIGN, assignment(2, justification="hopeless"))
        for path, state in ((failing, "Denied"), (hopeless, "PartiallyDelivered")):
            answer = self.box.call("POST", path + "/reprocess")
            self.assertEqual((202, b""), (answer.status, answer.raw))
            self.assertEqual((state, True), self.state(path))
        self.assertEqual(400, self.box.call("POST", failing + "/reprocess").status)
        self.assertEqual(400, self.box.post(hopeless + "/reprocess", {}).status)
        self.assertEqual(404, self.box.call(
            "POST", ASSIGN + "/00000009-0000-4000-8000-000000000000/reprocess").status)
        self.assertEqual(400, self.box.call("POST", ASSIGN + "/9/reprocess").status)
        self.assertEqual(401, self.box.call("POST", failing + "/reprocess",
                                            headers={"Authorization": None}).status)
        answers = self.box.call("GET", "/sandbox/ledger?summary=1").json["answers"]["reprocess"]
        self.assertEqual({"202": 2, "400": 3, "401": 1, "404": 1}, answers)

    def test_refuses_what_is_no_life(self):
        for why, lives in REFUSED:
            answer = self.box.post("/sandbox/lives", lives)
            self.assertEqual((400, "SandboxControl"), (answer.status, answer.code), lives)
            self.assertIn(why, answer.json["error"]["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
