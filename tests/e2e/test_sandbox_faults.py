#!/usr/bin/env python3
"""How the sandbox fails on order."""
import json
import time
from http.client import IncompleteRead
from http.client import RemoteDisconnected as Disconnected

from sandbox_client import *

STATUS = {"status": {"code": 500}}
# name, action, what the caller sees, applied
ENDINGS = [
    ("close before", {"close_before": True}, Disconnected, False),
    ("close after", {"close_after_apply": True}, Disconnected, True),
    ("reset after", {"close_after_apply": True, "reset": True}, ConnectionResetError, True),
    ("hang before", {"hang_before": True}, TimeoutError, False),
    ("hang after", {"hang_after_apply": True}, TimeoutError, True),
    ("truncate", {"truncate": True}, IncompleteRead, True),
    ("status", STATUS, 500, False),
    ("status, applied", {"status": {"code": 504, "apply": True, "body": "html"}}, 504, True),
    ("no body", {"status": {"code": 502, "body": "none"}}, 502, False),
    ("throttle", {"throttle": {"retryAfter": 2.128}}, 429, False),
    ("busy", {"throttle": {"status": 503, "body": False}}, 503, False),
    ("garbage", {"garbage_body": True}, 201, True),
    ("slow", {"latency_ms": 30, "delay_apply_ms": 30}, 201, True),
]

BAD_RULES = [
    {},
    [1],
    [{}],
    [{"action": {}}],
    [{"action": {"explode": True}}],
    [{"match": {"who": 1}, "action": STATUS}],
    [{"match": {"op": "post"}, "action": STATUS}],
    [{"action": {**STATUS, "truncate": True}}],
    [{"action": {"throttle": {"status": 500}}}],
    [{"action": STATUS, "times": 1}],
    [{"action": STATUS}] * 65,
]


class FaultsTest(SandboxCase):
    def test_endings(self):
        for name, action, seen, applied in ENDINGS:
            with self.subTest(name):
                self.box.reset()
                self.box.post("/sandbox/health", {})
                self.box.faults(submit_fault(action, times=1))
                if isinstance(seen, int):
                    self.assertEqual(seen, self.box.post(ASSIGN, assignment()).status)
                else:
                    with self.assertRaises(seen) as caught:
                        self.box.post(ASSIGN, assignment(), timeout=0.2)
                    self.assertIs(seen, type(caught.exception))
                self.assertEqual(1 if applied else 0, len(self.applied()))
                self.assertEqual(
                    409 if applied else 201, self.box.post(ASSIGN, assignment()).status
                )

    def test_close_on_a_reused_connection(self):
        self.box.post(ASSIGN, assignment(1), fresh=True)
        self.box.faults(submit_fault({"close_after_apply": True}, target=guid(2).upper()))
        with self.assertRaises(Disconnected):
            self.box.connection.request(
                "POST",
                ASSIGN,
                json.dumps(assignment(2)),
                {"Authorization": "Bearer T", "Content-Type": "application/json"},
            )
            self.box.connection.getresponse()
        self.assertEqual([201, 0], [entry["status"] for entry in self.box.ledger()])
        self.assertEqual(2, len(self.applied()))

    def test_headers_of_faults(self):
        for retry, header in ((2.128, "2.128"), (3, "3"), ("Wed, 21 Oct 2026 07:28:00 GMT",) * 2):
            self.box.call("DELETE", "/sandbox/faults")
            self.box.faults(submit_fault({"throttle": {"retryAfter": retry}}))
            answer = self.box.post(ASSIGN, assignment())
            self.assertEqual(
                (429, "TooManyRequests", header),
                (answer.status, answer.code, answer.headers["Retry-After"]),
            )
        self.box.call("DELETE", "/sandbox/faults")
        self.box.faults(
            submit_fault({"status": {"code": 400, "error": "ResourceNotFoundInOriginSystem"}})
        )
        self.assertEqual("ResourceNotFoundInOriginSystem", self.box.post(ASSIGN, assignment()).code)

    def test_dry_run_faults(self):
        for action, echo, applied in (
            ({"ignore_dry_run": True}, False, 1),
            ({"drop_echo": True}, None, 0),
            ({"ignore_dry_run": True, "drop_echo": True}, None, 1),
        ):
            self.box.reset()
            self.box.faults({"match": {"op": "dry_run"}, "action": action})
            answer = self.box.post(ASSIGN, assignment(isValidationOnly=True))
            self.assertEqual((201, echo), (answer.status, answer.json.get("isValidationOnly")))
            self.assertEqual(applied, len(self.applied()))

    def test_which_calls_a_rule_hits(self):
        self.box.faults(
            submit_fault(STATUS, after=1, times=2, kind="assignment", justification="slow")
        )
        got = [
            self.box.post(ASSIGN, assignment(n, justification="so slow")).status for n in range(4)
        ]
        self.assertEqual([201, 500, 500, 201], got)
        self.assertEqual(201, self.box.post(ASSIGN, assignment(9)).status)
        self.assertEqual(201, self.box.post(RESOURCE, resource(justification="slow")).status)
        rule = self.box.call("GET", "/sandbox/faults").json[0]
        self.assertEqual((4, 2), (rule["seen"], rule["fired"]))

    def test_probability(self):
        self.box.faults(submit_fault(STATUS, probability=0.3))
        got = [self.box.post(ASSIGN, assignment(n), fresh=False).status for n in range(300)]
        self.assertTrue(60 < got.count(500) < 120, got.count(500))

    def test_duplicates_let_through(self):
        self.box.faults(submit_fault({"no_duplicate_rejection": True}))
        self.assertEqual([201, 201], [self.box.post(ASSIGN, assignment()).status for _ in range(2)])
        self.assertEqual(2, len(self.applied()))

    def test_applied_after_the_caller_has_gone(self):
        self.box.faults(submit_fault({"delay_apply_ms": 200, "latency_ms": 10}))
        with self.assertRaises(TimeoutError):
            self.box.post(ASSIGN, assignment(), timeout=0.05)
        self.box.close()
        self.assertEqual([], self.applied())
        time.sleep(0.4)
        self.assertEqual(1, len(self.applied()))

    def test_stale_reads(self):
        self.box.faults({"match": {"op": "look"}, "action": {"stale_reads_ms": 300}})
        number = self.box.post(ASSIGN, assignment()).json["id"]
        self.assertEqual(404, self.box.call("GET", ASSIGN + "/" + number).status)
        self.assertEqual([], self.box.find(ROOT + "assignments").json["value"])
        time.sleep(0.35)
        self.assertEqual(1, len(self.box.find(ROOT + "assignments").json["value"]))

    def test_bad_rules(self):
        for rules in BAD_RULES:
            answer = self.box.post("/sandbox/faults", rules)
            self.assertEqual((400, "SandboxControl"), (answer.status, answer.code), rules)
        self.assertEqual([], self.box.call("GET", "/sandbox/faults").json)


if __name__ == "__main__":
    unittest.main()
