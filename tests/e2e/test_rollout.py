#!/usr/bin/env python3
"""Three workers under load, restarted as a StatefulSet does it; and one that joins, and goes for
good. The others keep their partitions and go on answering: nothing stops the world."""
import collections
import itertools
import re
import signal
import threading
import time

import events
import harness
import processes
from reply_checker import reply_data

COUNT = 40000  # more than is sent, on a slow machine too: the load ends with the rollout
BATCH = 10
PAUSE_S = 0.06
# Of a worker that is not restarted. An eager rebalance would stop it until the restarted one has
# joined again; on a cooperative one nothing stops it but the machine.
GAP_MOST_S = 3 * harness.SLOWNESS
ASSIGNED = re.compile(r"partition (\d+) of \S+ from offset")
REVOKED = re.compile(r"partition (\d+) of ")
REBALANCES = "usher_kafka_rebalances_total"


class Load:
    """Sends the events at a steady pace on a thread of its own, until stop()."""

    def __init__(self, world, made):
        self.world, self.made, self.sent = world, made, 0
        self.stopped, self.trouble = threading.Event(), None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        producer = self.world.topics.producer()
        try:
            while not self.stopped.wait(PAUSE_S) and self.sent < len(self.made):
                part = self.made[self.sent:self.sent + BATCH]
                self.world.topics.send(self.world.requests, part, producer)
                self.sent += len(part)
        except Exception as error:  # pylint: disable=broad-except
            self.trouble = error
        producer.close()

    def stop(self):
        """The events that were sent."""
        self.stopped.set()
        self.thread.join()
        if self.trouble is not None:
            raise self.trouble
        if self.sent >= len(self.made):
            raise AssertionError(f"the load ended before the test did: {self.sent} events")
        return self.made[:self.sent]


class RolloutTest(harness.E2eCase):
    def partitions_of(self, worker):
        """What it holds, by its log; and how often it got one and gave one up."""
        held, got, gave = set(), 0, 0
        for line in harness.log_lines(worker.log):
            action = line.get("event.action")
            if action == "kafka.assigned":
                held.add(int(ASSIGNED.match(line["message"]).group(1)))
                got += 1
            elif action == "kafka.revoked":
                held.discard(int(REVOKED.match(line["message"]).group(1)))
                gave += 1
            elif action == "worker.drains":
                held = set()
        return held, got, gave

    def gaps(self, world, spans):
        """The longest time between two answers, for each (partitions, from, to) of `spans`, by the
        times that the workers wrote on them."""
        times = collections.defaultdict(list)
        for reply in world.topics.read(world.replies) + world.topics.read(world.other):
            times[reply_data(reply)["origin"]["partition"]].append(reply.timestamp / 1000)
        longest = []
        for partitions, begin, end in spans:
            marks = sorted(t for p in partitions for t in times[p] if begin <= t <= end)
            marks = [begin, *marks, end]
            longest.append(max(b - a for a, b in itertools.pairwise(marks)))
        return longest

    def watch_leaving(self, worker, sandbox):
        """SIGTERM; /readyz says 503 while it still runs, and then it ends with 0. Graph stands
        still meanwhile, so that it has something to wait for until it was looked at."""
        def is_leaving():
            status, text = worker.get("/readyz?verbose")
            return status == 503 and "[-]not draining failed: the worker is leaving" in text
        sandbox.send_signal(signal.SIGSTOP)
        try:
            processes.wait_until(f"{worker.name} asks Graph", lambda: (
                worker.in_flight("dry_run") + worker.in_flight("submit") > 0))
            worker.signal(signal.SIGTERM)
            processes.wait_until(f"/readyz of {worker.name} says that it leaves", is_leaving,
                                 5 * harness.SLOWNESS)
        finally:
            sandbox.send_signal(signal.SIGCONT)
        self.assertEqual(0, worker.process.wait(20))

    def start(self, world, count):
        world.sandbox.settings(latency_ms=200)  # so that leaving takes long enough to be seen
        workers = [world.worker(f"usher-{i}") for i in range(count)]
        for worker in workers:
            worker.wait_ready()
        world.wait_assigned(workers)
        return workers

    def restart(self, worker, others, sandbox):
        """One step of the rollout; the spans for gaps(): the others', and its own."""
        held = {w.name: self.partitions_of(w) for w in (worker, *others)}
        rebalances = {w.name: w.metric(REBALANCES) for w in others}
        began = time.time()
        self.watch_leaving(worker, sandbox)
        worker.start()
        worker.wait_ready()
        processes.wait_until("it has its partitions again", lambda: (
            worker.metric("usher_kafka_assigned_partitions") == len(held[worker.name][0])))
        time.sleep(0.5)  # so that its answers, and a rebalance that comes late, are seen
        ended = time.time()
        for other in others:
            self.assertEqual(held[other.name], self.partitions_of(other), "it kept what it had")
            self.assertEqual(rebalances[other.name], other.metric(REBALANCES))
        self.assertEqual(held[worker.name][0], self.partitions_of(worker)[0])
        return [(held[w.name][0], began, ended) for w in (*others, worker)]

    def test_rolling_three_workers(self):
        """Highest number first, each when the one before is ready: no rebalance at all, for a
        worker comes back as the member that it was."""
        world = self.world(limits={"requests": 200}, graph={"in_flight": 64},
                           kafka={"librdkafka": {"session.timeout.ms": "45000"}})  # the default
        made = events.after_crash(events.mixture(COUNT, seed=24, prefix="roll",
                                                 reply_topics=[world.other]))
        workers = self.start(world, 3)
        follower = world.follow()
        load = Load(world, made)
        world.wait_answers(100, 30, follower)
        began, spans = time.monotonic(), []
        for worker in reversed(workers):
            spans.append(self.restart(worker, [w for w in workers if w is not worker],
                                      world.sandbox.process))
        took = time.monotonic() - began
        sent = load.stop()
        world.wait_answers(len(sent), 60, follower)
        report = world.check(sent)
        self.assert_good(report)
        others = max(max(self.gaps(world, step[:2])) for step in spans)
        own = max(self.gaps(world, [step[2] for step in spans]))
        self.assertLess(others, GAP_MOST_S)
        harness.figure("e2e rollout", (
            f"3 workers restarted in {took:.1f} s under {len(sent)} events, no rebalance at the "
            f"others, their longest gap between two answers {others * 1000:.0f} ms; the restarted "
            f"one's partitions rested {own:.1f} s at most; {report.line()}"))

    def test_one_joins_and_one_goes(self):
        """Where a rebalance is due, nobody gives up more than what moves."""
        # The broker knows after 6 s that one does not come back, and the others 0.5 s later.
        world = self.world(kafka={"librdkafka": {"heartbeat.interval.ms": "500"}})
        made = events.after_crash(events.mixture(COUNT, seed=25, prefix="scale"))
        pair = self.start(world, 2)
        follower = world.follow()
        load = Load(world, made)
        world.wait_answers(100, 30, follower)
        before = [self.partitions_of(w) for w in pair]
        began = time.time()
        third = world.worker("usher-2")
        world.wait_assigned([*pair, third])
        joined = time.time()
        moved = self.partitions_of(third)[0]
        between = [self.partitions_of(w) for w in pair]
        self.assertEqual(1, len(moved))
        given = sum(gave for _, _, gave in between) - sum(gave for _, _, gave in before)
        self.assertEqual(1, given, "only what moved was given up")
        for (was, got, _), (now, got_now, _) in zip(before, between):
            self.assertEqual(was - moved, now)
            self.assertEqual(got, got_now, "nothing was taken and given back")

        self.watch_leaving(third, world.sandbox.process)
        world.workers.remove(third)
        left = time.time()
        world.wait_assigned(pair)
        taken = time.time()
        after = [self.partitions_of(w) for w in pair]
        self.assertEqual(set(range(4)), after[0][0] | after[1][0])
        for (was, _, gave), (now, _, gave_now) in zip(between, after):
            self.assertLessEqual(was, now)
            self.assertEqual(gave, gave_now, "what was held is held")
        self.assertGreater(sum(w.metric(REBALANCES) for w in pair), len(pair))
        time.sleep(0.5)
        sent = load.stop()
        world.wait_answers(len(sent), 60, follower)
        report = world.check(sent)
        self.assert_good(report)
        kept = [now for now, _, _ in between]
        gaps = self.gaps(world, [(p, began, joined) for p in kept] + [(p, left, taken)
                                                                      for p in kept])
        self.assertLess(max(gaps), GAP_MOST_S)
        harness.figure("e2e scaling", (
            f"a third worker took 1 of 4 partitions after {joined - began:.1f} s, its going was "
            f"noticed after {taken - left:.1f} s; longest gap between two answers of the others "
            f"{max(gaps) * 1000:.0f} ms; {report.line()}"))


if __name__ == "__main__":
    harness.main()
