#!/usr/bin/env python3
"""config/usher.yaml as it is: an editor's schema takes it, and a worker works with it in the
compose file's stack, for which Kafka, Redis and the sandbox of this machine stand in."""
import os
import shutil
import subprocess
import sys
import unittest

import yaml

import events
import harness
import processes

SOURCE = os.environ.get("USHER_SOURCE", ".")
EXAMPLE = os.path.join(SOURCE, "config", "usher.yaml")
SCHEMA = os.path.join(SOURCE, "config", "schema.json")
CHECKER = shutil.which("check-jsonschema", path=os.pathsep.join(
    [os.path.dirname(sys.executable), os.environ.get("PATH", "")]))


class Defaults(harness.World):
    """Topics and group have the names of the defaults, and Redis asks for no password."""

    def make_redis(self):
        return harness.Redis(self.folder)

    def base_settings(self):
        self.requests, self.replies, self.dead, statuses = (
            "access-requests", "access-replies", "access-requests-dlt", "access-statuses")
        self.topics.create([self.requests, self.replies, self.dead, statuses])
        return super().base_settings() | {"kafka": {"group": "usher"}}


class ExampleTest(harness.E2eCase):
    def environment(self, world):
        """The compose file's, with the addresses of this machine."""
        path = os.path.join(SOURCE, "deploy", "compose", "compose.yaml")
        with open(path, encoding="utf-8") as file:
            usher = yaml.safe_load(file)["services"]["usher"]
        self.assertIn("../../config/usher.yaml:/etc/usher/usher.yaml:ro", usher["volumes"])
        self.port = processes.free_port()
        own = {"USHER_KAFKA_BROKERS": world.kafka.brokers, "USHER_REDIS_URL": world.redis.url,
               "USHER_GRAPH_BASE_URL": world.sandbox.url,
               "USHER_GRAPH_AUTHORITY_HOST": world.sandbox.url.removesuffix("/beta"),
               "USHER_ADMIN_LISTEN": f"127.0.0.1:{self.port}"}
        self.assertEqual(set(), set(own) - set(usher["environment"]))
        return {**usher["environment"], **own}

    def test_works_unchanged(self):
        world = Defaults(self.folder, self.kafka, "unchanged", (), {})
        self.addCleanup(world.close)
        environment = self.environment(world)
        check = subprocess.run([harness.BIN, "config", "check", "--strict", "-c", EXAMPLE],
                               env={**os.environ, **environment}, capture_output=True, text=True,
                               timeout=60, check=False)
        self.assertEqual((0, ""), (check.returncode, check.stderr))
        log = os.path.join(world.folder, "usher.log")
        worker = processes.start([harness.BIN, "run", "-c", EXAMPLE], log, environment)
        self.addCleanup(processes.stop, worker)
        maker = events.Maker(58, world.name)
        made = [maker.submitted() for _ in range(20)] + [maker.validated()]
        world.other = world.replies
        world.send(made)
        follower = harness.Follower(world.topics, [world.replies])
        world.followers.append(follower)
        follower.wait_for(len(made), 30)
        self.assertIsNone(worker.poll())
        self.assertEqual(0, processes.stop(worker))
        ledger = [entry for entry in world.sandbox.ledger() if entry["op"] == "submit"]
        self.assertEqual(20, len(ledger))

    def schema_says(self, text):
        path = os.path.join(self.folder, "settings.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run([CHECKER, "--schemafile", SCHEMA, path], capture_output=True,
                              text=True, timeout=60, check=False)

    @unittest.skipUnless(CHECKER, "deploy/install-deps --tests installs check-jsonschema")
    def test_schema(self):
        with open(EXAMPLE, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual("# yaml-language-server: $schema=./schema.json", text.split("\n")[0])
        answer = self.schema_says(text)
        self.assertEqual(0, answer.returncode, answer.stdout)
        for wrong, said in (("window: 4096", "window: 40960"), ("window: 4096", "windoe: 4096"),
                            ("drain: 40s", "drain: 40"), ("level: info", "level: loud")):
            self.assertIn(wrong, text)
            answer = self.schema_says(text.replace(wrong, said))
            self.assertEqual(1, answer.returncode, said)


if __name__ == "__main__":
    harness.main()
