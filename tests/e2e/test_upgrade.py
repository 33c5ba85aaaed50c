#!/usr/bin/env python3
"""Two versions side by side: what a made-up next version of usher leaves in Redis and Kafka.

The next version is played here: it adds fields to what stands there, or writes what only it can
read. What it adds must be carried on and do no harm; what cannot be read must not be worked on.
"""
import time
import zlib

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

import events
import harness
import processes

BEFORE, AFTER = 100, 150
HELD = {"match": {"op": "submit", "times": -1}, "action": {"latency_ms": 2500}}
REFUSED = 78  # contract 4: offset metadata of a newer version


def with_checksum(text):
    return f"{text}:{zlib.crc32(text.encode()):08x}"


def with_a_field(metadata):
    """As a version would write it that has one field more."""
    return with_checksum(metadata.rsplit(":", 1)[0] + ":next=1")


class Offsets:
    """The group's offsets and metadata, to read and to change while no worker is in it."""

    def __init__(self, world):
        self.world = world
        self.parts = [TopicPartition(world.requests, p) for p in range(world.partitions)]

    def consumer(self):
        consumer = KafkaConsumer(bootstrap_servers=self.world.kafka.brokers,
                                 group_id=self.world.group, enable_auto_commit=False)
        consumer.assign(self.parts)
        return consumer

    def read(self):
        consumer = self.consumer()
        found = {p: consumer.committed(p, metadata=True) for p in self.parts}
        consumer.close()
        return {part: meta for part, meta in found.items() if meta is not None}

    def change(self, change):
        """`change(metadata)` for each. The group takes it once its dead members' sessions end."""
        processes.wait_until("the group is empty", lambda: self.try_change(change), 20, pause=0.5)

    def try_change(self, change):
        consumer = self.consumer()
        try:
            consumer.commit({part: OffsetAndMetadata(meta.offset, change(meta.metadata), -1)
                             for part, meta in self.read().items()})
            return True
        except Exception:  # the group still has a member
            return False
        finally:
            consumer.close(autocommit=False)


class UpgradeTest(harness.E2eCase):
    def event_keys(self, world):
        return [key for key in world.redis.client.scan_iter(f"{world.name}:event:*", count=1000)
                if not key.endswith(b":probe")]

    def make(self, world, seed):
        made = events.after_crash(events.mixture(BEFORE + AFTER, seed, world.name,
                                                 reply_topics=[world.other]))
        follower = world.follow()
        worker = world.worker()
        worker.wait_ready()
        world.send(made[:BEFORE])
        world.wait_answers(BEFORE, 30, follower)
        return made, follower, worker

    def kill_while_submitting(self, world, worker, made):
        world.sandbox.faults(HELD)
        world.send(made[BEFORE:])
        processes.wait_until("real requests are out", lambda: worker.in_flight("submit"), 10, 0.01)
        worker.kill()
        world.sandbox.call("DELETE", "/sandbox/faults")

    def test_fields_of_the_next_version_are_kept(self):
        world = self.world()
        made, follower, worker = self.make(world, 41)
        self.kill_while_submitting(world, worker, made)
        redis = world.redis.client
        keys = self.event_keys(world)
        for key in keys:
            redis.hset(key, "next", "1")
        offsets = Offsets(world)
        offsets.change(with_a_field)
        self.assertTrue(all(":next=1:" in meta.metadata for meta in offsets.read().values()))
        open_claims = sum(redis.hget(key, "st") != b"done" for key in keys)
        self.assertGreater(open_claims, 0)
        worker.start()
        world.wait_answers(len(made), 60, follower)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual([], [key for key in keys if redis.hget(key, "next") not in (b"1", None)])
        kept = sum(redis.hget(key, "next") == b"1" for key in keys)
        self.assertEqual(len(keys), kept)
        self.assertEqual(0, worker.stop())
        harness.figure("e2e upgrade", f"{len(keys)} records of the next version, {open_claims} of "
                                      f"them open, and its metadata taken over; {report.line()}")

    def test_metadata_that_cannot_be_read_is_left_alone(self):
        world = self.world()
        made, follower, worker = self.make(world, 42)
        self.kill_while_submitting(world, worker, made)
        offsets = Offsets(world)
        before = {part: meta.metadata for part, meta in offsets.read().items()}
        offsets.change(lambda metadata: with_checksum("u2:what only the next version can read"))
        answered = follower.poll(0.5)
        worker.start()
        self.assertEqual(REFUSED, worker.process.wait(30))
        self.assertIn("of a newer version of usher", worker.tail())
        self.assertEqual(answered, follower.poll(0.5))
        offsets.change(lambda metadata: next(iter(before.values())))  # of another offset: none
        for part, text in before.items():
            self.put_back(offsets, part, text)
        worker.start()
        world.wait_answers(len(made), 60, follower)
        self.assert_good(world.check(made))

    def put_back(self, offsets, part, text):
        consumer = offsets.consumer()
        meta = consumer.committed(part, metadata=True)
        consumer.commit({part: OffsetAndMetadata(meta.offset, text, -1)})
        consumer.close(autocommit=False)

    def test_a_claim_that_cannot_be_read_is_waited_for(self):
        """A worker of the next version has it; ours asks again, and goes on when it is readable."""
        world = self.world()
        made, follower, worker = self.make(world, 43)
        event = events.Maker(44, "held").submitted()
        self.kill_while_submitting(world, worker, made[:BEFORE] + [event])
        redis = world.redis.client
        claims = [key for key in self.event_keys(world) if redis.hget(key, "st") != b"done"]
        self.assertEqual(1, len(claims))
        redis.hset(claims[0], "v", "2")
        worker.start()
        worker.wait_ready()
        time.sleep(2)
        self.assertEqual(BEFORE, follower.poll(0.1))
        self.assertEqual(b"2", redis.hget(claims[0], "v"))
        redis.hset(claims[0], "v", "1")
        world.wait_answers(BEFORE + 1, 30, follower)
        self.assert_good(world.check(made[:BEFORE] + events.after_crash([event])))


if __name__ == "__main__":
    harness.main()
