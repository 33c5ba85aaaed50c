#!/usr/bin/env python3
"""A real Spring Kafka program gets its replies and reads the dead letters; see *.java beside this.

    tests/spring/test_spring.py    exit 77: no jars in $USHER_DEPS; deploy/install-deps --ci
"""
import base64
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import bad_input  # noqa: E402
import checker  # noqa: E402
import events  # noqa: E402
import harness  # noqa: E402

LIBRARIES = os.path.join(os.environ.get("USHER_DEPS", "/opt/usher-deps"), "ci/spring/libs/*")
PATIENCE_S = 150
EACH = 6  # requests on each way
ECHOED = "kafka_correlationId"


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def decoded(text):
    return base64.b64decode(text)


class SpringTest(harness.E2eCase):
    def ways(self, world):
        """How Spring programs ask for their replies; `asks` is what the template then writes."""
        return [
            {"name": "own-binary", "topics": [self.own[0]], "encoding": "BINARY", "asks": [True]},
            {"name": "own-structured", "topics": [self.own[1]], "encoding": "STRUCTURED",
             "asks": [True]},
            {"name": "partition-1", "topics": [world.other], "partition": 1, "asks": [True, 1]},
            {"name": "partition-3", "topics": [world.other], "partition": 3, "asks": [True, 3]},
            {"name": "shared-a", "topics": [world.replies], "shared": True, "asks": [True]},
            {"name": "shared-b", "topics": [world.replies], "shared": True, "asks": [True]},
            # It listens to two topics, and so it asks for none.
            {"name": "default", "topics": [world.replies, world.other], "shared": True,
             "asks": []}]

    def request(self, way, event, number):
        """An event as the program is to send it. Request-reply's headers are the template's."""
        headers = [(n, encoded(v)) for n, v in event.headers if n != ECHOED]
        found = {"number": number, "way": way["name"], "partition": event.partition,
                 "key": event.key.decode(), "value": encoded(event.value), "headers": headers}
        if "encoding" not in way:
            return found
        attributes = {n[3:]: v.decode() for n, v in event.headers if n.startswith("ce_")}
        return {**found, "value": encoded(event.value), "event": attributes,
                "headers": [pair for pair in headers if pair[0] == "traceparent"]}

    def make(self, ways):
        """(way, event) in the order of sending: all ways have requests under way at once."""
        maker, made = events.Maker(48, "spring"), []
        dead = iter(row for row in bad_input.ROWS if row.dead and row.name not in (
            "more than 1 MiB", "null ce_id"))
        for i in range(EACH):
            for way in ways:
                if "encoding" in way:  # the program builds it from attributes and data
                    event = maker.submitted(binary=True)
                    event.binary = way["encoding"] == "BINARY"
                elif i % 3 == 2:
                    event = maker.bad(next(dead))
                else:
                    event = maker.submitted()
                event.reply_topic = way["topics"][0] if True in way["asks"] else None
                event.reply_partition = way.get("partition")
                made.append((way, event))
        return made

    def compile(self, world):
        classes = os.path.join(world.folder, "classes")
        run = subprocess.run(["javac", "-Xlint:all", "-Werror", "-proc:none", "-d", classes,
                              "-cp", LIBRARIES, *glob.glob(os.path.join(HERE, "*.java"))],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S,
                             check=False, text=True)
        self.assertEqual(0, run.returncode, run.stdout[-4000:])
        return classes

    def run_program(self, world, plan):
        asked, answered = (os.path.join(world.folder, f"spring-{name}.json")
                           for name in ("asks", "says"))
        with open(asked, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        run = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", "java", "-Xmx256m", "-XX:TieredStopAtLevel=1",
             "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
             "-cp", f"{self.compile(world)}:{LIBRARIES}", "usher.spring.Main", asked, answered],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE_S, check=False, text=True)
        self.assertEqual(0, run.returncode, run.stdout[-4000:])
        with open(answered, encoding="utf-8") as file:
            return json.load(file)

    def check_reply(self, world, way, event, reply):
        """What the template gave to its caller."""
        asked, headers = reply["askedFor"], reply["headers"]
        self.assertEqual(16, len(decoded(asked[ECHOED])), "Spring's correlation id: 16 bytes")
        self.assertEqual(asked[ECHOED], headers[ECHOED])
        self.assertEqual("byte[]", reply["mapped"][ECHOED])
        topic, partition = (asked.get(f"kafka_reply{name}") for name in ("Topic", "Partition"))
        self.assertEqual(True in way["asks"], topic is not None, "the template asks for a topic")
        self.assertEqual(len(way["asks"]) == 2, partition is not None)
        self.assertEqual(way["topics"][0] if topic else world.replies, reply["topic"])
        if partition is not None:
            self.assertEqual(way["partition"], int.from_bytes(decoded(partition), "big"))
            self.assertEqual(way["partition"], reply["partition"])
        self.assertEqual(event.key.decode(), reply["key"])
        origin = {"topic": world.requests, "partition": reply["sentTo"], "offset": reply["sentAs"]}
        data = json.loads(decoded(reply["value"]))
        if "event" in reply:  # read by the SDK
            said = reply["event"]
            self.assertEqual("usher.accessRequestReply", said["type"])
            self.assertEqual(event.thing[1], said["subject"])
        elif not event.binary:
            data = data["data"]
        self.assertEqual(origin, data["origin"])
        self.assertEqual(event.outcome, data["outcome"])

    def check_dead_letters(self, world, said, requests):
        """Spring's classes read them, and would have written the same."""
        dead = {event.place: event for event in requests if event.dead}
        self.assertEqual(set(dead), {(one["partition"], one["offset"]) for one in said})
        times = {(r.partition, r.offset): r.timestamp for r in world.topics.read(world.requests)}
        for one in said:
            place = one["partition"], one["offset"]
            self.assertEqual([], one["differs"], "beside Spring's own dead letter")
            self.assertEqual((world.requests, world.group, "CreateTime", times[place]),
                             (one["topic"], one["group"], one["timestampType"], one["timestamp"]))
            self.assertEqual(f"usher.{one['code']}", one["exception"])
            self.assertEqual(dead[place].code, one["code"])
            self.assertNotEqual("", one["message"])

    def test_replies_and_dead_letters(self):
        self.own = [f"{self._testMethodName.replace('_', '-')}-own-{letter}" for letter in "ab"]
        world = self.world(kafka={"reply_topics_allowed": [
            *self.own, "test-replies-and-dead-letters-replies-b"]})
        world.topics.create(self.own, world.partitions)
        ways = self.ways(world)
        made = self.make(ways)
        requests = [event for _, event in made]
        world.worker().wait_ready()
        said = self.run_program(world, {
            "brokers": self.kafka.brokers, "group": world.group, "ways": ways,
            "requests_topic": world.requests, "dead_letters_topic": world.dead,
            "dead_letters": sum(event.dead for event in requests),
            "requests": [self.request(way, event, i) for i, (way, event) in enumerate(made)]})
        self.assertEqual(list(range(len(made))), [reply["number"] for reply in said["replies"]])
        for (way, event), reply in zip(made, said["replies"]):
            event.offset = reply["sentAs"]
            self.check_reply(world, way, event, reply)
        self.check_dead_letters(world, said["deadLetters"], requests)
        self.assert_good(self.whole_check(world, requests))
        harness.figure("Spring Kafka", (
            f"{len(made)} requests by {len(ways)} ReplyingKafkaTemplates, each got its own reply; "
            f"{len(said['deadLetters'])} dead letters as Spring would have written them"))

    def whole_check(self, world, requests):
        world.wait_committed()
        replies = [r for t in (world.replies, world.other, *self.own) for r in world.topics.read(t)]
        return checker.check(requests, checker.World(
            world.topics.read(world.requests), replies, world.topics.read(world.dead),
            world.sandbox.ledger(), world.topics.committed(world.group, world.requests),
            world.group))


if __name__ == "__main__":
    if not shutil.which("javac") or not glob.glob(LIBRARIES):
        print(f"left out: no javac or no {LIBRARIES}; deploy/install-deps --ci brings them")
        sys.exit(77)
    harness.main()
