#!/usr/bin/env python3
"""The other ways through: at-least-once, a requests topic written by transactions, and events that
are sent again after failed, expired and unknown."""
import events
import harness
from reply_checker import reply_data

BUSY = {"status": {"code": 500, "body": "graph", "error": "UnknownError"}}


class DeliveryTest(harness.E2eCase):
    def test_at_least_once(self):
        """Without a crash it gives the same counts."""
        world = self.world(kafka={"delivery": "at-least-once"})
        made = events.mixture(1000, 31, world.name, reply_topics=[world.other])
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 60)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual(0, worker.stop())
        harness.figure("e2e at-least-once", report.line())

    def test_at_least_once_killed(self):
        """After a kill -9 replies may come twice; none is missing, nothing is granted twice."""
        world = self.world(kafka={"delivery": "at-least-once"}, limits={"requests": 100})
        world.sandbox.settings(latency_ms=20)
        made = events.after_crash(events.mixture(600, 32, world.name))
        world.send(made)
        follower = world.follow()
        worker = world.worker()
        world.wait_answers(150, 30, follower)
        worker.kill()
        worker.start()
        world.wait_committed(40)
        report = world.check(made)
        self.assertEqual((0, 1, True), (report.unanswered, report.posts_most, report.at_end),
                         report.text())
        harness.figure("e2e at-least-once, kill -9", report.line())

    def test_gaps_in_the_requests(self):
        """Requests from a transactional producer: markers and aborted records are no requests."""
        world = self.world()
        made = events.mixture(200, 33, world.name)
        aborted = [events.Maker(1, "aborted").submitted() for _ in range(5)]
        producer = world.topics.producer(transactional_id="hr")
        producer.init_transactions()
        for i in range(0, len(made), 40):
            for batch, end in ((made[i:i + 40], producer.commit_transaction),
                               (aborted, producer.abort_transaction)):
                producer.begin_transaction()
                world.topics.send(world.requests, batch, producer)
                end()
        producer.close()
        world.worker()
        world.wait_answers(len(made), 30)
        self.assert_good(world.check(made))

    def test_time_of_the_broker(self):
        """A topic with LogAppendTime: the dead letter says whose time it is."""
        world = self.world()
        name = f"{world.name}-appended"
        world.topics.create([name], message_timestamp_type="LogAppendTime")
        producer = world.topics.producer()
        producer.send(name, key=b"k", value=b"no event", partition=0).get(30)
        producer.close()
        world.worker(kafka={"requests_topic": name})
        world.wait_answers(1, 30)
        headers = dict(world.topics.read(world.dead)[0].headers)
        self.assertEqual(b"LogAppendTime", headers["kafka_dlt-original-timestamp-type"])

    def again(self, event, **headers):
        """The same record once more, and what comes of it this time."""
        extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return events.Event(**{**event.__dict__, "offset": None,
                               "headers": event.headers + extra})

    def expect(self, event, outcome, code=None):
        event.outcome, event.code = outcome, code
        return event

    def test_sent_again(self):
        """Same body: anew after failed and expired, after unknown only as a replay."""
        world = self.world(graph={"retry_attempts": 2, "eventual": "1s"})
        worker = world.worker()
        worker.wait_ready()
        follower = world.follow()
        maker = events.Maker(34, world.name)
        failed, unknown = maker.submitted(events.ASSIGNMENT), maker.submitted(events.ASSIGNMENT)
        world.sandbox.faults(
            {"match": {"op": "dry_run", "justification": failed.tag, "times": -1}, "action": BUSY},
            {"match": {"op": "submit", "justification": unknown.tag}, "action": BUSY},
            {"match": {"op": "look", "times": -1}, "action": BUSY})
        self.expect(failed, "failed", "UnknownError")
        self.expect(unknown, "unknown")
        self.run_round(world, follower, [failed, unknown])
        world.sandbox.call("DELETE", "/sandbox/faults")
        anew = self.expect(self.again(failed), "submitted")
        told = self.again(unknown)
        replayed = self.expect(self.again(unknown, usher_replay=b"1"), "submitted")
        self.run_round(world, follower, [anew, told])
        self.run_round(world, follower, [replayed])
        made = [failed, unknown, anew, told, replayed]
        found = self.answers(world)
        self.assertEqual(
            [("failed", False), ("unknown", False), ("submitted", False), ("unknown", True),
             ("submitted", False)],
            [(found[e.place]["outcome"], found[e.place]["duplicate"]) for e in made])
        applied = [e["justification"] for e in world.sandbox.ledger() if e["applied"]]
        self.assertEqual(sorted([failed.tag, unknown.tag]), sorted(applied))
        self.assertEqual(2, len(world.topics.read(world.dead)))

    def run_round(self, world, follower, batch):
        world.send(batch)
        world.wait_answers(len(follower.records) + len(batch), 40, follower)

    def answers(self, world):
        """{place: data} of all replies."""
        all_data = [reply_data(reply) for reply in world.topics.read(world.replies)]
        return {(d["origin"]["partition"], d["origin"]["offset"]): d for d in all_data}


if __name__ == "__main__":
    harness.main()
