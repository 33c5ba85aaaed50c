#!/usr/bin/env python3
"""Redis goes away under load and comes back: nothing is posted meanwhile, nothing lost, nothing
twice."""
import time

import events
import harness
import processes

COUNT = 800


class RedisAwayTest(harness.E2eCase):
    def run_outage(self, leave, come_back):
        world = self.world(limits={"requests": 200}, graph={"in_flight": 32})
        world.sandbox.settings(latency_ms=30)
        world.sandbox.faults({"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}})
        shares = [("submitted", 75), ("validated", 3), ("expired", 3), ("bad", 8)]
        made = events.after_crash(events.mixture(COUNT, 11, world.name, shares, [world.other]))
        world.send(made)
        follower = world.follow()
        worker = world.worker()
        world.wait_answers(100, 30, follower)
        leave(world.redis)
        processes.wait_until("readyz says so", lambda: "[-]redis failed: " in worker.get(
            "/readyz?verbose")[1], 15)
        self.assertEqual(0, worker.metric("usher_redis_up"))
        processes.wait_until("no call is left", lambda: worker.in_flight("submit") == 0
                             and worker.in_flight("dry_run") == 0, 15)
        posts, answers = len(world.sandbox.ledger()), follower.poll()
        time.sleep(1.5)
        worker.alive()
        self.assertEqual(200, worker.get("/livez")[0])
        self.assertEqual(posts, len(world.sandbox.ledger()))
        self.assertLess(answers, COUNT)
        come_back(world.redis)
        took = world.wait_answers(COUNT, 60, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure(f"e2e Redis {leave.__name__}",
                       f"{answers} answered before; {report.line()}; "
                       f"all answered {took:.1f} s after it was back")

    def test_stopped(self):
        self.run_outage(harness.Redis.suspend, harness.Redis.resume)

    def test_killed_and_restarted(self):
        """What it said yes to is in its append-only file."""
        self.run_outage(harness.Redis.kill, harness.Redis.start)


if __name__ == "__main__":
    harness.main()
