#!/usr/bin/env python3
"""The log of a worker that runs: its level by signals, its parts by setting, the ids of a request
on each of its lines, nothing personal in any of them; and text with colours on a terminal."""
import collections
import os
import pty
import re
import signal
import subprocess
import unittest
import uuid

import events
import harness
import leaks
import processes

BUSY = {"status": {"code": 503, "body": "html"}}
# Lines of the worker as a whole, each by its name or what it begins with.
OF_THE_WORKER = ("worker.", "log.", "pace.", "token.", "certificate.", "redis.connected",
                 "redis.durability", "redis.lost", "kafka.", "graph.probed", "graph.up")
COLOUR = re.compile(r"\x1b\[[0-9]+m")


def actions(lines):
    return collections.Counter(line.get("event.action") for line in lines)


def header_of(event, name):
    return next((value for n, value in reversed(event.headers) if n == name), None)


class LogTest(harness.E2eCase):
    def log(self, worker):
        return harness.log_lines(worker.log)

    def turn(self, worker, number, level):
        """The level by a signal, which says which one it is now."""
        before = actions(self.log(worker))["log.level"]
        worker.signal(number)
        processes.wait_until(f"the level is {level}", lambda: actions(self.log(worker))[
            "log.level"] == before + 1)
        said = [line for line in self.log(worker) if line.get("event.action") == "log.level"][-1]
        self.assertRegex(said["message"], f"^the level (is|stays) {level}\\b")

    def answer_one(self, world, follower, maker):
        """Sends an event and waits for its answer. The lines that were written meanwhile."""
        before = len(self.log(world.workers[0]))
        world.send([maker.submitted(events.ASSIGNMENT)])
        world.wait_answers(len(follower.records) + 1, 30, follower)
        processes.wait_until("it has ended", lambda: (
            world.workers[0].metric("usher_requests_in_flight") == 0))
        return actions(self.log(world.workers[0])[before:])

    def test_level_at_run_time(self):
        world = self.world("levels", log={"level": "warn"})
        worker, follower = world.worker(), world.follow()
        maker = events.Maker(61, world.name)
        worker.wait_ready()
        self.assertEqual(0, self.answer_one(world, follower, maker)["request.answered"])
        self.turn(worker, signal.SIGUSR1, "info")
        found = self.answer_one(world, follower, maker)
        self.assertEqual((1, 0), (found["request.answered"], found["request.moved"]))
        self.turn(worker, signal.SIGUSR1, "debug")
        found = self.answer_one(world, follower, maker)
        self.assertEqual(1, found["request.answered"])
        self.assertGreater(found["request.moved"], 5)
        self.turn(worker, signal.SIGUSR1, "debug")  # there is no more
        self.turn(worker, signal.SIGUSR2, "info")
        found = self.answer_one(world, follower, maker)
        self.assertEqual((1, 0), (found["request.answered"], found["request.moved"]))
        for level in ("warn", "error", "error"):
            self.turn(worker, signal.SIGUSR2, level)
        self.assertEqual(0, self.answer_one(world, follower, maker).total())
        self.assertEqual(0, worker.stop())
        self.assertEqual(0, actions(self.log(worker))["worker.ends"])  # at error all is well

    def test_parts(self):
        """Each part's lines at debug, and of the others none, at a level that has neither."""
        world = self.world("parts", log={"level": "error"})
        follower, maker = world.follow(), events.Maker(62, world.name)
        expected = {"request": {"request.moved"}, "graph": {"graph.called"},
                    "redis": {"redis.answered"}, "kafka": {"kafka.committed"}}
        for number, (part, names) in enumerate(expected.items()):
            worker = world.worker(f"w{number}", log={"debug": [part]})
            worker.wait_ready()
            world.send([maker.submitted()])
            world.wait_answers(number + 1, 30, follower)
            self.assertEqual(0, worker.stop())
            world.workers.remove(worker)
            self.assertEqual(names, set(actions(self.log(worker))), part)
            self.assertEqual({"debug"}, {line["log.level"] for line in self.log(worker)})
        worker = world.worker("both", log={"debug": ["token", "kafka"]}, kafka={
            "librdkafka": {"debug": "cgrp"}})
        worker.wait_ready()
        self.assertEqual(0, worker.stop())
        self.assertGreaterEqual(set(actions(self.log(worker))), {"token.fetched", "kafka.client"})

    # ---- ids -------------------------------------------------------------------------------------

    def personal(self, maker):
        """Names, a reason and an answer to a question, all in one event."""
        thing = maker.new_thing(events.ASSIGNMENT)
        body = maker.body(thing, maker.next_tag(), answers=[{
            "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": leaks.ANSWER,
            "answeredQuestion": {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "id": str(uuid.UUID(int=7))}}])
        del body["accessPackageAssignment"]["targetId"]
        body["accessPackageAssignment"]["target"] = {
            "objectId": thing[1], "email": leaks.UPN, "displayName": leaks.UPN,
            "principalName": leaks.UPN}
        return maker.event(thing, body, "submitted")

    def add_ids(self, made):
        """The headers of request-reply and of tracing, on each."""
        for number, event in enumerate(made, 1):
            event.headers = [(n, v) for n, v in event.headers
                             if n not in ("kafka_correlationId", "traceparent")]
            event.headers += [
                ("kafka_correlationId", number.to_bytes(16, "big")),
                ("traceparent", f"00-{number:032x}-{number:016x}-01".encode())]

    def make_trouble(self, world):
        """Refusals, throttling, a Graph that is busy, and answers that are lost."""
        def fault(op, action, **match):
            return {"match": {"op": op, **match}, "action": action}
        world.sandbox.faults(
            fault("submit", {"close_after_apply": True}, after=5, times=6),
            fault("dry_run", BUSY, after=30, times=2),
            fault("dry_run", {"throttle": {"retryAfter": "1"}}, after=60, times=1),
            fault("submit", {"status": {"code": 400, "error": "Broken"}}, after=40, times=4),
            fault("look", BUSY, times=1))

    def check_line(self, line, event, state):
        """`state`: the last ids of Graph's that a line had of this record."""
        said = f"{line} of {event.request_id}"
        self.assertEqual(str(uuid.UUID(bytes=header_of(event, "kafka_correlationId"))),
                         line.get("usher.correlation_id"), said)
        if event.good:
            self.assertEqual(event.request_id, line.get("usher.event_id"), said)
            self.assertEqual(events.SOURCE, line.get("usher.event_source"), said)
            self.assertEqual(header_of(event, "traceparent")[3:35].decode(),
                             line.get("trace.id"), said)
        if line["event.action"] == "graph.called":
            state["called"] = True
            if "answered" in line["message"]:
                self.assertIn("usher.graph_request_id", line, said)
        if state.get("called"):
            self.assertIn("usher.client_request_id", line, said)
        if state.get("known"):
            self.assertIn("usher.graph_request_id", line, said)
        state["known"] = state.get("known") or "usher.graph_request_id" in line

    def test_ids_on_every_line(self):
        world = self.world("ids", log={"level": "debug"}, graph={"settle": "1s"})
        made = events.mixture(180, 63, world.name, reply_topics=[world.other, "not-allowed"])
        maker = events.Maker(64, world.name + "-p")
        made += [self.personal(maker) for _ in range(20)]
        self.add_ids(made)
        self.make_trouble(world)
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 90)
        self.assertEqual(0, worker.stop())
        by_place = {event.place: event for event in made}
        states, lines, of_requests = collections.defaultdict(dict), self.log(worker), 0
        for line in lines:
            self.assertIn("event.action", line)  # each is JSON
            place = line.get("usher.partition"), line.get("usher.offset")
            if place == (None, None):
                if line["event.action"] != "redis.answered":  # of our share, of a release
                    self.assertTrue(line["event.action"].startswith(OF_THE_WORKER), line)
                continue
            of_requests += 1
            self.assertEqual(world.requests, line["usher.topic"])
            self.check_line(line, by_place[place], states[place])
        found = actions(lines)
        self.assertEqual(len(made), found["request.answered"])
        for name in ("request.moved", "graph.called", "redis.answered", "reply.redirected",
                     "graph.throttled", "log.level"):
            self.assertEqual(name != "log.level", found[name] > 0, name)
        stages = " ".join(line["message"] for line in lines)
        self.assertIn("stage=look", stages)
        known = {entry["requestId"] for entry in world.sandbox.ledger()}
        posts = {line["usher.graph_request_id"] for line in lines
                 if line["event.action"] == "request.answered" and "usher.graph_request_id" in line}
        self.assertGreater(len(posts & known), 100)  # Graph's own, and not made up
        harness.figure("e2e log", f"{of_requests} lines about {len(made)} requests, each with its "
                                  f"ids; {len(lines) - of_requests} others")


class TerminalTest(unittest.TestCase):
    """`usher run` as a person starts it, on a terminal, where nothing else is."""

    def run_it(self, *options, program=harness.BIN, **environment):
        master, terminal = pty.openpty()
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        process = subprocess.Popen(
            [program, "run", "-s", "kafka.brokers=127.0.0.1:1", "-s", "admin.listen=",
             "-s", "graph.auth=managed-identity", "-s", "graph.identity_endpoint="
             "http://127.0.0.1:1/", "-s", "redis.url=redis://127.0.0.1:1", *options],
            stdin=terminal, stdout=terminal, stderr=terminal, env={**clean, **environment},
            preexec_fn=processes.die_with_parent)
        os.close(terminal)
        text = b""
        while b"worker.starts" not in text or b"\n" not in text.split(b"worker.starts")[-1]:
            text += os.read(master, 4096)  # ends in an OSError if it has ended
        process.kill()
        process.wait(30)
        os.close(master)
        return text.decode()

    def test_colours(self):
        text = self.run_it(TERM="xterm-256color")
        self.assertIn("\x1b[32minfo\x1b[0m  \x1b[1mworker.starts\x1b[0m: usher ", text)
        self.assertNotIn("\x1b", COLOUR.sub("", text))
        self.assertIn("\x1b[1m", self.run_it(TERM="xterm", NO_COLOR=""))

    def test_without_colours(self):
        for options, environment in (
                ((), {"TERM": "xterm", "NO_COLOR": "1"}), ((), {"TERM": "dumb"}), ((), {}),
                (("--no-color",), {"TERM": "xterm"})):
            with self.subTest(options=options, **environment):
                text = self.run_it(*options, **environment)
                self.assertNotIn("\x1b", text)
                self.assertIn(" info  worker.starts: usher ", text)

    def test_json_on_a_terminal(self):
        text = self.run_it("-s", "log.format=json", TERM="xterm")
        self.assertTrue(text.startswith('{"@timestamp":"'), text)
        self.assertNotIn("\x1b", text)


if __name__ == "__main__":
    harness.main()
