#!/usr/bin/env python3
"""The sandbox's tokens and command line."""
import base64
import http.client
import pathlib
import socket
import ssl
import sys
import tempfile
import time

from sandbox_client import *

FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "s&c r%t+",
    "scope": "https://x/.default",
}
# name, changed fields, tenant, status, error, AADSTS number
TOKENS = [
    ("in order", {}, "ten", 200, None, None),
    ("wrong secret", {"client_secret": "no"}, "ten", 401, "invalid_client", 7000215),
    ("no secret", {"client_secret": ""}, "ten", 401, "invalid_client", 7000218),
    ("wrong client", {"client_id": "other"}, "ten", 400, "unauthorized_client", 700016),
    ("no client", {"client_id": ""}, "ten", 400, "invalid_request", 900144),
    ("wrong tenant", {}, "else", 400, "invalid_request", 90002),
    ("wrong grant", {"grant_type": "password"}, "ten", 400, "unsupported_grant_type", 70003),
    ("no scope", {"scope": ""}, "ten", 400, "invalid_scope", 1002012),
    ("scope without default", {"scope": "https://x/User.Read"}, "ten", 400, "invalid_scope",
     1002012),
]


class TokenTest(unittest.TestCase):
    def fetch(self, tenant="ten", **changed):
        fields = {name: value for name, value in {**FORM, **changed}.items() if value}
        return self.box.post(
            f"/{tenant}/oauth2/v2.0/token",
            urllib.parse.urlencode(fields),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": None},
        )

    def setUp(self):
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write(FORM["client_secret"] + "\n")
            secret.flush()
            self.box = Sandbox(
                "--tenant",
                "ten",
                "--client-id",
                "app",
                "--client-secret-file",
                secret.name,
                "--token-bytes",
                "1500",
            )

    def tearDown(self):
        self.assertEqual(0, self.box.stop())

    def test_forms(self):
        for name, changed, tenant, status, error, code in TOKENS:
            with self.subTest(name):
                answer = self.fetch(tenant, **changed)
                self.assertEqual(
                    (status, error), (answer.status, answer.json.get("error")), answer.raw
                )
                if error:
                    self.assertEqual([code], answer.json["error_codes"])
                    self.assertIn(f"AADSTS{code}: ", answer.json["error_description"])

    def test_life_of_a_token(self):
        answer = self.fetch().json
        token = answer["access_token"]
        self.assertEqual(
            ("Bearer", 3599, 1500), (answer["token_type"], answer["expires_in"], len(token))
        )
        look = lambda bearer: self.box.call(
            "GET", ASSIGN, headers={"Authorization": "Bearer " + bearer}
        ).status
        self.assertEqual((200, 401), (look(token), look(token[:-1] + "!")))
        self.box.settings(token_lifetime_s=1)
        short = self.fetch().json["access_token"]
        self.assertEqual(200, look(short))
        time.sleep(1.1)
        self.assertEqual((401, 200), (look(short), look(token)))
        self.assertEqual(204, self.box.call("DELETE", "/sandbox/tokens").status)
        self.assertEqual((401, 200), (look(token), look("T")))
        summary = self.box.call("GET", "/sandbox/ledger?summary=1").json
        self.assertEqual({"200": 2}, summary["answers"]["token"])

    def test_faults(self):
        self.box.faults(
            {
                "match": {"op": "token", "times": 1},
                "action": {"status": {"code": 503, "body": "none"}},
            }
        )
        self.assertEqual([503, 200], [self.fetch().status for _ in range(2)])


WRITE, READ = "EntitlementManagement.ReadWrite.All", "EntitlementManagement.Read.All"
OTHER = guid(99)
LIST_OF = "?$expand=accessPackage&$filter=accessPackage/id%20eq%20'{}'"
# roles, more settings, call, status and code
RIGHTS = [
    (WRITE, {}, ("POST", ASSIGN, assignment()), 201, None),
    (WRITE, {}, ("GET", ASSIGN, None), 200, None),
    (READ, {}, ("GET", ASSIGN, None), 200, None),
    (READ, {}, ("POST", ASSIGN, assignment()), 403, "Forbidden"),
    (READ, {}, ("POST", ASSIGN, assignment(isValidationOnly=True)), 403, "Forbidden"),
    (READ, {}, ("POST", RESOURCE, resource()), 403, "Forbidden"),
    ("", {}, ("GET", ASSIGN, None), 403, "Forbidden"),
    ("", {}, ("GET", RESOURCE, None), 403, "Forbidden"),
    ("X" + WRITE, {}, ("GET", ASSIGN, None), 403, "Forbidden"),
    (WRITE + "X", {}, ("GET", ASSIGN, None), 403, "Forbidden"),
    (WRITE, {}, ("POST", RESOURCE, resource()), 400, "CallerNotResourceOwner"),
    (f"{WRITE} Group.ReadWrite.All", {}, ("POST", RESOURCE, resource()), 201, None),
    (f"{WRITE} Group.ReadWrite.All", {},
     ("POST", RESOURCE, resource(nested={"originSystem": "AadApplication"})), 400,
     "CallerNotResourceOwner"),
    (f"{WRITE} Sites.FullControl.All", {},
     ("POST", RESOURCE, resource(nested={"originId": "https://x.sharepoint.com/sites/a",
                                         "originSystem": "SharePointOnline"})), 201, None),
    (WRITE, {"delegated_user": guid(7)}, ("POST", RESOURCE, resource()), 201, None),
    ("", {"managed_package": PACKAGE}, ("POST", ASSIGN, assignment()), 201, None),
    ("", {"managed_package": OTHER}, ("POST", ASSIGN, assignment()), 403, "Forbidden"),
    ("", {"managed_package": PACKAGE}, ("GET", ASSIGN, None), 403, "Forbidden"),
    ("", {"managed_package": PACKAGE}, ("GET", ASSIGN + LIST_OF.format(PACKAGE), None), 200, None),
    ("", {"managed_package": PACKAGE}, ("GET", ASSIGN + LIST_OF.format(OTHER), None), 403,
     "Forbidden"),
    ("Group.ReadWrite.All", {"managed_catalog": CATALOG}, ("POST", RESOURCE, resource()), 201,
     None),
    ("", {"managed_catalog": CATALOG},
     ("GET", f"{ROOT}accessPackageCatalogs/{CATALOG}/accessPackageResources", None), 200, None),
    ("", {"managed_catalog": CATALOG},
     ("GET", f"{ROOT}accessPackageCatalogs/{OTHER}/accessPackageResources", None), 403,
     "Forbidden"),
]


class RightsTest(unittest.TestCase):
    """As strict as Graph is about what a token permits."""

    def test_rights(self):
        box = Sandbox()
        for roles, more, (method, path, body), status, code in RIGHTS:
            with self.subTest(f"{roles} {more} {method} {path}"):
                box.reset()
                box.settings(roles=roles, **{"managed_package": "", "managed_catalog": "", **more})
                answer = box.call(method, path, body)
                self.assertEqual(status, answer.status, answer.raw)
                self.assertEqual(code, answer.code if status > 299 else None)
                if method == "POST":
                    self.assertEqual([status < 300], [e["applied"] for e in box.ledger()])
        self.assertEqual(0, box.stop())

    def test_what_a_token_says(self):
        box = Sandbox()
        for user in ("", guid(7)):
            box.settings(roles=f"{WRITE} Group.ReadWrite.All", delegated_user=user)
            token = box.post("/ten/oauth2/v2.0/token", urllib.parse.urlencode(FORM), headers={
                "Content-Type": "application/x-www-form-urlencoded"}).json["access_token"]
            box.settings(roles="")  # it keeps what it was given
            middle = token.split(".")[1]
            said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
            self.assertEqual("app", said["appid"])
            self.assertEqual(f"{WRITE} Group.ReadWrite.All",
                             said["scp"] if user else " ".join(said["roles"]))
            call = box.call("GET", ASSIGN, headers={"Authorization": "Bearer " + token})
            self.assertEqual(200, call.status)
            self.assertIn("ServerInfo", json.loads(call.headers["x-ms-ags-diagnostic"]))
        self.assertEqual(0, box.stop())


class ProgramTest(unittest.TestCase):
    def run_once(self, *options):
        return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=20)

    def test_wrong_options(self):
        for options in (
            ["--nope"],
            ["x"],
            ["--latency", "5"],
            ["--listen", "here"],
            ["--tls-cert", "/nowhere"],
            ["--delegated", "me"],
            ["--seed", "x"],
        ):
            result = self.run_once(*options)
            self.assertEqual((2, ""), (result.returncode, result.stdout), options)
            self.assertIn("usher-sandbox", result.stderr)
        self.assertEqual(0, self.run_once("--help").returncode)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = self.run_once("--listen", address)
            self.assertEqual(69, result.returncode)
            self.assertIn(f"{address}: is in use", result.stderr)

    def test_stops_while_calls_hang_and_wait(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            box = Sandbox()
            box.faults(
                submit_fault({"hang_after_apply": True}, target=guid(1)),
                submit_fault({"latency_ms": 60000}, target=guid(2)),
            )
            for target in (1, 2):
                with self.assertRaises(TimeoutError):
                    box.post(ASSIGN, assignment(target), timeout=0.2)
            self.assertEqual(0, box.stop(number))

    def test_ledger_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "ledger")
            for _ in range(2):
                box = Sandbox("--ledger", str(path))
                box.post(ASSIGN, assignment())
                box.call("DELETE", "/sandbox/ledger")
                box.stop(signal.SIGKILL)
            self.assertEqual(
                [True, True],
                [json.loads(line)["applied"] for line in path.read_text().splitlines()],
            )

    def test_with_parent(self):
        script = (
            "import subprocess, time\n"
            f"child = subprocess.Popen(['{PROGRAM}', '--with-parent'])\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(30)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        words = (parent.stdout.readline() + parent.stdout.readline()).split()
        child = next(int(word) for word in words if word.isdigit())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        for _ in range(100):
            if (
                not pathlib.Path(f"/proc/{child}").exists()
                or "Z (" in pathlib.Path(f"/proc/{child}/stat").read_text()
            ):
                return
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        self.fail("the sandbox outlived its starter")

    def test_latency(self):
        box = Sandbox("--latency", "50ms")
        start = time.monotonic()
        box.post(ASSIGN, assignment())
        self.assertGreaterEqual(time.monotonic() - start, 0.05)
        box.stop()

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = folder + "/key", folder + "/cert"
            subprocess.run(
                [
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-keyout",
                    key,
                    "-out",
                    certificate,
                    "-days",
                    "2",
                    "-subj",
                    "/CN=localhost",
                    "-addext",
                    "subjectAltName=DNS:localhost",
                ],
                check=True,
                capture_output=True,
            )
            box = Sandbox("--tls-cert", certificate, "--tls-key", key)

            trust = ssl.create_default_context(cafile=certificate)
            connection = http.client.HTTPSConnection(
                "localhost", box.port, context=trust, timeout=5
            )
            for target in (1, 2):
                connection.request(
                    "POST",
                    ASSIGN,
                    json.dumps(assignment(target)),
                    {"Authorization": "Bearer T", "Content-Type": "application/json"},
                )
                self.assertEqual(201, Answer(connection.getresponse()).status)
            connection.close()
            self.assertTrue(box.url.startswith("https://"))
            self.assertEqual(0, box.stop())


if __name__ == "__main__":
    unittest.main()
