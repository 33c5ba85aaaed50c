#!/usr/bin/env python3
"""The program with the thread sanitizer, against real servers: transactions, aborts, partitions
that move, a broker that is gone for a while, log lines from every thread, SIGTERM.

tests/threads/run reads what the sanitizer says; here is only asked whether the work was done."""
import os
import signal
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import events  # noqa: E402
import harness  # noqa: E402

COUNT = 400
FENCED = 75


class ThreadsTest(harness.E2eCase):
    def work(self, world, seed):
        world.sandbox.settings(latency_ms=20)
        made = events.after_crash(events.mixture(COUNT, seed, world.name))
        world.send(made)
        return made, world.follow()

    def leave(self, world):
        """All of them, by SIGTERM."""
        for worker in world.workers:
            worker.signal(signal.SIGTERM)
        self.assertEqual([0] * len(world.workers), [w.process.wait(60) for w in world.workers])

    def test_partitions_move(self):
        """Two workers share the topic, one leaves and comes back, both leave. Every line is
        written: librdkafka's threads, the thread of transactions and the loop all log."""
        world = self.world(log={"level": "debug"})
        made, follower = self.work(world, 51)
        first = world.worker("w1")
        world.wait_answers(COUNT // 4, 90, follower)
        world.worker("w2")
        world.wait_answers(COUNT // 2, 90, follower)
        self.assertEqual(0, first.stop(60))
        first.start()
        world.wait_answers(COUNT, 120, follower)
        self.assert_good(world.check(made))
        self.leave(world)

    def test_broker_is_gone(self):
        """Transactions that fail, an answer to "what is committed" that is late, a new producer.

        The broker finds two of the worker's words when it thaws: a JoinGroup that its client had
        given up, then what the client said after it. The first can fence the second: 75, and what
        supervises the worker starts it again (deploy/README.md)."""
        world = self.world()
        made, follower = self.work(world, 52)
        worker = world.worker()
        world.wait_answers(COUNT // 4, 90, follower)
        self.kafka.freeze()
        time.sleep(8)  # past the session
        self.kafka.thaw()

        def supervise():
            if worker.process.poll() == FENCED:
                worker.start()
            worker.alive()

        follower.wait_for(COUNT, 120, supervise)
        self.assert_good(world.check(made))
        self.leave(world)

    def test_at_least_once(self):
        """The other way to send: without transactions."""
        world = self.world(kafka={"delivery": "at-least-once"})
        made, follower = self.work(world, 53)
        world.worker()
        world.wait_answers(COUNT, 90, follower)
        self.assert_good(world.check(made))
        self.leave(world)


if __name__ == "__main__":
    harness.main()
