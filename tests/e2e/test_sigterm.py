#!/usr/bin/env python3
"""SIGTERM under load: what is at work ends, the rest is left to the next worker, nothing twice."""
import signal
import time

import events
import harness
import processes

COUNT = 1500


class SigtermTest(harness.E2eCase):
    def load(self, world, count=COUNT):
        """Events on the topic, and a Graph that takes a moment for each."""
        world.sandbox.settings(latency_ms=40)
        made = events.after_crash(events.mixture(count, seed=count, prefix=world.name,
                                                 reply_topics=[world.other]))
        world.send(made)
        return made

    def wait_at_work(self, world, worker, follower, answers=100):
        world.wait_answers(answers, 30, follower)
        self.assertGreater(worker.in_flight("dry_run") + worker.in_flight("submit"), 0)

    def test_drains_and_leaves_the_rest(self):
        """A slow Graph: what is at work when SIGTERM comes is answered, nothing else is taken."""
        world = self.world(limits={"requests": 200}, graph={"in_flight": 64})
        made = self.load(world)
        follower = world.follow()
        worker = world.worker()
        self.wait_at_work(world, worker, follower)
        world.sandbox.settings(latency_ms=1000)  # so that the drain can be seen
        time.sleep(0.1)
        worker.signal(signal.SIGTERM)
        began = time.monotonic()
        processes.wait_until("readyz says so", lambda: (
            "[-]not draining failed: the worker is leaving" in worker.get("/readyz?verbose")[1]), 2)
        self.assertEqual(0, worker.process.wait(15))
        took = time.monotonic() - began
        self.assertLess(took, 10 * harness.SLOWNESS)
        answered = len(world.topics.read(world.replies) + world.topics.read(world.other))
        self.assertLess(answered, COUNT)
        world.workers.clear()
        world.sandbox.settings(latency_ms=10)
        world.worker("w2")
        world.wait_answers(COUNT, 60, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure("e2e SIGTERM", f"exit 0 after {took:.1f} s with {answered} of {COUNT} "
                                      f"answered, the rest by another; {report.line()}")

    def test_all_claims_are_given_back(self):
        """A thousand events asleep, for Graph is in trouble: the next worker need not wait."""
        world = self.world()
        maker = events.Maker(8, "asleep")
        made = [maker.submitted() for _ in range(1000)]
        world.sandbox.faults({"match": {"op": "dry_run", "times": -1}, "action": {
            "status": {"code": 500, "body": "graph", "error": "UnknownError"}}})
        world.send(made)
        worker = world.worker()
        worker.wait_ready()
        processes.wait_until("they are at work", lambda: worker.in_flight("dry_run") > 900, 30)
        self.assertEqual(0, worker.stop())
        self.assertEqual([], list(world.redis.client.scan_iter(f"{world.name}:event:*")))

    def test_drain_time_runs_out(self):
        """A Graph that never answers: exit 0 when the drain time ends; the rest comes again."""
        world = self.world(drain="2s", graph={"timeout": "10s"}, redis={"lease": "13s"})
        made = [events.Maker(3, "hang").submitted() for _ in range(1)]
        world.send(made)
        world.sandbox.faults({"match": {"op": "dry_run"}, "action": {"hang_before": True}})
        worker = world.worker("w1")
        worker.wait_ready()
        processes.wait_until("a call hangs", lambda: worker.in_flight("dry_run"))
        worker.look_at_pages()
        began = time.monotonic()
        worker.signal(signal.SIGTERM)
        self.assertEqual(0, worker.process.wait(20))
        self.assertTrue(1.8 < time.monotonic() - began < 6, time.monotonic() - began)
        world.sandbox.call("DELETE", "/sandbox/faults")
        world.workers.clear()
        world.worker("w1")
        world.wait_answers(len(made), 30)
        self.assert_good(world.check(made))

    def test_second_signal(self):
        """Leaves at once with 75, and says so; the restarted worker goes on."""
        world = self.world(limits={"requests": 200}, graph={"in_flight": 64, "timeout": "5s"},
                           redis={"lease": "8s"})
        made = self.load(world, 600)
        follower = world.follow()
        worker = world.worker()
        self.wait_at_work(world, worker, follower)
        world.sandbox.settings(latency_ms=3000)
        time.sleep(0.2)
        worker.signal(signal.SIGTERM)
        processes.wait_until("it drains", lambda: worker.get("/readyz")[0] == 503)
        worker.signal(signal.SIGTERM)
        began = time.monotonic()
        self.assertEqual(75, worker.process.wait(10))
        self.assertLess(time.monotonic() - began, 2)
        self.assertIn("second signal", worker.tail(1))
        world.sandbox.settings(latency_ms=0)
        worker.start()
        world.wait_answers(600, 60, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure("e2e second signal", f"exit 75; {report.line()}")

    def test_rolling_two_workers(self):
        """Two workers under load, restarted one after the other."""
        world = self.world(limits={"requests": 200}, graph={"in_flight": 64})
        made = self.load(world, 2000)
        follower = world.follow()
        pair = [world.worker(name) for name in ("w1", "w2")]
        for i, worker in enumerate(pair):
            world.wait_assigned(pair)
            world.wait_answers(200 + 500 * i, 60, follower)
            self.assertEqual(0, worker.stop())
            worker.start()
        world.wait_answers(2000, 60, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure("e2e rolling restart", f"2 workers; {report.line()}")


if __name__ == "__main__":
    harness.main()
