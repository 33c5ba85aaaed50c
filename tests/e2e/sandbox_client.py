"""Starts the sandbox and talks to it; nothing but the standard library.

The program is $USHER_SANDBOX, or the release build's. Bodies: assignment(), removal(), resource().
"""
import http.client
import json
import os
import signal
import subprocess
import unittest
import urllib.parse

ROOT = "/beta/identityGovernance/entitlementManagement/"
ASSIGN, RESOURCE = ROOT + "accessPackageAssignmentRequests", ROOT + "accessPackageResourceRequests"
PACKAGE, POLICY, CATALOG = (f"{n:08d}-0000-4000-8000-000000000000" for n in (1, 2, 3))
PROGRAM = os.environ.get("USHER_SANDBOX", "build/release/usher-sandbox")


def guid(number):
    return f"{number:08x}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.raw = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def code(self):
        error = self.json["error"]
        details = [d["code"] for d in error.get("details", [])]
        return "/".join([error["code"], *details])


class Sandbox:
    def __init__(self, *options):
        command = [PROGRAM, "--token", "T", "--seed", "7", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.port = urllib.parse.urlsplit(self.url).port
        self.connection = None

    def call(self, method, path, body=None, headers=None, fresh=True, timeout=10):
        if fresh or self.connection is None:
            self.close()
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = {"Authorization": "Bearer T"}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        self.connection.request(method, path, body, sent)
        return Answer(self.connection.getresponse())

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def post(self, path, body, **more):
        return self.call("POST", path, body, **more)

    def find(self, path, **options):
        query = urllib.parse.urlencode({"$" + name: value for name, value in options.items()})
        return self.call("GET", path + "?" + query)

    def faults(self, *rules):
        answer = self.post("/sandbox/faults", list(rules))
        assert answer.status == 204, answer.raw

    def settings(self, **values):
        answer = self.post("/sandbox/settings", values)
        assert answer.status == 200, answer.raw

    def ledger(self):
        return [json.loads(line) for line in self.call("GET", "/sandbox/ledger").raw.splitlines()]

    def reset(self):
        for part in ("faults", "state", "ledger"):
            assert self.call("DELETE", "/sandbox/" + part).status == 204
        self.settings(
            latency_ms=0,
            writes_limit=0,
            limit_headers=True,
            deliver_after_ms=0,
            delegated_user="",
            unknown_members=False,
            dry_run_sees_duplicates=True,
            token_lifetime_s=3599,
        )

    def stop(self, number=signal.SIGTERM):
        self.close()
        self.process.send_signal(number)
        self.process.stdout.close()
        return self.process.wait(20)


def assignment(target=1, nested=None, **more):
    inner = {"targetId": guid(target), "assignmentPolicyId": POLICY, "accessPackageId": PACKAGE}
    inner.update(nested or {})
    inner = {name: value for name, value in inner.items() if value is not None}
    return {"requestType": "AdminAdd", "accessPackageAssignment": inner, **more}


def removal(number, **more):
    return {"requestType": "AdminRemove", "accessPackageAssignment": {"id": number}, **more}


def resource(origin=1, nested=None, **more):
    inner = {"originId": guid(origin), "originSystem": "AadGroup", **(nested or {})}
    inner = {name: value for name, value in inner.items() if value is not None}
    return {"requestType": "AdminAdd", "catalogId": CATALOG, "accessPackageResource": inner, **more}


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


def submit_fault(action, **match):
    return {"match": {"op": "submit", **match}, "action": action}


class SandboxCase(unittest.TestCase):
    """One sandbox for all tests of a class, emptied before each."""

    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox()

    @classmethod
    def tearDownClass(cls):
        assert cls.box.stop() == 0

    def setUp(self):
        self.box.reset()

    def applied(self):
        return [entry for entry in self.box.ledger() if entry["applied"]]
