#!/usr/bin/env python3
"""The largest events there may be, as many as fit: memory stays below what `config check` says.

Graph refuses them, for a member that it does not know: the whole body has gone there by then.
"""
import re
import subprocess

import events
import harness

COUNT = 24  # more would be many seconds of checksums in the Python client
ITEMS = 300000  # of three bytes each: with the rest of the event it is under 1 MiB
LIMITS = {"requests": 64, "bytes": "8MiB"}
KIB, MIB = 1 << 10, 1 << 20


def most_resident(process):
    """The most that it ever had in memory, bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * KIB


class MemoryTest(harness.E2eCase):
    program = harness.RELEASE
    refused_on_purpose = "'note' was unexpected"

    def promised(self, worker, partitions):
        text = subprocess.run([self.program, "config", "check", "-c", worker.file], check=True,
                              capture_output=True, text=True).stdout
        sizes = re.search(r"memory: (\d+) MiB at the very most, and (\d+) KiB for each partition "
                          r"assigned, (\d+) MiB for each broker;", text)
        return (int(sizes[1]) + int(sizes[3])) * MIB + partitions * int(sizes[2]) * KIB

    def test_the_largest_events_there_may_be(self):
        world = self.world("memory", limits=LIMITS, graph={"in_flight": 16, "timeout": "10s"},
                           redis={"lease": "15s"})
        maker = events.Maker(11, "large")
        made = []
        for _ in range(COUNT):
            thing = maker.new_thing(events.ASSIGNMENT)
            body = maker.body(thing, f"large {maker.count + 1}", note=[1] * ITEMS)
            made.append(maker.event(thing, body, "rejected", code="InvalidModel"))
        self.assertGreater(min(len(event.value) for event in made), 0.8 * MIB)
        world.sandbox.settings(latency_ms=100)
        world.send(made)
        worker = world.worker()
        world.wait_answers(COUNT, 90)
        self.assert_good(world.check(made))
        most, promised = most_resident(worker.process), self.promised(worker, world.partitions)
        self.assertLess(most, promised)
        self.assertGreater(most, 16 * MIB)  # it was measured
        self.assertEqual(0, worker.stop())
        harness.figure("e2e memory", f"{COUNT} events of {len(made[0].value) // KIB} KiB, limits "
                                     f"{LIMITS['requests']} and {LIMITS['bytes']}: "
                                     f"{most / MIB:.0f} MiB at most, config check says "
                                     f"{promised / MIB:.0f}")


if __name__ == "__main__":
    harness.main()
