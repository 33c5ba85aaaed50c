#!/usr/bin/env python3
"""The sandbox's token endpoint is as strict about assertions as Entra: known-bad ones fail."""
import base64
import json
import os
import subprocess
import tempfile
import time
import uuid

from certificates import Authority
from sandbox_client import *

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def text(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def thumbprint(path):
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                         capture_output=True, timeout=30).stdout
    return text(subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, check=True,
                               capture_output=True, timeout=30).stdout)


def sign(key, signed, padding="pss"):
    more = ["-sigopt", "rsa_pss_saltlen:digest"] if padding == "pss" else []
    return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, "-sigopt",
                           f"rsa_padding_mode:{padding}", *more], input=signed.encode(), check=True,
                          capture_output=True, timeout=30).stdout


class AssertionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.good = Authority(cls.folder.name, "good")
        cls.other = Authority(cls.folder.name, "other")
        cls.federated = os.path.join(cls.folder.name, "federated")
        cls.box = Sandbox("--tenant", "ten", "--client-id", "app", "--client-certificate-file",
                          cls.good.file, "--federated-token-file", cls.federated)

    @classmethod
    def tearDownClass(cls):
        assert cls.box.stop() == 0
        cls.folder.cleanup()

    def make(self, key=None, padding="pss", header=None, **changed):
        now = int(time.time())
        head = {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(self.good.file)}
        claims = {"aud": self.box.url.removesuffix("/beta") + "/ten/oauth2/v2.0/token",
                  "iss": "app", "sub": "app", "jti": str(uuid.uuid4()), "nbf": now, "iat": now,
                  "exp": now + 600}
        head.update(header or {})
        claims.update(changed)
        for part in (head, claims):
            for name in [name for name in part if part[name] is None]:
                del part[name]
        signed = text(head) + "." + text(claims)
        return signed + "." + text(sign(key or self.good.key, signed, padding))

    def send(self, assertion, **changed):
        fields = {"grant_type": "client_credentials", "client_id": "app",
                  "scope": "https://x/.default", "client_assertion_type": BEARER,
                  "client_assertion": assertion}
        fields.update(changed)
        return self.box.post("/ten/oauth2/v2.0/token", urllib.parse.urlencode(
            {name: value for name, value in fields.items() if value}), headers={
                "Content-Type": "application/x-www-form-urlencoded", "Authorization": None})

    def refused(self, name, number, answer):
        with self.subTest(name):
            self.assertIn(answer.status, (400, 401), answer.raw)
            self.assertEqual([number], answer.json["error_codes"])

    def test_good(self):
        answer = self.send(self.make())
        self.assertEqual(200, answer.status, answer.raw)
        token = answer.json["access_token"]
        self.assertEqual(200, self.box.call("GET", ASSIGN, headers={
            "Authorization": "Bearer " + token}).status)

    def test_bad(self):
        now = int(time.time())
        for name, number, changed in (
            ("signed with PKCS 1.5", 700027, {"padding": "pkcs1"}),
            ("signed by another key", 700027, {"key": self.other.key}),
            ("not registered", 700027, {"key": self.other.key, "header": {
                "x5t#S256": thumbprint(self.other.file)}}),
            ("no thumbprint", 700027, {"header": {"x5t#S256": None}}),
            ("RS256", 50027, {"header": {"alg": "RS256"}}),
            ("none", 50027, {"header": {"alg": "none"}}),
            ("no type", 50027, {"header": {"typ": None}}),
            ("another audience", 700023, {"aud": "https://x/ten/oauth2/v2.0/token"}),
            ("another issuer", 700021, {"iss": "else"}),
            ("another subject", 700021, {"sub": "else"}),
            ("over", 700024, {"exp": now - 1}),
            ("without end", 700024, {"exp": None}),
            ("too long", 700024, {"exp": now + 3600}),
            ("not begun", 700024, {"nbf": now + 600, "exp": now + 900}),
            ("no id", 50013, {"jti": None}),
        ):
            self.refused(name, number, self.send(self.make(**changed)))
        twice = self.make()
        self.assertEqual(200, self.send(twice).status)
        self.refused("twice", 50013, self.send(twice))
        self.refused("changed", 700027, self.send(self.make()[:-8] + "AAAAAAAA"))
        for bad in ("x", "a.b.c", "..", self.make() + "="):
            self.refused(bad, 50027, self.send(bad))
        self.refused("no type", 90014, self.send(self.make(), client_assertion_type=None))
        self.refused("a secret too", 90014, self.send(self.make(), client_secret="s"))
        self.refused("a secret only", 7000215, self.send(
            None, client_assertion_type=None, client_secret="s"))

    def test_federated(self):
        self.refused("no file", 50027, self.send("t.o.k"))
        for token in ("one.two.three", "four.five.six"):
            with open(self.federated, "w", encoding="utf-8") as file:
                file.write(token + "\n")
            self.assertEqual(200, self.send(token).status)
        self.refused("the old one", 50027, self.send("one.two.three"))

    def test_managed_identities(self):
        get = lambda path, **headers: self.box.call("GET", path, headers={
            "Authorization": None, **{n.replace("_", "-"): v for n, v in headers.items()}})
        machine = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fx"
        service = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fx"
        self.assertEqual("3599", get(machine, Metadata="true").json["expires_in"])
        end = int(get(service, X_IDENTITY_HEADER="h").json["expires_on"])
        self.assertAlmostEqual(time.time() + 3599, end, delta=5)
        for path, headers, status in ((machine, {}, 400), (machine, {"Metadata": "True"}, 400),
                                      (service, {}, 401), (service, {"Metadata": "true"}, 401),
                                      (machine + "&client_id=else", {"Metadata": "true"}, 400),
                                      (machine + "&more=1", {"Metadata": "true"}, 400),
                                      (machine + "%2F.default", {"Metadata": "true"}, 400)):
            self.assertEqual(status, get(path, **headers).status, (path, headers))

    def test_claims(self):
        wanted = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
        self.box.settings(claims=wanted)
        try:
            look = lambda token: self.box.call("GET", ASSIGN, headers={
                "Authorization": "Bearer " + token})
            answer = look(self.send(self.make()).json["access_token"])
            self.assertEqual(401, answer.status)
            challenge = answer.headers["WWW-Authenticate"]
            self.assertEqual(wanted, base64.b64decode(
                challenge.split('claims="')[1].rstrip('"')).decode())
            self.assertEqual(200, look(self.send(self.make(), claims=wanted).json[
                "access_token"]).status)
        finally:
            self.box.settings(claims="")


if __name__ == "__main__":
    unittest.main()
