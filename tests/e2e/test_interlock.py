#!/usr/bin/env python3
"""The interlock: a dry run that may have been a grant stops every worker until a person says go."""
import json
import os
import signal
import subprocess
import time

import events
import harness
import processes

DANGERS = {  # what the sandbox does to a dry run, and how many grants that is
    "ignore_dry_run": ({"ignore_dry_run": True}, 1),
    "drop_echo": ({"drop_echo": True}, 0),
}


class InterlockTest(harness.E2eCase):
    def raise_it(self, world, worker, action):
        """Ten good events are answered; then one whose dry run is none, and five behind it."""
        maker = events.Maker(9, world.name)
        good = [maker.submitted() for _ in range(10)]
        world.send(good)
        follower = world.follow()
        world.wait_answers(len(good), 30, follower)
        danger = maker.submitted()
        danger.outcome, danger.code, danger.posts = "unknown", "dryRunNotEchoed", 0
        world.sandbox.faults({"match": {"op": "dry_run", "justification": danger.tag},
                              "action": action})
        world.send([danger])
        world.wait_answers(len(good) + 1, 30, follower)
        behind = [maker.submitted() for _ in range(5)]
        world.send(behind)
        return good, danger, behind, follower

    def check_it_stands(self, world, workers, follower, count):
        """Nothing else is answered or posted, and everyone is told why."""
        key = f"{world.name}:interlock"
        why = json.loads(world.redis.client.get(key))
        self.assertTrue(why["why"] and why["instance"] and why["time"], why)
        posts = len(world.sandbox.ledger())
        for worker in workers:
            processes.wait_until(f"{worker.name} obeys",
                                 lambda w=worker: w.metric("usher_interlock") == 1, 10)
            status, text = worker.get("/readyz?verbose")
            self.assertEqual(503, status)
            self.assertIn("[-]interlock failed: ", text)
            self.assertEqual(200, worker.get("/livez")[0])
        time.sleep(1)
        self.assertEqual(count, follower.poll())
        self.assertEqual(posts, len(world.sandbox.ledger()))

    def go_on(self, world, made, follower, granted):
        """A person clears it: all the others are answered, and the books are right."""
        world.sandbox.call("DELETE", "/sandbox/faults")
        clear = subprocess.run(
            [harness.BIN, "doctor", "--clear-interlock", "-s", f"redis.url={world.redis.url}", "-s",
             f"redis.key_prefix={world.name}", "-s", "graph.auth=managed-identity"],
            env={**os.environ, "USHER_REDIS_PASSWORD": world.redis.password},
            capture_output=True, text=True, timeout=30, check=True)
        self.assertIn("why: ", clear.stdout)
        world.wait_answers(len(made), 40, follower)
        ledger = world.sandbox.ledger()
        report = world.check(made)
        self.assert_good(report)
        dry_grants = [e for e in ledger if e["op"] == "dry_run" and e["applied"]]
        self.assertEqual(granted, len(dry_grants))
        return report

    def test_raised_and_cleared(self):
        for name, (action, granted) in DANGERS.items():
            with self.subTest(name):
                world = self.world("interlock-" + name.replace("_", "-"))
                worker = world.worker("w1")
                worker.wait_ready()
                good, danger, behind, follower = self.raise_it(world, worker, action)
                second = world.worker("w2")  # comes up in front of it
                world.wait_assigned([worker, second])
                self.check_it_stands(world, [worker, second], follower, len(good) + 1)
                worker.signal(signal.SIGTERM)
                self.assertEqual(76, worker.process.wait(15))
                self.assertIn("interlock", worker.tail(1))
                worker.start()
                self.check_it_stands(world, [worker], follower, len(good) + 1)
                report = self.go_on(world, good + [danger] + behind, follower, granted)
                harness.figure(f"e2e interlock, {name}", f"1 unknown; {report.line()}")

    def test_lenient_echo(self):
        """dry_run_echo: lenient takes an answer that does not mention it, but no denial."""
        world = self.world(graph={"dry_run_echo": "lenient"})
        maker = events.Maker(9, world.name)
        made = [maker.submitted() for _ in range(5)]
        world.sandbox.faults({"match": {"op": "dry_run", "times": -1},
                              "action": {"drop_echo": True}})
        world.send(made)
        world.worker()
        follower = world.follow()
        world.wait_answers(len(made), 30, follower)
        self.assert_good(world.check(made))
        denied = maker.submitted()
        denied.outcome, denied.code, denied.posts = "unknown", "dryRunNotEchoed", 0
        world.sandbox.call("DELETE", "/sandbox/faults")
        world.sandbox.faults({"match": {"op": "dry_run"}, "action": {"ignore_dry_run": True}})
        world.send([denied])
        world.wait_answers(len(made) + 1, 30, follower)
        self.assert_good(world.check(made + [denied]))

    def test_first_dry_run_goes_alone(self):
        """Until the first good echo since start one dry run is under way, so one grant at most."""
        world = self.world()
        maker = events.Maker(9, world.name)
        made = [maker.submitted() for _ in range(50)]
        world.sandbox.faults({"match": {"op": "dry_run", "times": -1},
                              "action": {"ignore_dry_run": True}})
        world.send(made)
        worker = world.worker()
        follower = world.follow()
        world.wait_answers(1, 30, follower)
        time.sleep(1)
        self.assertEqual(1, follower.poll())
        self.assertEqual(1, len(world.sandbox.ledger()))
        self.assertEqual(76, worker.stop())


if __name__ == "__main__":
    harness.main()
