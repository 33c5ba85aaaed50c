#!/usr/bin/env python3
"""usher doctor in Kafka, Redis, hosts and clocks: against real ones, with each thing missing in
turn. What it says is in doctor.golden, whole; USHER_UPDATE=1 writes that anew. Graph's permissions:
test_doctor.py."""
import concurrent.futures
import contextlib
import email.utils
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time

import jsonschema
import redis
import yaml
from kafka import KafkaAdminClient
from kafka.admin import (ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType,
                         ResourcePattern, ResourceType)

import certificates
import harness
import processes
import secure_kafka
from secure_kafka import file_with

GOLDEN = os.path.join(os.path.dirname(__file__), "doctor.golden")
SCHEMA = "config/schemas/doctor.schema.json"
CANARY = "canary-doctor-Zk3v9"
REDIS_RIGHTS = "+evalsha +script|load +time +exists +mget +hmget +hset +hdel +pexpire +set +del"
TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
LITERAL, PREFIXED = ACLResourcePatternType.LITERAL, ACLResourcePatternType.PREFIXED
SIGNS = {"+": "ok", "-": "failed", "?": "unknown"}


def settings_file(folder, name, settings):
    return file_with(folder, name + ".yaml", yaml.safe_dump(settings))


def run(*arguments):
    """Within the 30 seconds that are promised, and a little for a slow machine."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("USHER_", "AZURE_")) and not name.endswith("_proxy")}
    done = subprocess.run([harness.BIN, *arguments], capture_output=True, text=True, check=False,
                          timeout=40 * harness.SLOWNESS, env=clean)
    assert CANARY not in done.stdout + done.stderr, done.stdout + done.stderr
    return done


class Shifted(http.server.BaseHTTPRequestHandler):
    """A Graph that allows all reads, and whose clock is an hour behind."""

    def do_GET(self):
        body = b'{"value":[]}'
        self.send_response_only(200)
        self.send_header("Date", email.utils.formatdate(time.time() - 3600, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def shifted_graph():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shifted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/beta"
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def silent_port():
    """Somebody listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class DoctorTest(harness.E2eCase):
    golden, said = {}, []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pool = concurrent.futures.ThreadPoolExecutor(1)
        cls.silence = cls.pool.submit(cls.ask_the_silent)
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)
        with contextlib.suppress(FileNotFoundError), open(GOLDEN, encoding="utf-8") as file:
            for part in file.read().split("== ")[1:]:
                name, lines = part.split("\n", 1)
                cls.golden[name] = lines

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
        super().tearDownClass()
        if os.environ.get("USHER_UPDATE"):
            with open(GOLDEN, "w", encoding="utf-8") as file:
                file.write("".join(f"== {name}\n{lines}" for name, lines in sorted(cls.said)))

    def world(self, name):
        """Without the secrets that every other world has: each case brings its own."""
        world = super().world(name)
        world.redis.client.config_set("requirepass", "")
        world.redis.password, world.redis.client = None, redis.Redis(port=world.redis.port)
        settings = world.settings
        del settings["redis"]["password_file"], settings["admin"], settings["traces"]
        for key in ("sasl.username", "sasl.password"):
            del settings["kafka"]["librdkafka"][key]
        return world

    # ---- a Kafka with rights ----

    @classmethod
    def make_kafka(cls):
        cls.authority = certificates.Authority(cls.folder, "ours")
        cls.stranger = certificates.Authority(cls.folder, "stranger")
        cls.certificate, cls.key = cls.authority.sign("localhost")
        kafka, cls.secure_port = secure_kafka.start(cls.folder, cls.certificate, cls.key,
                                                    {"rich": CANARY, "poor": CANARY})
        return kafka

    def allow(self, user, *rights):
        """Each right: operation, kind of resource, name, and whether the name is a beginning."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        admin.create_acls([ACL(f"User:{user}", "*", ACLOperation[operation],
                               ACLPermissionType.ALLOW, ResourcePattern(kind, name, pattern))
                           for operation, kind, name, pattern in rights])
        admin.close()

    def kafka_settings(self, user, **changes):
        properties = {"security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512",
                      "sasl.username": user, "sasl.password": CANARY,
                      "ssl.ca.location": self.authority.file}
        return {"brokers": f"localhost:{self.secure_port}", "instance_id": "w1",
                "librdkafka": {**properties, **changes}}

    # ---- what is said ----

    def plain(self, world, text):
        """Without what differs from run to run."""
        for what, word in ((self.folder + "/" + world, "FOLDER"), (self.folder, "FOLDER"),
                           (world, "W")):
            text = text.replace(what, word)
        text = re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:PORT", text)
        text = re.sub(r"Failed to connect to [^;\n]*", "CURL'S WORDS", text)  # differ by version
        text = re.sub(r"\(Local: [^)]*\)", "(LIBRDKAFKA'S WORDS)", text)
        text = re.sub(r"(does not come about) \([^)]*\)", r"\1 (OPENSSL'S WORDS)", text)
        text = re.sub(r"ok: ((127\.0\.0\.1|::1)(, )?)+\n", "ok: ADDRESSES\n", text)
        text = re.sub(r"for \d+ days?", "for N days", text)
        text = re.sub(r"(same as ours, to) \d+ ms", r"\1 N ms", text)
        text = re.sub(r"ours is [\d.]+ s (ahead|behind)", "the same as ours, to N ms", text)
        text = re.sub(r"our clock is 3[56]\d\d s", "our clock is 3600 s", text)
        text = re.sub(r"after \d+ ?(ms|milliseconds)", "after N ms", text)
        text = re.sub(r"(transactional id \w+)-(?!w1)\S+ not", r"\1-HOST not", text)
        return re.sub(r"(Redis|TLSv)[ ]?\d+[.\d]*", r"\1 N", text)

    def check(self, world, name, code, settings, only=None):
        """What it says, whole."""
        arguments = self.arguments(world, name, settings, only)
        done = run(*arguments)
        self.compare(name, code, done, world.name)
        return arguments, done

    @staticmethod
    def arguments(world, name, settings, only):
        path = settings_file(world.folder, name.replace(" ", "-"),
                             harness.merged(world.settings, settings))
        return ["doctor", "-c", path, *(["--only", only] if only else [])]

    def compare(self, name, code, done, world):
        text = f"exit {done.returncode}\n" + self.plain(world, done.stdout)
        with self.subTest(name):
            self.assertEqual((code, ""), (done.returncode, done.stderr), done.stdout)
            if os.environ.get("USHER_UPDATE"):
                self.said.append((name, text))
            else:
                self.assertEqual(self.golden.get(name), text)

    def check_json(self, arguments, done):
        """The same in JSON, and as its schema has it."""
        found = run(*arguments, "--json")
        tree = json.loads(found.stdout)
        jsonschema.validate(tree, self.schema, cls=jsonschema.Draft202012Validator)
        self.assertEqual((done.returncode, done.returncode), (found.returncode, tree["exitCode"]))
        signs = {line.split("]", 1)[1].split(" ok: ")[0].split(" failed: ")[0]
                 .split(" not known: ")[0]: SIGNS[line[1]] for line in done.stdout.splitlines()}
        self.assertEqual(signs, {c["name"]: c["status"] for c in tree["checks"]})
        return tree

    def known_checks(self):
        return self.schema["$defs"]["check"]["properties"]["check"]["enum"]

    # ---- the tests ----

    def rich_world(self, name):
        """With all rights that are needed, and not one more."""
        world = self.world(name)
        own = [("READ", TOPIC, world.requests, LITERAL), ("READ", GROUP, world.name, LITERAL),
               ("WRITE", ResourceType.TRANSACTIONAL_ID, world.name, PREFIXED),
               ("DESCRIBE", ResourceType.TRANSACTIONAL_ID, world.name, PREFIXED),
               ("DESCRIBE_CONFIGS", TOPIC, world.name, PREFIXED)]
        self.allow("rich", *own, *(("WRITE", TOPIC, topic, LITERAL)
                                   for topic in (world.replies, world.dead, world.other)))
        world.settings = harness.merged(world.settings, {"kafka": self.kafka_settings("rich")})
        del world.settings["kafka"]["librdkafka"]["session.timeout.ms"]
        return world

    def changes(self, world):
        return world.redis.client.info("persistence")["rdb_changes_since_last_save"]

    def test_all_is_there(self):
        world = self.rich_world("doctor-all")
        world.redis.client.execute_command("ACL", "SETUSER", "usher", "on", ">" + CANARY,
                                           f"~{world.name}:*", *REDIS_RIGHTS.split(), "+info",
                                           "+waitaof" if self.has_waitaof(world) else "+ping")
        password = file_with(world.folder, "redis-password", CANARY)
        before = self.changes(world)
        arguments, done = self.check(world, "all is there", 0, {
            "redis": {"username": "usher", "password_file": password}})
        self.check_json(arguments, done)
        online = run("config", "check", "--online", *arguments[1:3])
        self.assertEqual((0, ""), (online.returncode, online.stderr))
        self.assertTrue(online.stdout.startswith("ok: "), online.stdout)
        self.assertIn(self.plain(world.name, done.stdout)[:2000],
                      self.plain(world.name, online.stdout))
        # Nothing was joined, written or begun.
        self.assertEqual([], world.redis.client.keys())
        self.assertEqual(before, self.changes(world))
        self.assertEqual({0}, set(world.topics.ends(world.replies).values()))
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        self.assertEqual([], [g for g in admin.list_groups() if world.name in str(g)])
        admin.close()
        self.assertEqual([], world.sandbox.ledger())

    @staticmethod
    def has_waitaof(world):
        version = world.redis.client.info("server")["redis_version"]
        return tuple(map(int, version.split(".")[:2])) >= (7, 2)

    def test_kafka(self):
        world = self.rich_world("doctor-k")
        self.allow("poor", ("DESCRIBE", TOPIC, world.requests, LITERAL),
                   ("DESCRIBE", TOPIC, world.replies, LITERAL),
                   ("DESCRIBE", GROUP, world.name, LITERAL))
        world.topics.create([world.name + "-few"], 2)
        world.topics.create([world.name + "-compact"], 4, cleanup_policy="compact")
        closed, secure = processes.free_port(), f"localhost:{self.secure_port}"
        cases = [
            ("a right is missing", 77, self.kafka_settings("poor")),
            ("a password is wrong", 77, self.kafka_settings("rich", **{"sasl.password": "wrong"})),
            ("an authority is strange", 69, self.kafka_settings("rich", **{
                "ssl.ca.location": self.stranger.file})),
            ("an authority is missing", 78, self.kafka_settings("rich", **{
                "ssl.ca.location": self.certificate + ".key"})),
            ("a host name is wrong", 69, {"brokers": f"127.0.0.1:{self.secure_port}"}),
            ("one broker is away", 0, {"brokers": f"localhost:{closed},{secure}"}),
            ("no broker is there", 69, {"brokers": f"127.0.0.1:{closed}"}),
            ("no name is known", 69, {"brokers": "no-such-host.invalid:9092"}),
            ("no TLS is there", 69, {"brokers": self.kafka.brokers}),
            ("a topic is missing", 78, {"replies_topic": "doctor-k-none",
                                        "reply_topics_allowed": ["doctor-k-none-either"]}),
            ("a topic has few partitions", 78, {"dead_letters_topic": "doctor-k-few"}),
            ("a topic is compacted", 78, {"replies_topic": "doctor-k-compact"}),
        ]
        self.allow("rich", *(("WRITE", TOPIC, world.name + "-" + name, LITERAL)
                             for name in ("few", "compact", "none", "none-either")))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = pool.map(lambda case: run(*self.arguments(world, case[0], {"kafka": case[2]},
                                                             "kafka")), cases)
            for (name, code, _), one in zip(cases, done):
                self.compare(name, code, one, world.name)

    def test_redis(self):
        world = self.world("doctor-r")
        client, prefix = world.redis.client, world.name
        client.execute_command("ACL", "SETUSER", "usher", "on", ">" + CANARY, f"~{prefix}:event:*",
                               f"~{prefix}:memory", *REDIS_RIGHTS.split(), "-hset", "-del")
        named = {"username": "usher", "password": CANARY}
        self.check(world, "redis has all", 0, {}, "redis")
        self.check(world, "redis rights are missing", 77, {"redis": named}, "redis")
        self.check(world, "redis password is wrong", 77, {"redis": {**named, "password": "wrong"}},
                   "redis")
        self.check(world, "redis is away", 69, {"redis": {
            "url": f"redis://127.0.0.1:{processes.free_port()}/0"}}, "redis")
        self.check(world, "redis has no TLS", 69, {"redis": {
            "url": world.redis.url.replace("redis:", "rediss:")}}, "redis")
        client.set(f"{prefix}:interlock", '{"why":"a dry run was answered without the member"}')
        self.check(world, "the interlock stands", 76, {}, "redis")
        client.config_set("appendonly", "no")
        client.config_set("maxmemory-policy", "allkeys-lru")
        arguments, done = self.check(world, "redis keeps nothing", 78, {}, "redis")
        self.check_json(arguments, done)
        client.config_set("requirepass", CANARY)
        self.check(world, "redis wants a password", 77, {}, "redis")
        redis.Redis(port=world.redis.port, password=CANARY).config_set("requirepass", "")

    def test_redis_tls(self):
        world = self.world("doctor-t")
        world.redis.stop()
        port = world.redis.port
        world.redis.options = ("--port", "0", "--tls-port", str(port), "--tls-cert-file",
                               self.certificate, "--tls-key-file", self.key, "--tls-ca-cert-file",
                               self.authority.file, "--tls-auth-clients", "no")
        world.redis.client = redis.Redis("localhost", port, ssl=True,
                                         ssl_ca_certs=self.authority.file)
        world.redis.start()
        ours = {"url": f"rediss://localhost:{port}/0", "tls_ca_file": self.authority.file}
        self.check(world, "redis has TLS", 0, {"redis": ours}, "redis")
        self.check(world, "redis has another name", 69, {"redis": {
            **ours, "url": f"rediss://127.0.0.1:{port}/0"}}, "redis")
        self.check(world, "redis is a stranger", 69, {"redis": {
            **ours, "tls_ca_file": self.stranger.file}}, "redis")
        with certificates.one_hand_shake(self.certificate, self.key) as once:
            self.check(world, "redis goes away", 69, {"redis": {
                **ours, "url": f"rediss://localhost:{once}/0"}}, "redis")

    def test_graph(self):
        world = self.world("doctor-g")
        with shifted_graph() as url:
            arguments, done = self.check(world, "a clock is wrong", 78, {"graph": {
                "base_url": url, "auth": "token", "token": CANARY, "client_secret_file": ""}},
                "graph")
            self.check_json(arguments, done)
        nobody = f"http://127.0.0.1:{processes.free_port()}"
        self.check(world, "the authority is away", 69, {"graph": {"authority_host": nobody}},
                   "graph")
        self.check(world, "graph is away", 69, {"graph": {"base_url": nobody + "/beta"}}, "graph")
        secret = world.settings["graph"]["client_secret_file"]
        for name in ("client_id", "client_secret_file"):
            del world.settings["graph"][name]
        arguments, done = self.check(world, "two tenants", 0, {"tenants": {
            "contoso": {"client_id": "c1", "client_secret_file": secret},
            "fabrikam": {"client_id": "c2", "client_secret_file": secret}}}, "graph")
        tree = self.check_json(arguments, done)
        self.assertEqual({"contoso", "fabrikam"}, {c["tenant"] for c in tree["checks"]})

    def test_nobody_says_a_word(self):
        """It was begun before all others, so that nobody waits for it."""
        begun, done, took = self.silence.result(60 * harness.SLOWNESS)
        self.compare("nobody says a word", 69, done, "no-world")
        self.assertLess(took, 32 * harness.SLOWNESS)
        harness.figure("doctor", f"{took:.1f} s where nobody says a word")
        self.assertLess(begun, time.monotonic())

    @classmethod
    def ask_the_silent(cls):
        begun = time.monotonic()
        with silent_port() as kafka, silent_port() as redis_port, silent_port() as graph:
            path = settings_file(cls.folder, "silent", {
                "kafka": {"brokers": f"127.0.0.1:{kafka}"},
                "redis": {"url": f"redis://127.0.0.1:{redis_port}/0"},
                "graph": {"base_url": f"http://127.0.0.1:{graph}/beta", "auth": "token",
                          "token": CANARY, "timeout": "1s"}})
            done = run("doctor", "-c", path)
        return begun, done, time.monotonic() - begun

    def test_the_worst_counts(self):
        world = self.world("doctor-s")
        world.redis.client.set(f"{world.name}:interlock", "{}")
        self.check(world, "all is wrong", 78, {
            "kafka": {"replies_topic": "doctor-s-none"},
            "graph": {"base_url": f"http://127.0.0.1:{processes.free_port()}/beta"}})

    def test_schema_has_all_checks(self):
        """Those that a run told; and each that the golden file does not have is known here."""
        rare = {"graph.certificate", "doctor"}  # test_credentials, and no memory or no time
        with open("worker/doctor_job.c", encoding="utf-8") as file:
            table = re.findall(r'^    \[CHECK_\w+\] = \{"([^"]+)"', file.read(), re.M)
        self.assertEqual(self.known_checks(), table)
        self.assertLess(rare, set(table))


if __name__ == "__main__":
    harness.main()
