#!/usr/bin/env python3
"""A worker dies between the two phases of a cooperative rebalance and is back at once: the broker
gives it its old share without a rebalance, and what it had given up belongs to nobody. The workers
find that out by themselves."""
import time

import events
import harness
import processes

ROUNDS = 6  # most of them hit the gap, which is a few milliseconds wide
OWNED_S = 25  # 5 s and 10 s after the assignment they look, then one of them joins again


class OrphansTest(harness.E2eCase):
    def restart_between_phases(self, world):
        first = world.worker("w1")
        world.wait_assigned([first])
        second = world.worker("w2")
        processes.wait_until("w1 gives some up", lambda: self.says(first, "kafka.revoked"), 30,
                             0.0002)
        first.kill()
        first.start()
        return first, second

    @staticmethod
    def says(worker, event):
        with open(worker.log, encoding="utf-8", errors="replace") as log:
            return event in log.read()

    @staticmethod
    def wait_all_owned(pair):
        processes.wait_until("both are up", lambda: all(w.is_ready() for w in pair), 30)
        began = time.monotonic()
        processes.wait_until("all partitions are owned", lambda: sum(
            w.metric("usher_kafka_assigned_partitions") or 0 for w in pair) == 4, OWNED_S)
        return time.monotonic() - began

    def test_restart_between_the_phases(self):
        took = None
        for number in range(ROUNDS):
            world = self.world(f"orphans-{number}")
            pair = self.restart_between_phases(world)
            made = events.after_crash(events.mixture(200, seed=number, prefix=world.name,
                                                     reply_topics=[world.other]))
            world.send(made)
            took = self.wait_all_owned(pair)
            orphaned = [w.name for w in pair if self.says(w, "kafka.orphaned")]
            world.wait_answers(len(made), 40)
            report = world.check(made)
            self.assert_good(report)
            if orphaned:
                harness.figure("e2e orphans", f"round {number + 1}: owned again by {orphaned[0]} "
                                              f"{took:.1f} s after the start; {report.line()}")
                return
        self.fail(f"none of {ROUNDS} rounds met the gap")


if __name__ == "__main__":
    harness.main()
