#!/usr/bin/env python3
"""A broker that is being shut down says, with its last words, that the cluster has no brokers.
A client that believes it has nobody left to ask. The workers go on all the same, within seconds.

The words are put into its mouth: all clients reach the broker by a link that can take the brokers
out of each Metadata answer."""
import asyncio
import os
import socket
import threading
import time

import events
import harness
import processes

COUNT = 100  # events before, and as many after
METADATA, FLEXIBLE = 3, 9  # its number, and the first version with compact arrays
FIND_COORDINATOR = 10
AWAY_S = 7  # once the question to the group was given up after 5 s
RESUMED_S = 45  # a session, a new producer: 6 s on a machine that is not busy


def varint(data, at):
    """An unsigned varint: (value, where it ends)."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def without_brokers(answer):
    """A Metadata answer, version 9 or later, from its correlation id on: the list is empty."""
    at = 4 + 1 + 4  # correlation id, no tags, throttle time
    start = at
    count, at = varint(answer, at)
    for _ in range(count - 1):
        at += 4  # node id
        length, at = varint(answer, at)
        at += length - 1 + 4  # host, port
        length, at = varint(answer, at)
        at += max(length - 1, 0) + 1  # rack, no tags
    return answer[:start] + b"\x01" + answer[at:]


class LastWords:
    """A link to the broker. While `silenced`, no Metadata answer names one; `told` counts those.
    With `hangs_up`, the next search for a coordinator cuts all connections, for AWAY_S."""

    def __init__(self, target):
        self.target, self.silenced, self.told = target, False, 0
        self.hangs_up, self.back_at, self.writers = False, 0, set()
        self.port = processes.free_port()
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def serve(self, reader, writer):
        try:
            if time.monotonic() < self.back_at:
                raise OSError("nobody is there")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers.add(writer)
        asked = set()  # correlation ids
        pumps = [asyncio.ensure_future(self.pump(reader, far_writer, asked, self.request)),
                 asyncio.ensure_future(self.pump(far_reader, writer, asked, self.answer))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        self.writers.discard(writer)
        writer.close()
        far_writer.close()

    async def pump(self, reader, writer, asked, treat):
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                frame = treat(await reader.readexactly(size), asked)
                writer.write(len(frame).to_bytes(4, "big") + frame)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass

    def request(self, frame, asked):
        key, version = int.from_bytes(frame[:2], "big"), int.from_bytes(frame[2:4], "big")
        if key == FIND_COORDINATOR and self.hangs_up:
            self.hangs_up, self.back_at = False, time.monotonic() + AWAY_S
            for writer in self.writers:
                writer.transport.abort()
        if key == METADATA and version >= FLEXIBLE:
            asked.add(frame[4:8])
        return frame

    def answer(self, frame, asked):
        if frame[:4] not in asked:
            return frame
        asked.discard(frame[:4])
        if not self.silenced:
            return frame
        self.told += 1
        return without_brokers(frame)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class LastWordsTest(harness.E2eCase):
    @classmethod
    def make_kafka(cls, **settings):
        port, inner = processes.free_port(), processes.free_port()
        cls.link = LastWords(port)
        here = f"127.0.0.1:{port},INNER://127.0.0.1:{inner}"
        kafka = harness.Kafka(port, 4, directory=os.path.join(cls.folder, "kafka"))
        kafka.settings |= {
            "listeners": f"PLAINTEXT://{here},CONTROLLER://127.0.0.1:{kafka.controller_port}",
            "advertised.listeners":
                f"PLAINTEXT://127.0.0.1:{cls.link.port},INNER://127.0.0.1:{inner}",
            "inter.broker.listener.name": "INNER",
            "listener.security.protocol.map":
                "PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT"}
        return kafka.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.link.close()

    def setUp(self):
        self.link.silenced, self.link.told, self.link.hangs_up = False, 0, False

    def start(self, name, delivery="exactly-once", **librdkafka):
        """A worker that has answered the first half of the events: (world, events, follower)."""
        world = self.world(name, kafka={"brokers": f"127.0.0.1:{self.link.port}",
                                        "delivery": delivery, "librdkafka": librdkafka})
        made = events.after_crash(events.mixture(2 * COUNT, seed=2, prefix=name,
                                                 reply_topics=[world.other]))
        world.worker()
        world.send(made[:COUNT])
        follower = world.follow()
        world.wait_answers(COUNT, 60, follower)
        return world, made, follower

    def hear_last_words(self, name, *delivery, **librdkafka):
        """… then the last words, and the other half: and when the words were over."""
        often = {"topic.metadata.refresh.interval.ms": "300"}
        world, made, follower = self.start(name, *delivery, **often, **librdkafka)
        self.link.silenced = True
        processes.wait_until("nobody is in the cluster", lambda: self.link.told >= 2, 20)
        time.sleep(1)  # for the producer too
        self.link.silenced = False
        began = time.monotonic()
        world.send(made[COUNT:])
        return world, made, follower, began

    def wait_all_answered(self, world, made, follower, began):
        world.wait_answers(2 * COUNT, RESUMED_S, follower)
        took = time.monotonic() - began
        processes.wait_until("the worker is ready", world.workers[0].is_ready, 30)
        report = world.check(made)
        self.assert_good(report)
        return took, report

    def check_recovery(self, delivery):
        world, made, follower, began = self.hear_last_words("no-brokers-" + delivery, delivery)
        took, report = self.wait_all_answered(world, made, follower, began)
        harness.figure("e2e last words",
                       f"{delivery}: all answered {took:.1f} s after them; {report.line()}")

    def test_exactly_once(self):
        """librdkafka begins again with bootstrap.servers by itself."""
        self.check_recovery("exactly-once")

    def test_at_least_once(self):
        self.check_recovery("at-least-once")

    def test_no_recovery(self):
        """librdkafka does not: the worker sees that nobody answers any more, and does."""
        world, made, follower, began = self.hear_last_words(
            "no-recovery", **{"metadata.recovery.strategy": "none"})
        worker = world.workers[0]
        processes.wait_until("/readyz is red", lambda: "no broker has answered the consumer for" in
                             worker.get("/readyz")[1], 30)
        took, report = self.wait_all_answered(world, made, follower, began)
        said = [line["message"] for line in harness.log_lines(worker.log)
                if line.get("event.action") == "kafka.unreachable"]
        self.assertGreaterEqual(len(said), 1)
        self.assertEqual(len(said), worker.metric("usher_kafka_unreachable_total"))
        self.assertIn("no broker has answered the consumer for", said[0])
        harness.figure("e2e last words", f"librdkafka does not recover: all answered {took:.1f} s "
                                         f"after them; {report.line()}")


    def test_coordinator_is_away(self):
        """The worker's question to the group (orphans.h) finds nobody, for long, and then all."""
        world, made, follower = self.start("away", **{"session.timeout.ms": "30000"})
        self.link.hangs_up = True
        processes.wait_until("the group is asked", lambda: self.link.back_at, 30)
        time.sleep(AWAY_S)
        world.send(made[COUNT:])
        world.wait_answers(2 * COUNT, RESUMED_S, follower)
        time.sleep(2)
        world.alive()
        self.assert_good(world.check(made))


if __name__ == "__main__":
    harness.main()
