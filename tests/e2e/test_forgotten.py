#!/usr/bin/env python3
"""Redis loses what it was told while a worker is dead: nothing is granted twice, nothing is lost.

The sandbox does not refuse duplicates here: whatever were posted twice would be granted twice. No
event is sent twice: that one was answered before is forgotten too, and no promise (README).
"""
import json

import events
import harness
import processes

BEFORE, AFTER = 60, 120
GRANTS_ALL = {"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}}


def hold(world, op):
    """Applied, and no answer for a while."""
    world.sandbox.faults({"match": {"op": op, "times": -1}, "action": {"latency_ms": 2500}})


def let_go(world):
    world.sandbox.call("DELETE", "/sandbox/faults")
    world.sandbox.faults(GRANTS_ALL)


class ForgottenTest(harness.E2eCase):
    def lose(self, name, forget, **settings):
        world = self.world(name, **settings)
        world.sandbox.faults(GRANTS_ALL)
        maker = events.Maker(17, world.name)
        made = events.after_crash([maker.submitted() for _ in range(BEFORE + AFTER)])
        follower = world.follow()
        worker = world.worker()
        worker.wait_ready()
        world.send(made[:BEFORE])
        world.wait_answers(BEFORE, 30, follower)
        hold(world, "submit")
        world.send(made[BEFORE:])
        processes.wait_until("real requests are out", lambda: worker.in_flight("submit"), 10, 0.01)
        worker.kill()
        applied = len([entry for entry in world.sandbox.ledger() if not entry.get("validation")])
        forget(world)
        let_go(world)
        worker.start()
        world.wait_answers(len(made), 60, follower)
        report = world.check(made)
        self.assert_good(report)
        warnings = str(json.loads(worker.get("/status")[1])["warnings"])
        self.assertEqual("--appendonly" in world.redis.options, "keeps nothing" in warnings)
        self.assertEqual(0, worker.stop())
        harness.figure(f"e2e {name}", f"{applied} real requests at Graph when it was killed and "
                                      f"Redis emptied; {report.line()}")
        return worker

    def test_emptied(self):
        self.lose("emptied", lambda world: world.redis.client.flushall())

    def test_restarted_without_a_file(self):
        def restart(world):
            world.redis.kill()
            world.redis.options = ("--appendonly", "no")
            world.redis.start()
        self.lose("restarted-without-a-file", restart)

    def test_last_writes_lost(self):
        """As a server that fails over to a replica that lags: the claims of the last moment are
        gone, and so is their count."""
        def lose_last(world):
            redis = world.redis.client
            for key in redis.scan_iter(f"{world.name}:event:*", count=1000):
                if redis.hget(key, "st") != b"done":
                    redis.delete(key)
            for key in redis.scan_iter(f"{world.name}:writes:*"):
                redis.set(key, 1)
        self.lose("last-writes-lost", lose_last)

    def crash(self, name, stages, outcome):
        """Three workers die while an event is in these stages; the fourth answers it."""
        world = self.world(name)
        event = events.Maker(5, name).submitted()
        follower = world.follow()
        worker = world.worker()
        worker.wait_ready()
        for stage in set(stages):
            hold(world, stage)
        world.send([event])
        for crash, stage in enumerate(stages):
            if crash > 0:
                worker.start()
            processes.wait_until(f"it is in {stage}", lambda: worker.in_flight(stage), 20, 0.01)
            worker.kill()
        let_go(world)
        worker.start()
        world.wait_answers(1, 30, follower)
        reply = follower.records[0]
        self.assertIn(f'"outcome":"{outcome}"', reply.value.decode())
        self.assertIn('"code":"crashLoop"', reply.value.decode())
        self.assertEqual(1, len(world.topics.read(world.dead)))
        self.assertEqual(0, worker.stop())

    def test_crash_loop_before_the_intent(self):
        self.crash("crash-loop-before", ["dry_run", "dry_run", "dry_run"], "failed")

    def test_crash_loop_after_the_intent(self):
        self.crash("crash-loop-after", ["submit", "look", "look"], "unknown")


if __name__ == "__main__":
    harness.main()
