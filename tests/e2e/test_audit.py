#!/usr/bin/env python3
"""`usher audit`: nothing to be found behind and beside a worker, and each fault made by hand named
by its record. The faults need no worker: replies and dead letters are made from the contract."""
import base64
import copy
import os
import subprocess
import threading
import time
import zlib

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

import audit
import checker
import events
import fake_replier
import harness
import processes
from kafka_server import KafkaServer

HOUR_MS = 3600 * 1000


def metadata(frontier, finished=(), version="u1"):
    """What a worker commits beside the offset (worker/core/ledger.h), made anew here."""
    bits = bytearray(2500)
    for offset in finished:
        bits[(offset - frontier) // 8] |= 1 << (offset - frontier) % 8
    text = base64.b64encode(bytes(bits).rstrip(b"\0")).decode()
    text = f"{version}:{frontier}:4096:-:{text}"
    return f"{text}:{zlib.crc32(text.encode()):08x}"


class Hand:
    """Plays the worker, record by record, right or wrong. All records are on one partition."""

    def __init__(self, world, partition=0):
        self.world, self.partition = world, partition
        self.maker = events.Maker(1, world.name)
        self.producer = world.topics.producer()
        self.sent = {}  # offset: (event, record)

    def close(self):
        self.producer.close()

    def put(self, topic, record, producer=None, timestamp=None, partition=None):
        partition = self.partition if partition is None else partition
        return (producer or self.producer).send(
            topic, key=record.key, value=record.value, headers=record.headers,
            partition=partition, timestamp_ms=timestamp).get(30).offset

    def request(self, outcome="submitted", value=None, headers=(), timestamp=None):
        """Sends an event that is to be answered so; its offset."""
        event = copy.copy(self.maker.submitted())
        event.outcome, event.code, event.partition = outcome, "someFault", self.partition
        event.value = event.value if value is None else value
        event.good = value is None
        event.headers = event.headers + list(headers)
        record = checker.Record(self.world.requests, self.partition, None, event.key, event.value,
                                event.headers, timestamp or int(time.time() * 1000))
        event.offset = self.put(self.world.requests, record, timestamp=record.timestamp)
        self.sent[event.offset] = event, record._replace(offset=event.offset)
        return event.offset

    def reply(self, offset, topic=None, group=None, **more):
        event, record = self.sent[offset]
        headers, value = fake_replier.reply_of(event, record, group or self.world.group, False, 1)
        self.put(topic or self.world.replies, record._replace(headers=headers, value=value), **more)

    def letter_record(self, offset):
        return fake_replier.letter_of(*self.sent[offset], self.world.group)

    def letter(self, offset):
        self.put(self.world.dead, self.letter_record(offset))

    def answered(self, outcome="submitted", **more):
        offset = self.request(outcome, **more)
        self.reply(offset)
        return offset

    def commit(self, offset, text):
        consumer = KafkaConsumer(bootstrap_servers=self.world.topics.bootstrap,
                                 group_id=self.world.group, enable_auto_commit=False)
        part = TopicPartition(self.world.requests, self.partition)
        consumer.assign([part])
        consumer.commit({part: OffsetAndMetadata(offset, text, -1)})
        consumer.close()


class AuditTest(harness.E2eCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # This one takes the 30 s that it may try to reach Kafka; it tries beside the others.
        cls.port = processes.free_port()
        cls.away = subprocess.Popen(
            [cls.program, "audit", "-s", f"kafka.brokers=127.0.0.1:{cls.port}",
             "-s", "redis.url=redis://127.0.0.1:1", "-s", "graph.auth=token",
             "-s", "graph.base_url=http://127.0.0.1:1/beta"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"USHER_GRAPH_TOKEN": "none"})

    @classmethod
    def tearDownClass(cls):
        cls.away.kill()
        cls.away.communicate()
        super().tearDownClass()

    def hand(self, partition=0, **settings):
        hand = Hand(self.world(**settings), partition)
        self.addCleanup(hand.close)
        return hand

    def expect(self, hand, *named):
        """Just these are found: (problem, offset)."""
        found = audit.audit(hand.world)
        expected = {(problem, hand.partition, offset) for problem, offset in named}
        self.assertEqual(expected, found.named, found.text())
        self.assertEqual(1 if named else 0, found.code, found.text())
        self.assertEqual(len(named), sum(found.report["findings"].values()), found.text())
        return found.report

    def check_beside(self, delivery, moves):
        """Audit after audit while events are answered. `moves`: a second worker joins, and the
        first leaves."""
        world = self.world(kafka={"delivery": delivery}, limits={"requests": 20})
        world.sandbox.settings(latency_ms=100)
        made = events.mixture(600, 41, world.name, reply_topics=[world.other])
        world.send(made)
        follower = world.follow()
        first = world.worker("w1")
        world.wait_answers(1, 30, follower)
        audits = []
        while follower.poll() < len(made):
            audits.append(audit.audit(world))
            self.assertTrue(audits[-1].good, audits[-1].text())
            if moves and len(audits) == 1:
                world.worker("w2").wait_ready()
            if moves and len(audits) == 3:
                self.assertEqual(0, first.stop())
                world.workers.remove(first)
        self.assert_good(world.check(made))
        found = audit.check(self, world, len(made))
        self.assertEqual(sum(event.dead for event in made), found.report["deadLetters"])
        moving = sum(0 < a.report["finished"] < len(made) for a in audits)
        harness.figure(f"e2e audit, {delivery}", f"{len(made)} records, {len(audits) + 1} audits, "
                                                 f"{moving} while they were answered: 0 findings")
        self.assertGreater(moving, 0)
        return world

    def test_beside_workers(self):
        world = self.check_beside("exactly-once", moves=True)
        text = audit.audit(world, as_json=False)
        self.assertEqual((0, ""), (text.code, text.err))
        self.assertIn("answered once 600, missing 0, double 0, early 0", text.out)
        self.assertIn("\n0 findings\n", text.out)

    def test_beside_workers_at_least_once(self):
        """A partition that moves may repeat replies there, so none does."""
        self.check_beside("at-least-once", moves=False)

    def test_replies(self):
        hand = self.hand()
        hand.answered()
        missing, double, aborted = hand.request(), hand.answered(), hand.request()
        hand.reply(double)
        saved, elsewhere, both, others = hand.request(), hand.request(), hand.answered(), \
            hand.request()
        self.abort(hand, aborted, saved)
        hand.reply(saved)
        hand.reply(elsewhere, hand.world.other, partition=3)
        hand.reply(both, hand.world.other)
        hand.reply(others, group="others")
        frontier = others + 1
        early, torn, finished, waiting = hand.answered(), hand.request(), hand.answered(), \
            hand.request()
        hand.commit(frontier, metadata(frontier, [torn, finished]))
        report = self.expect(hand, ("missing", missing), ("double", double), ("missing", aborted),
                             ("double", both), ("missing", others), ("early", early),
                             ("missing", torn))
        self.assertEqual((12, 10, 4, 1), (report["records"], report["finished"],
                                          report["answeredOnce"], report["ofOthers"]))
        self.assertEqual(waiting, max(hand.sent))
        self.check_text(hand, missing, double)
        # Behind a reset by hand the bitmap no longer counts: all from there would be done again.
        hand.commit(both, "")
        self.expect(hand, ("missing", missing), ("double", double), ("missing", aborted),
                    ("double", both), ("early", both), ("early", early), ("early", finished))

    def abort(self, hand, *offsets):
        """Replies that nobody may see."""
        producer = hand.world.topics.producer(transactional_id=hand.world.name)
        producer.init_transactions()
        producer.begin_transaction()
        for offset in offsets:
            hand.reply(offset, producer=producer)
        producer.flush()
        producer.abort_transaction()
        producer.close()

    def check_text(self, hand, missing, double):
        text = audit.audit(hand.world, "-s", "kafka.delivery=at-least-once", as_json=False)
        lines = text.out.splitlines()
        start = f"{hand.world.requests}/{hand.partition}/"
        self.assertEqual(1, text.code, text.text())
        self.assertEqual("7 findings", lines[-1])
        self.assertTrue(lines[0].startswith(f"{start}{missing}: it has no reply, though"), lines[0])
        self.assertTrue(lines[1].startswith(f"{start}{double}: it has more than one"), lines[1])
        self.assertNotIn("at-least-once", lines[0])
        self.assertIn("kafka.delivery is at-least-once, where this can happen", lines[1])

    def test_dead_letters(self):
        hand = self.hand(partition=2)
        none, good, double = hand.answered("failed"), hand.answered("unknown"), \
            hand.answered("failed")
        undue, alone = hand.answered(), hand.request()
        no_event, no_letter = (hand.answered("rejected", value=b"[1, 2]") for _ in range(2))
        for offset in (good, double, double, undue, alone, no_event):
            hand.letter(offset)
        # Sent again: it is a new record, and its dead letter tells of the first one.
        again = hand.request("failed", headers=hand.letter_record(good).headers)
        hand.reply(again)
        hand.letter(good)
        frontier = again + 1
        hand.commit(frontier, metadata(frontier))
        named = [("deadLetterMissing", none), ("deadLetterDouble", double),
                 ("deadLetterUndue", undue), ("missing", alone), ("deadLetterAlone", alone),
                 ("deadLetterMissing", no_letter)]
        self.expect(hand, *named)
        hand.letter(good)
        self.expect(hand, *named, ("deadLetterDouble", good))

    def test_open_transaction(self):
        """It waits for the end of a transaction, and of two replies in it sees those committed."""
        hand = self.hand()
        hidden, missing = hand.request(), hand.request()
        hand.commit(missing + 1, "")
        producer = hand.world.topics.producer(transactional_id=hand.world.name)
        producer.init_transactions()
        producer.begin_transaction()
        hand.reply(hidden, producer=producer)
        end = threading.Timer(2, producer.commit_transaction)
        end.start()
        began = time.monotonic()
        self.expect(hand, ("missing", missing))
        self.assertGreater(time.monotonic() - began, 1)
        end.join()
        producer.close()

    def test_many(self):
        """A hundred are named, the rest is counted."""
        hand = self.hand()
        last = [hand.request() for _ in range(130)][-1]
        hand.commit(last + 1, "")
        found = audit.audit(hand.world)
        self.assertEqual((100, 30, 130), (len(found.report["named"]), found.report["notNamed"],
                                          found.report["findings"]["missing"]))
        text = audit.audit(hand.world, as_json=False)
        self.assertEqual(100, text.out.count(": it has no reply"))
        self.assertIn("… and 30 more\n", text.out)

    def test_retention(self):
        """What is gone is not judged, and neither is what may have been answered by it."""
        hand = self.hand()
        now = int(time.time() * 1000)
        gone, old, kept = (hand.request(timestamp=now - 3 * HOUR_MS) for _ in range(3))
        for offset in (gone, old, kept):
            hand.reply(offset, timestamp=now - 2 * HOUR_MS)
        new = hand.request(timestamp=now)
        hand.commit(new + 1, metadata(new + 1))
        self.expect(hand, ("missing", new))
        self.delete(hand, hand.world.replies, 2)
        report = self.expect(hand, ("missing", new))
        self.assertEqual(2, report["repliesNotJudged"])
        self.delete(hand, hand.world.requests, 1)
        report = self.expect(hand, ("missing", new))
        self.assertEqual((3, 1), (report["records"], report["repliesNotJudged"]))
        # Nothing is left to say from when on replies are kept.
        self.delete(hand, hand.world.replies, 3)
        self.assertEqual(3, self.expect(hand)["repliesNotJudged"])
        self.delete(hand, hand.world.requests, 4)
        self.assertEqual(0, self.expect(hand)["records"])

    def delete(self, hand, topic, before):
        admin = KafkaAdminClient(bootstrap_servers=hand.world.topics.bootstrap)
        admin.delete_records({TopicPartition(topic, hand.partition): before})
        admin.close()

    def test_no_group(self):
        """Nothing is committed, or no more: a worker would begin anew."""
        hand = self.hand()
        hand.request()
        self.expect(hand)
        offset = hand.answered()
        self.expect(hand, ("early", offset))

    def test_what_it_cannot_read(self):
        hand = self.hand()
        offset = hand.answered()
        rows = [(metadata(offset + 1, version="u9"), "of a newer version"),
                (metadata(offset + 1).replace("4096", "4095"), "damaged")]
        for text, why in rows:
            hand.commit(offset + 1, text)
            found = audit.audit(hand.world)
            self.assertEqual((78, ""), (found.code, found.out), found.text())
            self.assertIn(why, found.err)
        hand.commit(offset + 1, metadata(offset + 1))
        self.expect(hand)
        found = audit.audit(hand.world, "-s", "kafka.replies_topic=nowhere")
        self.assertEqual(78, found.code, found.text())
        self.assertIn('kafka.replies_topic: there is no topic "nowhere"', found.err)
        for arguments in (["--what"], ["more"]):
            self.assertEqual(2, audit.audit(hand.world, *arguments).code)

    def test_z_away(self):
        """Last: it has had its 30 s by now."""
        out, _ = self.away.communicate(timeout=40)
        self.assertEqual(69, self.away.returncode, out)
        self.assertIn(f"kafka.brokers: cannot reach 127.0.0.1:{self.port}", out)

    def test_refused(self):
        directory = os.path.join(self.folder, "refuses")
        with KafkaServer(processes.free_port(), scram=True, directory=directory) as kafka:
            properties = kafka.client_properties() | {"sasl.password": "another"}
            hand = self.hand()
            found = audit.audit(hand.world, "-s", f"kafka.brokers={kafka.brokers}",
                                librdkafka=properties)
        self.assertEqual(77, found.code, found.text())
        self.assertIn("refuses us: ", found.err)
        self.assertNotIn("another", found.err)


if __name__ == "__main__":
    harness.main()
