#!/usr/bin/env python3
"""Runs the worker through its failpoints and counts; tests/failpoints/run builds it and starts it.

One run: two workers and 60 events. One has the failpoint; the other takes over. In odd seeds a
killed one is started again under its name, in even seeds it stays away.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
import traceback

from kafka import KafkaAdminClient

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

import checker  # noqa: E402
import events  # noqa: E402
import harness  # noqa: E402
import processes  # noqa: E402
import reply_checker  # noqa: E402
import sandbox_client  # noqa: E402
from points import FREEZE_S, LEASE_S, MODES, POINTS, SESSION_S  # noqa: E402

SEEDS = 5
BEFORE, AFTER = 30, 30  # events sent before the failpoint is hit, and after it
SHARES = [("submitted", 72), ("validated", 4), ("expired", 3), ("conflict", 3), ("bad", 8)]
GRANTS_ALL = {"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}}
HIT_S, ANSWERED_S = 20, 40
BROKER = {"group.min.session.timeout.ms": 500, "log.cleaner.enable": "false",
          # A transaction that nobody ends is ended by the broker after 10 s, seen so often:
          "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200}
Kafka = collections.namedtuple("Kafka", "brokers")
Result = collections.namedtuple(
    "Result", "point mode seed hit lost twice granted unknown recovery_s seconds problems folder")


class World(harness.World):
    def base_settings(self):
        return harness.merged(super().base_settings(), {
            "kafka": {"librdkafka": {"session.timeout.ms": str(int(SESSION_S * 1000)),
                                     "heartbeat.interval.ms": "200"}},
            "redis": {"lease": f"{int(LEASE_S * 1000)}ms"},
            "graph": {"timeout": "500ms", "settle": "1s"},
            "limits": {"requests": 100}, "drain": "5s"})

    def close(self):
        super().close()
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        admin.delete_topics([self.requests, self.replies, self.dead, self.other])
        admin.close()


def may_be_unknown(made):
    """What was posted and could not be looked up is `unknown`: honest, and counted apart."""
    for event in events.after_crash(made):
        if event.posts:
            event.outcome += "|unknown"
    return made


class Run:
    def __init__(self, world, point, mode, seed):
        self.world, self.point, self.mode = world, point, mode
        self.random = random.Random(f"{point.name} {mode} {seed}")
        self.restarts = seed % 2 == 1
        self.pass_number = self.random.randint(1, point.passes)
        mixture = events.mixture(BEFORE + AFTER, self.random.randrange(1 << 30), world.name, SHARES,
                                 [world.other])
        self.made = may_be_unknown(mixture)
        self.follower = world.follow()
        self.faulty = self.other = None
        self.hit_at = self.recovery_s = 0

    def arm(self):
        return {"USHER_FAILPOINT": self.point.armed.format(name=self.point.name, mode=self.mode,
                                                           at=self.pass_number)}

    def start(self, name):
        armed = name == ("w2" if self.point.joins else "w1")
        worker = self.world.worker(name, self.arm() if armed else None)
        if armed:
            self.faulty = worker
        else:
            self.other = worker
        return worker

    def is_hit(self):
        line = f"failpoint {self.point.name}:{self.mode}:".encode()
        with open(self.faulty.log, "rb") as log:
            return line in log.read()

    def wait_hit(self):
        processes.wait_until("the failpoint is hit", self.is_hit, HIT_S, 0.005)
        self.hit_at = time.monotonic()

    def bring(self):
        first = self.start("w1")
        processes.wait_until("w1 takes records", lambda: "worker.ready" in first.tail(), 20)
        self.world.wait_assigned([first])
        if self.point.shared:
            self.world.wait_assigned([first, self.start("w2")])
        size = BEFORE // self.point.portions
        for i in range(0, BEFORE, size):
            self.world.send(self.made[i:i + size])
            if self.point.portions > 1:  # each has a transaction of its own
                processes.wait_until("they are answered", lambda sent=i + size: self.is_hit() or
                                     self.follower.poll() >= sent, HIT_S)
        if not self.point.shared:
            self.start("w2")
        if self.point.bring:
            self.point.bring(self)
        self.wait_hit()

    def after_kill(self):
        if self.faulty.process.wait(10) != -signal.SIGKILL:
            raise AssertionError(f"ended with {self.faulty.process.returncode}, not killed")
        if self.restarts:
            self.faulty.environment = None
            self.faulty.start()

    def after_stop(self):
        time.sleep(FREEZE_S)
        self.faulty.signal(signal.SIGCONT)

    def after_fail(self):
        if self.point.name == "sigterm":
            time.sleep(0.2)
            self.faulty.signal(signal.SIGTERM)

    def stays(self):
        """Whoever has not been told to go must be there at the end."""
        self.other.alive()
        if self.point.name != "sigterm" and (self.mode != "kill" or self.restarts):
            self.faulty.alive()

    def leave(self):
        codes = [w.stop() for w in self.world.workers
                 if w is not self.faulty or self.mode != "kill" or self.restarts]
        if any(codes):
            raise AssertionError(f"exit codes at SIGTERM: {codes}")

    def play(self):
        world = self.world
        drawn_ms = self.random.choice([5, 20, 60])
        world.sandbox.settings(latency_ms=self.point.latency_ms or drawn_ms)
        world.sandbox.faults(GRANTS_ALL, *self.point.faults)
        self.bring()
        world.send(self.made[BEFORE:])
        getattr(self, "after_" + self.mode)()
        self.follower.wait_for(len(self.made), ANSWERED_S, self.stays)
        self.recovery_s = time.monotonic() - self.hit_at
        if self.mode == "stop" and self.point.name != "sigterm":
            world.wait_assigned(world.workers)  # it is back in the group ...
            time.sleep(0.5)  # ... and might do what it must not
        self.stays()
        report = world.check(self.made)
        self.leave()
        return report


def granted_twice(report):
    return sum("was granted" in problem for problem in report.problems)


def play(task):
    """In a process of its own: one run and its Result."""
    brokers, folder, keep, point_name, mode, seed = task
    point = next(p for p in POINTS if p.name == point_name)
    name = f"{point.name}-{mode}-{seed}".replace("_", "-")
    began, run, report, world = time.monotonic(), None, None, None
    problems = []
    try:
        world = World(folder, Kafka(brokers), name, (), {})
        run = Run(world, point, mode, seed)
        report = run.play()
        problems = list(report.problems)
    except Exception as error:  # pylint: disable=broad-except
        problems.append(str(error) or traceback.format_exc())
        if run and report is None:
            report = world.check(run.made, unsettled=True)
    hit = bool(run and run.faulty and run.is_hit())
    if world:
        world.close()
    if not problems and hit and not keep:
        shutil.rmtree(world.folder, ignore_errors=True)
    return Result(point.name, mode, seed, hit,
                  report.unanswered if report else BEFORE + AFTER, report.twice if report else 0,
                  granted_twice(report) if report else 0,
                  report.outcomes["unknown"] if report else 0, run.recovery_s if run else 0,
                  time.monotonic() - began, problems, os.path.join(folder, name))


# ---- all runs ------------------------------------------------------------------------------------


def print_run(result):
    state = "ok" if not result.problems and result.hit else "BAD"
    print(f"{state:3} {result.point}:{result.mode} seed {result.seed}: {result.seconds:.1f} s"
          + ("" if result.hit else ", NOT HIT"), flush=True)
    for problem in result.problems[:6]:
        print("      " + problem[:1500], flush=True)
    if result.problems or not result.hit:
        print(f"      logs: {result.folder}", flush=True)


def print_table(results):
    rows = collections.defaultdict(list)
    for result in results:
        rows[result.point, result.mode].append(result)
    print(f"\n{'failpoint':17} {'crash':5} {'mode':4} {'runs':>4} {'hit':>4} {'lost':>4} "
          f"{'twice':>5} {'granted twice':>13} {'unknown':>7} {'recovery s, median and most':>27}")
    for point in POINTS:
        for mode in MODES:
            found = rows.get((point.name, mode))
            if not found:
                continue
            seconds = [r.recovery_s for r in found]
            print(f"{point.name:17} {point.crash:5} {mode:4} {len(found):4} "
                  f"{sum(r.hit for r in found):4} {sum(r.lost for r in found):4} "
                  f"{sum(r.twice for r in found):5} {sum(r.granted for r in found):13} "
                  f"{sum(r.unknown for r in found):7} "
                  f"{statistics.median(seconds):15.1f} {max(seconds):11.1f}"
                  + ("  BAD" if any(r.problems or not r.hit for r in found) else ""))


def tasks_of(options):
    names = {f"{p.name}:{mode}" for p in POINTS for mode in MODES}
    chosen = {n for wanted in options.names for n in names
              if wanted in (n, n.rsplit(":", 1)[0])}
    for wanted in options.names:
        if not any(wanted in (n, n.rsplit(":", 1)[0]) for n in names):
            sys.exit(f"there is no failpoint {wanted}: {', '.join(p.name for p in POINTS)}, "
                     f"each with :{', :'.join(MODES)}")
    seeds = range(options.seed, options.seed + (1 if options.ci else options.seeds))
    # Those that take long are spread over the lanes.
    return [(p.name, mode, seed) for seed in seeds for p in POINTS for mode in MODES
            if not chosen or f"{p.name}:{mode}" in chosen]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--ci", action="store_true", help="one seed instead of five")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many; default {SEEDS}")
    parser.add_argument("--lanes", type=int, default=3, help="runs side by side; they mostly wait")
    parser.add_argument("--keep", action="store_true", help="keep the logs of good runs too")
    parser.add_argument("names", nargs="*", metavar="NAME[:MODE]", help="default: all")
    options = parser.parse_args()
    tasks = tasks_of(options)
    sandbox_client.PROGRAM = os.path.join(os.path.dirname(harness.BIN), "usher-sandbox")
    folder = tempfile.mkdtemp(prefix="usher-failpoints-")
    kafka = harness.Kafka(processes.free_port(), 4, directory=os.path.join(folder, "kafka"),
                          settings=BROKER).start()
    began, results = time.monotonic(), []
    try:
        with concurrent.futures.ProcessPoolExecutor(options.lanes) as lanes:
            whole = [(kafka.brokers, folder, options.keep, *task) for task in tasks]
            try:
                for done in concurrent.futures.as_completed([lanes.submit(play, t) for t in whole]):
                    results.append(done.result())
                    print_run(results[-1])
            except KeyboardInterrupt:
                lanes.shutdown(cancel_futures=True)
    finally:
        kafka.close()
    print_table(results)
    bad = [r for r in results if r.problems or not r.hit]
    print(f"FIGURE failpoints: {len(results)} runs in {time.monotonic() - began:.0f} s, "
          f"{sum(r.hit for r in results)} hit, lost {sum(r.lost for r in results)}, "
          f"answered twice {sum(r.twice for r in results)}, "
          f"granted twice {sum(r.granted for r in results)}, "
          f"unknown {sum(r.unknown for r in results)}, bad runs {len(bad)}")
    shutil.rmtree(folder if not bad and not options.keep else os.path.join(folder, "kafka"),
                  ignore_errors=True)
    if os.path.exists(folder):
        print(f"logs are kept in {folder}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
