#!/usr/bin/env python3
"""usher doctor in Graph: says which permission is missing, posts nothing; and clears the interlock.
Kafka, Redis, hosts and clocks: test_doctor_world.py."""
import json
import os
import re
import subprocess
import tempfile

import certificates
import harness
import leaks
import openapi_check
import processes
import sandbox_client
from sandbox_client import CATALOG, PACKAGE

WRITE, READ = "EntitlementManagement.ReadWrite.All", "EntitlementManagement.Read.All"
ALL = f"{WRITE} Group.ReadWrite.All Application.ReadWrite.All Sites.FullControl.All"
ASSIGN = {"USHER_POLICY_KINDS": "accessPackageAssignmentRequest"}
ADD = {"USHER_POLICY_KINDS": "accessPackageResourceRequest"}
PACKAGES = {**ASSIGN, "USHER_POLICY_ACCESS_PACKAGES": PACKAGE}
CATALOGS = {**ADD, "USHER_POLICY_CATALOGS": CATALOG}
OTHER = PACKAGE[:-1] + "9"
SECRET = "doctor-secret"
OF_HOSTS = re.compile(r"^\[.\](tenant \w+: )?(dns|connection|clock of) ")

# name, roles, settings of the sandbox, environment, exit code, the marks of the lines, and words
# that the output has
CASES = [
    ("all", ALL, {}, {}, 0, "++++++", [f"has {WRITE}", "application app"]),
    ("no right at all", "", {}, ASSIGN, 77, "+-", [f"lacks {WRITE}", "403 Forbidden",
                                                   "request-id", "assignment manager"]),
    ("may read", READ, {}, ASSIGN, 77, "+-", [f"lacks {WRITE}", f"{READ} only reads"]),
    ("both kinds", READ, {}, {}, 77, "+--???", ["assignment requests", "Catalog owner"]),
    ("no resources' rights", WRITE, {}, ADD, 0, "++???",
     ["Group.ReadWrite.All", "Application.ReadWrite.All", "Sites.FullControl.All"]),
    ("groups only", f"{WRITE} Group.ReadWrite.All", {}, ADD, 0, "+++??", ["for groups ok"]),
    ("a role on the package", "", {"managed_package": PACKAGE}, PACKAGES, 0, "+?",
     ["all 1 of policy.access_packages"]),
    ("on one of two", "", {"managed_package": PACKAGE},
     {**ASSIGN, "USHER_POLICY_ACCESS_PACKAGES": f"{PACKAGE},{OTHER}"}, 77, "+-", ["1 of the 2"]),
    ("a role on the catalog", "Group.ReadWrite.All", {"managed_catalog": CATALOG}, CATALOGS, 0,
     "+?+??", ["all 1 of policy.catalogs"]),
    ("a role elsewhere", "", {"managed_package": OTHER}, PACKAGES, 77, "+-", ["0 of the 1"]),
    ("a person", WRITE, {"delegated_user": sandbox_client.guid(1)}, ADD, 0, "++???",
     ["for a person", "may add them"]),
]


def usher(*arguments, stdout=subprocess.PIPE, **environment):
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("USHER_", "AZURE_")) and not name.endswith("_proxy")}
    done = subprocess.run([harness.BIN, *arguments], stdout=stdout, stderr=subprocess.PIPE,
                          text=True, timeout=60, env={**clean, **environment}, check=False)
    for text in (done.stdout, done.stderr):
        assert SECRET not in (text or "") and "eyJ" not in (text or ""), text
    return done


class Permissions(sandbox_client.unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.secret, cls.calls = (os.path.join(cls.folder.name, n) for n in ("secret", "calls"))
        leaks.give(cls.secret, SECRET)
        cls.box = sandbox_client.Sandbox("--client-secret-file", cls.secret, "--record", cls.calls)

    @classmethod
    def tearDownClass(cls):
        assert cls.box.stop() == 0
        cls.folder.cleanup()

    def setUp(self):
        self.box.reset()
        self.set(ALL)

    def tearDown(self):
        """Nothing is posted but for the token, and all that is asked is in Graph's description."""
        self.assertEqual([], self.box.ledger())
        with open(self.calls, encoding="utf-8") as lines:
            lines = list(lines)
        self.assertLessEqual({json.loads(line)["method"] for line in lines}, {"GET"})
        self.assertEqual([], openapi_check.Judge(None).judge(lines))

    def set(self, roles, **settings):
        self.box.settings(**{"roles": roles, "managed_package": "", "managed_catalog": "",
                             "delegated_user": "", **settings})

    def doctor(self, **environment):
        home = self.box.url.removesuffix("/beta")
        return usher("doctor", "--only", "graph", **{
            "USHER_GRAPH_BASE_URL": self.box.url, "USHER_GRAPH_AUTHORITY_HOST": home,
            "USHER_GRAPH_TENANT_ID": "ten", "USHER_GRAPH_CLIENT_ID": "app",
            "USHER_GRAPH_CLIENT_SECRET_FILE": self.secret, **environment})

    def check(self, done, code, marks, words=()):
        self.assertEqual((code, ""), (done.returncode, done.stderr), done.stdout)
        lines = [line for line in done.stdout.splitlines() if not OF_HOSTS.match(line)]
        self.assertEqual(marks, "".join(line[1] for line in lines), done.stdout)
        for line in lines:
            self.assertRegex(line, {"+": r"^\[\+\].* ok: ", "-": r"^\[-\].* failed: ",
                                    "?": r"^\[\?\].* not known: "}[line[1]])
        for word in words:
            self.assertIn(word, done.stdout)

    def test_permissions(self):
        for name, roles, settings, environment, code, marks, words in CASES:
            with self.subTest(name):
                self.set(roles, **settings)
                self.check(self.doctor(**environment), code, marks, words)

    def test_a_token_that_cannot_be_read(self):
        token = {"USHER_GRAPH_AUTH": "token", "USHER_GRAPH_TOKEN": "T"}
        self.check(self.doctor(**token, **ASSIGN), 0, "+?", ["cannot be read"])
        self.set("")
        self.check(self.doctor(**token, **ASSIGN), 77, "+-", ["403"])

    def test_refused_in_spite_of_the_permission(self):
        self.box.faults({"match": {"op": "look"}, "action": {"status": {
            "code": 403, "error": "Forbidden"}}})
        self.check(self.doctor(**ASSIGN), 77, "+-", ["licence", "403 Forbidden"])

    def test_credentials(self):
        wrong = {"USHER_GRAPH_CLIENT_SECRET": "wrong", "USHER_GRAPH_CLIENT_SECRET_FILE": ""}
        self.check(self.doctor(**wrong), 77, "-", ["7000215", "graph.client_secret"])
        self.check(self.doctor(USHER_GRAPH_AUTH="token", USHER_GRAPH_TOKEN="X"), 77, "-",
                   ["graph.token", "401"])

    def test_a_file_is_missing(self):
        for setting, used in (("graph.client_secret_file", {}),
                              ("admin.token_file", {"USHER_ADMIN_ACTIONS_LISTEN": "127.0.0.1:0"}),
                              ("traces.headers_file", {"USHER_TRACES_ENDPOINT": "http://c:4318"})):
            name = "USHER_" + setting.upper().replace(".", "_")
            done = self.doctor(**{name: "/no/such/file", **used})
            self.assertEqual(78, done.returncode, done.stdout)
            self.assertIn(f"{setting}: file /no/such/file", done.stderr)
        # Nobody reads it.
        self.check(self.doctor(USHER_TRACES_HEADERS_FILE="/no/such/file", **ASSIGN), 0, "++")

    def test_out_of_reach(self):
        nobody = f"http://127.0.0.1:{processes.free_port()}"
        self.check(self.doctor(USHER_GRAPH_AUTHORITY_HOST=nobody), 69, "-", ["authority_host"])
        self.check(self.doctor(USHER_GRAPH_BASE_URL=nobody + "/beta", **ASSIGN), 69, "+-")
        self.box.faults({"match": {"op": "look"}, "action": {"status": {"code": 502,
                                                                        "body": "html"}}})
        self.check(self.doctor(**ASSIGN), 69, "+-", ["502"])

    def test_tenants(self):
        """Each is looked at, with its own credentials."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            home = self.box.url.removesuffix("/beta")
            file.write(f"""
graph: {{base_url: {self.box.url}, authority_host: {home}, tenant_id: t}}
policy: {{kinds: [accessPackageAssignmentRequest]}}
tenants:
  contoso: {{client_id: c1, client_secret_file: {self.secret}}}
  fabrikam: {{client_id: c2, client_secret_file: {self.calls}.no}}
""")
            file.flush()
            done = usher("doctor", "--only", "graph", "-c", file.name)
            self.assertEqual(78, done.returncode)
            self.assertIn("tenants.fabrikam.client_secret_file: file ", done.stderr)
            leaks.give(self.calls + ".no", "wrong")
            done = usher("doctor", "--only", "graph", "-c", file.name)
        self.check(done, 77, "++-", ["[+]tenant contoso: graph token ok: application c1",
                                     "[-]tenant fabrikam: graph token failed: "])

    def test_settings_and_usage(self):
        self.assertEqual(78, usher("doctor").returncode)
        self.assertEqual(66, usher("doctor", "-c", "/no/such/file").returncode)
        self.assertEqual(2, usher("doctor", "now").returncode)
        self.assertEqual(2, usher("doctor", "--loud").returncode)
        for words in (["--only", "graf"], ["--only", ""], ["--clear-interlock", "--json"],
                      ["--clear-interlock", "--only", "redis"]):
            self.assertEqual(2, usher("doctor", *words).returncode, words)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = usher("doctor", "--only", "graph", stdout=full,
                         USHER_GRAPH_AUTH="token", USHER_GRAPH_TOKEN="T",
                         USHER_GRAPH_BASE_URL=self.box.url)
        self.assertEqual(73, done.returncode, done.stderr)


class Proxy(sandbox_client.unittest.TestCase):
    """The whole program behind a proxy that asks for a password."""

    def test_proxy(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = certificates.Authority(folder, "ca")
            certificate, key = authority.sign("localhost")
            box = sandbox_client.Sandbox("--tls-cert", certificate, "--tls-key", key)
            self.addCleanup(box.process.kill)
            proxy = subprocess.Popen(
                [harness.sys.executable, "tests/io/proxy_server.py", f"usher:{SECRET}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.addCleanup(proxy.kill)
            port = int(proxy.stdout.readline())
            password = os.path.join(folder, "password")
            with open(password, "w", encoding="utf-8") as file:
                file.write(SECRET + "\n")
            home = box.url.removesuffix("/beta").replace("127.0.0.1", "localhost")
            known = {"USHER_GRAPH_BASE_URL": home + "/beta", "USHER_GRAPH_AUTHORITY_HOST": home,
                     "USHER_GRAPH_TLS_CA_FILE": authority.file, "USHER_GRAPH_TENANT_ID": "ten",
                     "USHER_GRAPH_CLIENT_ID": "app", "USHER_GRAPH_CLIENT_SECRET": "other-secret"}
            named = {"USHER_GRAPH_PROXY": f"http://127.0.0.1:{port}",
                     "USHER_GRAPH_PROXY_USERNAME": "usher",
                     "USHER_GRAPH_PROXY_PASSWORD_FILE": password}
            environment = {"https_proxy": f"http://usher:{SECRET}@127.0.0.1:{port}"}
            for way, code, heads in ((named, 0, 3), (environment, 0, 3), ({}, 0, 0),
                                     ({"https_proxy": f"http://127.0.0.1:{port}"}, 69, 0)):
                done = usher("doctor", "--only", "graph", **known, **way)
                proxy.stdin.write("\n")
                proxy.stdin.flush()
                heard = json.loads(proxy.stdout.readline())
                self.assertEqual((code, heads), (done.returncode, len(heard["done"])), done.stdout)
                self.assertFalse(heard["bearer"])
                asked = re.search(r"[^:\d]407\b", done.stdout) is not None  # no port
                self.assertEqual(code == 69, asked, done.stdout)
            proxy.stdin.close()
            proxy.stdout.close()
            self.assertEqual(0, proxy.wait(20))
            box.process.terminate()
            box.process.stdout.close()
            box.process.wait(20)


class Interlock(sandbox_client.unittest.TestCase):
    KEY = "ward:interlock"
    STANDS = ('{"why":"a dry run was answered \\u001b[2Jwithout","instance":"w1",'
              '"time":"2026-01-02"}')

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.redis = harness.Redis(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.redis.stop()
        cls.folder.cleanup()

    def clear(self, stdout=subprocess.PIPE, **environment):
        return usher("doctor", "--clear-interlock", stdout=stdout, **{
            "USHER_REDIS_URL": self.redis.url, "USHER_REDIS_KEY_PREFIX": "ward",
            "USHER_GRAPH_AUTH": "token", "USHER_GRAPH_TOKEN": "T", **environment})

    def test_none_stands(self):
        self.redis.client.set("usher:interlock", "another group's")
        done = self.clear()
        self.assertEqual((0, f"no interlock stands at {self.KEY}\n"),
                         (done.returncode, done.stdout))
        self.assertTrue(self.redis.client.exists("usher:interlock"))

    def test_one_stands(self):
        for value, words in ((self.STANDS, ["why: a dry run was answered ?[2Jwithout",
                                            "raised by: w1", "at: 2026-01-02"]),
                             ("{}", ["value: {}"]), (b"\x1b\xff", ["value: ??"])):
            self.redis.client.set(self.KEY, value)
            self.redis.client.set("ward:pace", "x")
            done = self.clear()
            self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
            for word in [f"the interlock {self.KEY} stands", "cleared", *words]:
                self.assertIn(word, done.stdout)
            self.assertFalse(self.redis.client.exists(self.KEY))
            self.assertTrue(self.redis.client.exists("ward:pace"))

    def test_what_nobody_can_read_stays(self):
        self.redis.client.set(self.KEY, self.STANDS)
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(73, self.clear(stdout=full).returncode)
        self.assertTrue(self.redis.client.exists(self.KEY))
        self.redis.client.delete(self.KEY)

    def test_rights(self):
        """The user of config/README.md may do it; one without DEL may not; one with another
        password is nobody."""
        with open("config/README.md", encoding="utf-8") as file:
            line = next(line for line in file if line.startswith("ACL SETUSER usher "))
        rules = line.split()[3:]
        rules = [rule.replace("~usher:", "~ward:").replace(">PASSWORD", f">{SECRET}")
                 for rule in rules]
        self.redis.client.execute_command("ACL", "SETUSER", "usher", "reset", *rules)
        user = {"USHER_REDIS_USERNAME": "usher", "USHER_REDIS_PASSWORD": SECRET}
        self.redis.client.set(self.KEY, self.STANDS)
        self.assertEqual(77, self.clear(**{**user, "USHER_REDIS_PASSWORD": "wrong"}).returncode)
        self.redis.client.execute_command("ACL", "SETUSER", "usher", "-del")
        done = self.clear(**user)
        self.assertEqual(77, done.returncode, done.stderr)
        self.assertTrue(self.redis.client.exists(self.KEY))
        self.redis.client.execute_command("ACL", "SETUSER", "usher", "+del")
        done = self.clear(**user)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertFalse(self.redis.client.exists(self.KEY))

    def test_away(self):
        done = self.clear(USHER_REDIS_URL=f"redis://127.0.0.1:{processes.free_port()}/0")
        self.assertEqual(69, done.returncode)
        self.assertIn("redis.url", done.stderr)
        self.assertEqual(78, self.clear(USHER_REDIS_URL="rediss://127.0.0.1:1",
                                        USHER_REDIS_TLS_CA_FILE="/no/such/file").returncode)


if __name__ == "__main__":
    sandbox_client.unittest.main(verbosity=2)
