"""All that a run needs, for real: Kafka, Redis, the Graph sandbox, workers. See E2eCase.

One Kafka for a test file; each World has topics, a Redis, a sandbox and a group of its own.
"""
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import redis
import yaml

import checker
import leaks
import openapi_check
import processes
import sandbox_client
from kafka_server import KafkaServer
from topics import Follower, Topics

SLOWNESS = int(os.environ.get("USHER_SLOWNESS", "1"))  # of the build: the thread sanitizer's is 4
RELEASE = os.environ.get("USHER_RELEASE_BIN", "build/release/usher")  # to measure with
BIN = os.environ.get("USHER_BIN", RELEASE)  # tests/run: the one with sanitizers
SECRET = leaks.CANARIES["client-secret"]


class Kafka(KafkaServer):
    """One that cannot outlive the test."""

    def java(self, *arguments, **more):
        return ["setpriv", "--pdeathsig", "KILL", *super().java(*arguments, **more)]


class Redis:
    """A redis-server that keeps everything it has said yes to."""

    def __init__(self, folder, *options, password=None):
        self.folder, self.options, self.password = folder, options, password
        self.port = processes.free_port()
        self.log = os.path.join(folder, "redis.log")
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, password=password, socket_timeout=10)
        self.start()

    def start(self):
        secret = ("--requirepass", self.password) if self.password else ()
        self.process = processes.start(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder,
             "--appendonly", "yes", "--appendfsync", "always", "--save", "", *secret,
             *self.options], self.log)
        processes.wait_until("Redis answers", self.is_up)

    def is_up(self):
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        processes.stop(self.process)


LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def metric_of(text, row):
    name, _, labels = row.partition("{")
    wanted, found = LABEL.findall(labels), []
    for line in text.splitlines():
        if line.startswith((name + "{", name + " ")):
            has = dict(LABEL.findall(line))
            if all(has.get(label, "") == value for label, value in wanted):
                found.append(float(line.split()[-1]))
    return sum(found) if found else None


class Worker:
    """`usher run` with a settings file of its own."""

    def __init__(self, folder, settings, name="w1", environment=None, program=BIN):
        self.name, self.program = name, program
        self.log = os.path.join(folder, f"{name}.log")
        self.port = processes.free_port()
        settings = merged(settings, {"kafka": {"instance_id": name},
                                     "admin": {"listen": f"127.0.0.1:{self.port}"}})
        self.file = os.path.join(folder, f"{name}.yaml")
        self.write(settings)
        self.environment = environment
        self.start()

    def write(self, settings):
        leaks.give(self.file, yaml.safe_dump(settings))

    def settings(self):
        with open(self.file, encoding="utf-8") as file:
            return yaml.safe_load(file)

    def reload(self, **settings):
        """These on top of those in the file, and SIGHUP, unless it is not up: that would end it."""
        self.write(merged(self.settings(), settings))
        if self.get("/readyz")[0] == 200:
            self.signal(signal.SIGHUP)

    def start(self):
        self.process = processes.start([self.program, "run", "-c", self.file], self.log,
                                       self.environment)

    def alive(self):
        if self.process.poll() is not None:
            code = self.process.returncode
            raise AssertionError(f"{self.name} ended with {code}:\n{self.tail()}")

    def tail(self, count=15):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-count:])

    def get(self, path):
        """(status, text) of the admin listener; (0, why) where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)
        leaks.look_at_text(text, f"{path} of {self.log}")
        return status, text

    def look_at_pages(self):
        """For canaries, while it answers."""
        if self.process.poll() is None and self.get(leaks.PAGES[0])[0] != 0:
            for path in leaks.PAGES[1:]:
                self.get(path)

    def metric(self, row):
        """The sum of the rows of /metrics that have this name and at least these labels, as in
        `usher_requests_total{outcome="failed",tenant=""}`; None: there is none."""
        return metric_of(self.get("/metrics")[1], row)

    def in_flight(self, stage):
        return self.metric(f'usher_requests_in_flight{{stage="{stage}"}}') or 0

    def is_ready(self):
        self.alive()
        return self.get("/readyz")[0] == 200

    def wait_ready(self, seconds=30):
        processes.wait_until(f"{self.name} is ready", self.is_ready, seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; the exit code."""
        self.look_at_pages()
        return processes.stop(self.process, seconds)


def merged(base, over):
    both = dict(base)
    for name, value in over.items():
        both[name] = merged(both.get(name, {}), value) if isinstance(value, dict) else value
    return both


class World:
    """Topics, Redis, sandbox and workers of one run. close() ends them all."""

    partitions = 4

    def __init__(self, folder, kafka, name, sandbox_options, settings):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.kafka, self.name = kafka, name
        self.topics = Topics(kafka.brokers)
        self.requests, self.replies, self.dead, self.other = (
            f"{name}-{what}" for what in ("requests", "replies", "dlt", "replies-b"))
        self.topics.create([self.requests], self.partitions, max_message_bytes=3 << 20)
        self.topics.create([self.replies, self.dead, self.other], self.partitions)
        self.redis = self.make_redis()
        self.sandbox = sandbox_client.Sandbox("--with-parent", *sandbox_options)
        self.settings = merged(self.base_settings(), settings)
        self.group = self.settings["kafka"]["group"]
        self.workers, self.followers = [], []
        self.program = BIN

    def make_redis(self):
        return Redis(self.folder, password=leaks.CANARIES["redis-password"])

    def base_settings(self):
        secret = leaks.give(os.path.join(self.folder, "secret"), SECRET + "\n")
        settings = {
            "kafka": {"brokers": self.kafka.brokers, "group": self.name,
                      "requests_topic": self.requests, "replies_topic": self.replies,
                      "dead_letters_topic": self.dead, "reply_topics_allowed": [self.other],
                      # Another worker takes over soon from one that is gone.
                      # A password that nobody asks for without SASL.
                      "librdkafka": {"session.timeout.ms": "6000", "sasl.username": "usher",
                                     "sasl.password": leaks.CANARIES["kafka-password"]}},
            "redis": {"url": self.redis.url, "key_prefix": self.name, "lease": "6s"},
            "graph": {"base_url": self.sandbox.url, "auth": "client-secret", "tenant_id": "e2e",
                      "client_id": "e2e-client", "client_secret_file": secret,
                      "authority_host": self.sandbox.url.removesuffix("/beta"),
                      "timeout": "3s", "settle": "2s", "writes_per_second": 0},
            "drain": "10s", "log": {"level": "info", "format": "json"}}
        if getattr(self.redis, "password", None):
            settings["redis"]["password_file"] = leaks.give(
                os.path.join(self.folder, "redis-password"), self.redis.password + "\n")
        return merged(settings, leaks.settings_of(BIN, self.folder))

    def worker(self, name="w1", environment=None, **settings):
        worker = Worker(self.folder, merged(self.settings, settings), name, environment,
                        self.program)
        self.workers.append(worker)
        return worker

    def send(self, events):
        self.topics.send(self.requests, events)

    def follow(self):
        follower = Follower(self.topics, [self.replies, self.other])
        self.followers.append(follower)
        return follower

    def wait_answers(self, count, seconds=60, follower=None):
        """Until so many replies are committed, while no worker ends by itself."""
        return (follower or self.follow()).wait_for(count, seconds, self.alive)

    def alive(self):
        for worker in self.workers:
            worker.alive()

    def wait_assigned(self, workers, partitions=4):
        """Until these have all partitions between them, and each has one."""
        def shares():
            self.alive()
            return [w.metric("usher_kafka_assigned_partitions") or 0 for w in workers]
        processes.wait_until("partitions are shared", lambda: sum(shares()) == partitions
                             and min(shares()) > 0, 30)

    def wait_committed(self, seconds=15):
        """Until the group's offsets are at the end; it may be that they never are."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            committed = self.topics.committed(self.group, self.requests)
            if all(committed.get(p, 0) >= e for p, e in self.topics.ends(self.requests).items()):
                return
            time.sleep(0.1)

    def check(self, events, unsettled=False):
        if not unsettled:
            self.wait_committed()
        found = checker.World(
            self.topics.read(self.requests),
            self.topics.read(self.replies) + self.topics.read(self.other),
            self.topics.read(self.dead), self.sandbox.ledger(),
            self.topics.committed(self.group, self.requests), self.group)
        return checker.check(events, found)

    def close(self):
        for follower in self.followers:
            follower.close()
        for worker in self.workers:
            worker.look_at_pages()
            processes.stop(worker.process, 10)
        processes.stop(self.sandbox.process)
        self.sandbox.close()
        self.sandbox.process.stdout.close()
        self.redis.resume()
        self.redis.stop()


class E2eCase(unittest.TestCase):
    """One Kafka for all tests of a class. The folder with all logs stays if one of them fails."""

    program = BIN
    refused_on_purpose = None  # what openapi_check says of bodies that Graph is to refuse

    @classmethod
    def setUpClass(cls):
        beside = os.path.join(os.path.dirname(cls.program), "usher-sandbox")
        sandbox_client.PROGRAM = beside if os.path.exists(beside) else sandbox_client.PROGRAM
        cls.folder = tempfile.mkdtemp(prefix="usher-e2e-")
        cls.kafka = cls.make_kafka()
        cls.judge = openapi_check.Judge(cls.refused_on_purpose)
        cls.failures = 0

    @classmethod
    def make_kafka(cls, **settings):
        directory = os.path.join(cls.folder, "kafka")
        return Kafka(processes.free_port(), 4, directory=directory, settings=settings).start()

    @classmethod
    def tearDownClass(cls):
        cls.kafka.close()
        figure("calls by the OpenAPI description", cls.judge.line())
        leaks.look_at_tree(cls.folder)
        figure("canaries", leaks.figure())
        if cls.failures:
            print(f"logs are kept in {cls.folder}", flush=True)
        else:
            shutil.rmtree(cls.folder, ignore_errors=True)
        cls.fail_on_leaks()

    def world(self, name=None, sandbox_options=(), **settings):
        name = name or self._testMethodName.replace("_", "-")
        calls = os.path.join(self.folder, f"{name}.calls")
        world = World(self.folder, self.kafka, name, ("--record", calls, *sandbox_options),
                      settings)
        world.program = self.program
        self.addCleanup(self.judge_file, calls)
        self.addCleanup(self.look_for_leaks, world)
        self.addCleanup(world.close)
        return world

    def look_for_leaks(self, world):
        """No secret in anything that the test has left, and nothing personal in a log."""
        leaks.look_at_tree(world.folder)
        leaks.look_at_file(os.path.join(self.folder, f"{world.name}.calls"))
        leaks.look_at_topics(os.path.join(self.folder, "kafka"), world.name)
        for worker in world.workers:
            leaks.look_at_file(worker.log, leaks.PERSONAL)
        self.fail_on_leaks()

    @staticmethod
    def fail_on_leaks():
        found = leaks.take()
        if found:
            raise AssertionError("canaries were found:\n" + "\n".join(
                f"{what} in {place}" for place, what in found[:20]))

    def judge_file(self, path):
        with open(path, encoding="utf-8") as lines:
            self.judge_calls(lines)

    def judge_calls(self, lines):
        """All that a worker has sent is what Graph's description takes."""
        problems = self.judge.judge(lines)
        if problems:
            self.fail(f"{len(problems)} invalid calls, the first ones:\n" + "\n".join(problems[:5]))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        type(self).failures += len(result.failures) + len(result.errors) - before

    def assert_good(self, report):
        self.assertTrue(report.good, "\n" + report.text())


def figure(name, text):
    print(f"\nFIGURE {name}: {text}", flush=True)  # on a line of its own, behind unittest's


def main():
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)


def log_lines(path):
    """The lines of a worker's log as dicts; what is no JSON is {"message": line}."""
    lines = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"message": line})
    return lines
