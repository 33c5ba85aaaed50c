#!/usr/bin/env python3
"""kill -9 in each stage, with requests held there; then a restart, and the same counts as ever.

The sandbox does not refuse duplicates here: whatever were posted twice would be granted twice.
"""
import time

import audit
import events
import harness
import processes

BEFORE, AFTER = 100, 200
SHARES = [("submitted", 72), ("validated", 4), ("expired", 3), ("conflict", 3), ("bad", 8)]
GRANTS_ALL = {"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}}


def slow(world, op, **action):
    world.sandbox.faults({"match": {"op": op, "times": -1}, "action": action})


class Hold:
    """How requests are brought to a stage and kept there. One subclass a stage; `send` sends more
    events, `release` undoes what was done."""

    def __init__(self, world, worker, send):
        self.world, self.worker, self.send = world, worker, send

    def wait_in(self, stage, seconds=10):
        processes.wait_until(f"requests are in {stage}", lambda: self.worker.in_flight(stage),
                             seconds, pause=0.005)
        return int(self.worker.in_flight(stage))

    def release(self):
        self.world.sandbox.call("DELETE", "/sandbox/faults")
        self.world.sandbox.faults(GRANTS_ALL)


class InAdmit(Hold):
    """Not held: the loop admits what it took in one go. Killed when the log shows the first."""

    def bring(self):
        seen = self.admitted()
        self.send()
        processes.wait_until("it admits", lambda: self.admitted() > seen, pause=0.0005)
        return 1

    def admitted(self):
        with open(self.worker.log, "rb") as log:
            return log.read().count(b"stage=admit")


class InClaim(Hold):
    def bring(self):
        self.world.redis.suspend()
        self.send()
        return self.wait_in("claim")

    def release(self):
        self.world.redis.resume()


class InDryRun(Hold):
    def bring(self):
        slow(self.world, "dry_run", latency_ms=2500)
        self.send()
        return self.wait_in("dry_run")


class InMark(Hold):
    def bring(self):
        slow(self.world, "dry_run", latency_ms=400)
        self.send()
        self.wait_in("dry_run")
        self.world.redis.suspend()
        return self.wait_in("mark")

    def release(self):
        self.world.redis.resume()
        super().release()


class InSubmit(Hold):
    """Applied, and no answer yet."""
    action = {"latency_ms": 2500}

    def bring(self):
        slow(self.world, "submit", **self.action)
        self.send()
        return self.wait_in("submit")


class InSubmitNeverApplied(InSubmit):
    action = {"hang_before": True}


class InSubmitAppliedLater(InSubmit):
    """Applied after the worker is gone, while its successor looks: settle waits for it."""
    action = {"delay_apply_ms": 1200}


class InLook(Hold):
    def bring(self):
        slow(self.world, "submit", close_after_apply=True)
        slow(self.world, "look", latency_ms=2500)
        self.send()
        return self.wait_in("look")


class InRecord(Hold):
    def bring(self):
        slow(self.world, "submit", latency_ms=400)
        self.send()
        self.wait_in("submit")
        self.world.redis.suspend()
        return self.wait_in("record")

    def release(self):
        self.world.redis.resume()
        super().release()


class InReply(Hold):
    def bring(self):
        slow(self.world, "submit", latency_ms=400)
        self.send()
        self.wait_in("submit")
        self.world.kafka.freeze()
        return self.wait_in("reply")

    def release(self):
        self.world.kafka.thaw()
        super().release()


class KillTest(harness.E2eCase):
    def run_stage(self, hold_class, **settings):
        world = self.world(limits={"requests": 150}, log={"level": "debug"}, **settings)
        world.sandbox.faults(GRANTS_ALL)
        made = events.after_crash(events.mixture(BEFORE + AFTER, 7, world.name, SHARES,
                                                 [world.other]))
        follower = world.follow()
        worker = world.worker()
        worker.wait_ready()
        world.send(made[:BEFORE])
        world.wait_answers(BEFORE, 30, follower)
        hold = hold_class(world, worker, lambda: world.send(made[BEFORE:]))
        held = hold.bring()
        worker.kill()
        hold.release()
        began = time.monotonic()
        worker.start()
        world.wait_answers(len(made), 40, follower)
        took = time.monotonic() - began
        report = world.check(made)
        self.assert_good(report)
        audit.check(self, world, len(made))
        self.assertEqual(0, worker.stop())
        name = hold_class.__name__.removeprefix("In")
        harness.figure(f"e2e kill -9 in {name}",
                       f"{held} held; {report.line()}; all answered {took:.1f} s after the restart")

    def test_admit(self):
        self.run_stage(InAdmit)

    def test_claim(self):
        self.run_stage(InClaim)

    def test_dry_run(self):
        self.run_stage(InDryRun)

    def test_mark(self):
        self.run_stage(InMark)

    def test_submit(self):
        self.run_stage(InSubmit)

    def test_submit_never_applied(self):
        self.run_stage(InSubmitNeverApplied)

    def test_submit_applied_later(self):
        self.run_stage(InSubmitAppliedLater)

    def test_look(self):
        self.run_stage(InLook)

    def test_record(self):
        self.run_stage(InRecord)

    def test_reply(self):
        self.run_stage(InReply)


if __name__ == "__main__":
    harness.main()
