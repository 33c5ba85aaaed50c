#!/usr/bin/env python3
"""Kafka over SASL_SSL with SCRAM and the run book's ACLs, Redis over TLS with the documents' ACL
user; who is not who it should be, or may not, is refused; no secret is where it should not be."""
import os
import re

import redis
from kafka import KafkaAdminClient
from kafka.admin import (ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType,
                         ResourcePattern, ResourceType)

import certificates
import events
import harness
import processes
import secure_kafka
from secure_kafka import content_of, file_with

CANARIES = {name: f"canary-{name}-Zk3v9" for name in ("kafka", "redis", "graph", "token")}
RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP,
             "transactional-id": ResourceType.TRANSACTIONAL_ID}


def redis_rights():
    """All that the worker needs of Redis, and nothing more."""
    with open("config/README.md", encoding="utf-8") as file:
        return re.search(r"^ACL SETUSER usher on .* ~usher:\* (.*)$", file.read(), re.M)[1]


def kafka_rights(world):
    """The run book's commands, for the names of this world, as kafka-python has them."""
    with open("deploy/README.md", encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("kafka-acls.sh ")]
    # As it says below them: also for the topics of kafka.reply_topics_allowed.
    lines += [line.replace("access-replies", "other") for line in lines if "replies" in line]
    names = {"other": world.other, "access-requests": world.requests,
             "access-replies": world.replies,
             "access-requests-dlt": world.dead, "usher": world.name, "usher-": f"{world.name}-"}
    rights = []
    for line in lines:
        kind, name = re.search(r"--(topic|group|transactional-id) (\S+)", line).groups()
        pattern = ("PREFIXED" if "--resource-pattern-type prefixed" in line else "LITERAL")
        resource = ResourcePattern(RESOURCES[kind], names[name], ACLResourcePatternType[pattern])
        rights += [ACL("User:usher", "*", ACLOperation[operation.upper()],
                       ACLPermissionType.ALLOW, resource)
                   for operation in re.findall(r"--operation (\w+)", line)]
    return rights


class SecureTest(harness.E2eCase):
    @classmethod
    def make_kafka(cls):
        cls.authority = certificates.Authority(cls.folder, "ours")
        cls.stranger = certificates.Authority(cls.folder, "stranger")
        cls.certificate, cls.key = cls.authority.sign("localhost")
        kafka, cls.secure_port = secure_kafka.start(cls.folder, cls.certificate, cls.key,
                                                    {"usher": CANARIES["kafka"]})
        return kafka

    def kafka_settings(self, password="kafka", **changes):
        properties = {"debug": "security,conf,broker,eos",
                      "security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512",
                      "sasl.username": "usher",
                      "ssl.ca.location": self.authority.file, "session.timeout.ms": "6000"}
        file = file_with(self.folder, f"{password}-password", CANARIES[password] + "\n")
        return {"brokers": f"localhost:{self.secure_port}", "librdkafka": {**properties, **changes},
                "librdkafka_files": {"sasl.password": file}}

    def secure_redis(self, world):
        """Puts a Redis with TLS and an ACL user in the place of the world's."""
        world.redis.stop()
        port = processes.free_port()
        acl = file_with(world.folder, "users.acl", "user default off\n"
                        f"user admin on >admin ~* &* +@all\n"
                        f"user usher on >{CANARIES['redis']} ~{world.name}:* {redis_rights()}\n")
        world.redis.port, world.redis.password = port, None
        world.redis.options = ("--port", "0", "--tls-port", str(port), "--aclfile", acl,
                               "--tls-cert-file", self.certificate, "--tls-key-file", self.key,
                               "--tls-ca-cert-file", self.authority.file,
                               "--tls-auth-clients", "no")
        world.redis.client = redis.Redis("localhost", port, username="admin", password="admin",
                                         ssl=True, ssl_ca_certs=self.authority.file)
        world.redis.start()
        password = file_with(world.folder, "redis-password", CANARIES["redis"] + "\n")
        return {"url": f"rediss://localhost:{port}/0", "username": "usher",
                "password_file": password, "tls_ca_file": self.authority.file}

    def secure_world(self, name):
        """A world whose settings are the secure ones."""
        secret = file_with(self.folder, name + "-secret", CANARIES["graph"])
        world = self.world(name, sandbox_options=(
            "--tenant", "e2e", "--client-id", "e2e-client", "--client-secret-file", secret,
            "--token", CANARIES["token"]))
        world.settings = harness.merged(world.settings, {
            "kafka": self.kafka_settings(), "redis": self.secure_redis(world),
            "graph": {"client_secret_file": secret}, "log": {"level": "debug"}})
        del world.settings["kafka"]["librdkafka"]["sasl.password"]  # it comes from a file here
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        admin.create_acls(kafka_rights(world))
        admin.close()
        return world

    def find_secrets(self, world, worker):
        """Every place that a person or a program may read: none may hold a canary."""
        places = {"log of " + w.name: content_of(w.log) for w in world.workers}
        for topic in (world.replies, world.dead, world.other):
            records = world.topics.read(topic)
            places[topic] = repr([(r.key, r.value, r.headers) for r in records]).encode()
        for path in ("/metrics", "/readyz?verbose", "/status", "/"):
            places[path] = worker.get(path)[1].encode()
        for name in world.redis.client.keys():
            kind = world.redis.client.type(name)
            content = (world.redis.client.hgetall if kind == b"hash"
                       else world.redis.client.get)(name)
            places[name.decode()] = repr(content).encode()
        for folder, _, names in os.walk(os.path.join(world.folder, "appendonlydir")):
            for name in names:
                places[name] = content_of(os.path.join(folder, name))
        places["command line"] = content_of(f"/proc/{worker.process.pid}/cmdline")
        self.assertGreater(len(places), 10)
        found = [(place, name) for place, content in places.items()
                 for name, canary in CANARIES.items() if canary.encode() in content]
        self.assertEqual([], found)
        return len(places)

    def check_the_job(self):
        world = self.secure_world("tls")
        made = events.mixture(300, 21, world.name, reply_topics=[world.other])
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 60)
        report = world.check(made)
        self.assert_good(report)
        places = self.find_secrets(world, worker)
        self.assertEqual(0, worker.stop())
        harness.figure("e2e TLS", f"Kafka SASL_SSL SCRAM-SHA-512, Redis TLS and ACL user; "
                                  f"{report.line()}; no secret in {places} places")

    def check_ready_token(self):
        """auth: token, from the environment."""
        world = self.secure_world("token")
        world.settings["graph"] |= {"auth": "token"}
        for name in ("tenant_id", "client_id", "client_secret_file"):
            del world.settings["graph"][name]
        made = events.mixture(50, 22, world.name)
        world.send(made)
        worker = world.worker(environment={"USHER_GRAPH_TOKEN": CANARIES["token"]})
        world.wait_answers(len(made), 60)
        self.assert_good(world.check(made))
        self.find_secrets(world, worker)

    def start_refused(self):
        """Each wrong thing alone: {name: (worker, exit code, what it says)}, and their world."""
        world = self.secure_world("refused")
        port, strange = world.redis.port, self.stranger.file
        wrong_file = file_with(world.folder, "wrong", CANARIES["token"])
        wrong_password = self.kafka_settings(password="graph")
        wrong_ca = self.kafka_settings(**{"ssl.ca.location": strange})
        wrong = {
            "kafka-ca": ({"kafka": wrong_ca}, 69, "certificate"),
            "kafka-host": ({"kafka": {"brokers": f"127.0.0.1:{self.secure_port}"}}, 69,
                           "certificate"),
            "kafka-group": ({"kafka": {"group": "not-ours"}}, 77, "transactional id"),
            "kafka-read": ({"kafka": {"requests_topic": world.replies,
                                       "replies_topic": world.requests}}, 77, "may not read"),
            "kafka-password": ({"kafka": wrong_password}, 77, "kafka.brokers"),
            "redis-ca": ({"redis": {"tls_ca_file": strange}}, 69,
                         "redis.tls_ca_file: the certificate of"),
            "redis-host": ({"redis": {"url": f"rediss://127.0.0.1:{port}/0"}}, 69,
                           "127.0.0.1 is not among its names"),
            "redis-keys": ({"redis": {"key_prefix": "not-ours"}}, 77, "redis.key_prefix"),
            "redis-password": ({"redis": {"password_file": wrong_file}}, 77, "redis.password"),
            "client-secret": ({"graph": {"client_secret_file": wrong_file}}, 77, "client_secret"),
        }
        return world, {name: (world.worker(name, **settings), code, words)
                       for name, (settings, code, words) in wrong.items()}

    def check_refused(self, world, workers):
        """They gave up after 30 s, said what is wrong, and told no secret."""
        for name, (worker, code, words) in workers.items():
            with self.subTest(name):
                self.assertEqual(code, worker.process.wait(45), worker.tail(3))
                self.assertIn(words, worker.tail(1))
                text = content_of(worker.log)
                self.assertEqual([], [c for c in CANARIES.values() if c.encode() in text])
        self.assertEqual([], world.sandbox.ledger())

    def test_secure(self):
        refused = self.start_refused()  # they try for 30 s; meanwhile the others work
        self.check_the_job()
        self.check_ready_token()
        self.check_refused(*refused)


if __name__ == "__main__":
    harness.main()
