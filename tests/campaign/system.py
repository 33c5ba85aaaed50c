#!/usr/bin/env python3
"""One part of the campaign: three workers against real Kafka, real Redis and the sandbox, under one
kind of fault while events flow; then counting.

    tests/campaign/system.py kill-9 --count 40 [--seed N] [--worker COMMAND] [--folder DIR]

Exit 0: all but `unknown` is 0. The folder keeps logs and settings, without Kafka's data.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Callable

import arena as arenas  # first: it finds tests/e2e
import harness
import link_faults
import load as loads
import reply_checker
import sandbox_client
import server_faults
import stores
import worker_faults
from counting import Count

USHER = harness.RELEASE
WORKERS = 3


@dataclass
class Part:
    """`faults(run)` does run.count of them while events flow; `check(run)` looks at more than the
    counts, when all is over."""
    faults: Callable
    rate: int = 150  # events a second
    store: str = "always"
    store_forgets: bool = False
    grants_all: bool = True  # the sandbox grants twice whatever is posted twice
    unknown_allowed: bool = True
    latency_ms: int = 20  # of Graph, so that there is always something under way
    links: tuple = ()
    settings: dict = field(default_factory=dict)
    check: Callable = None

    @property
    def shares(self):
        if self.store_forgets:
            return loads.FORGETFUL_SHARES
        return loads.GRANTS_ALL_SHARES if self.grants_all else loads.events.SHARES


PARTS = {
    "kill-9": Part(worker_faults.kill_9),
    "sigterm": Part(worker_faults.sigterm, grants_all=False, unknown_allowed=False),
    "membership": Part(worker_faults.membership, grants_all=False),
    "freeze": Part(worker_faults.freeze, links=("graph",), check=worker_faults.check_zombies),
    "hung": Part(worker_faults.hung),
    "broker": Part(server_faults.broker),
    "redis-refuses": Part(server_faults.redis_refuses),
    "redis-failover": Part(server_faults.failover, store="pair", store_forgets=True),
    "redis-flushall": Part(server_faults.flushall, store_forgets=True),
    "links": Part(link_faults.links, links=link_faults.SIDES, settings=link_faults.SETTINGS),
}
for kind, store in stores.KEEPING.items():
    PARTS["redis-" + kind] = Part(server_faults.redis_kill, store=kind,
                                  store_forgets=store.forgetful)


class Run:
    """A part under way. The same seed: the same events, and the same faults in the same order."""

    def __init__(self, part, options, kafka):
        self.part, self.count, self.kafka = part, options.count, kafka
        self.random, self.patience_s = random.Random(options.seed), options.patience
        self.arena = arenas.Arena(options.folder, kafka, options.name, options.worker, part)
        self.load = None
        try:
            self.members = [self.arena.member(i + 1) for i in range(WORKERS)]
            made = loads.make(loads.MADE_MOST, options.seed, self.arena, part.shares)
            self.load = loads.Load(self.arena, made, options.rate or part.rate)
        except BaseException:
            self.close()
            raise

    def pick(self):
        return self.random.choice(self.members)

    def pause(self, least, most):
        self.arena.pause(self.random.uniform(least, most))

    def wait_begun(self, seconds=60):
        """Until each partition has a commit that came after an answer of Redis'. What Redis forgets
        before, nobody can know: deploy/README.md promises nothing there. A refusal asks no Redis,
        so that one of those is not enough."""
        self.arena.wait("all partitions have granted something", lambda: (
            len(self.load.granting) == self.arena.partitions), seconds)

    def wait_flow(self, seconds=60):
        """Until each partition has answered something new."""
        seen = len(self.load.arrivals)
        self.arena.wait("all partitions answer", lambda: self.arena.partitions == len(
            {partition for _, partition in self.load.arrivals[seen:]}), seconds)

    def wait_answers(self):
        """Until each event has its reply, or nothing new has come for a long time."""
        self.load.stop()
        self.arena.thaw_all()
        best, since = -1, time.monotonic()
        while len(self.load.arrived) < self.load.sent:
            self.arena.pause(0.1)
            if len(self.load.arrived) > best:
                best, since = len(self.load.arrived), time.monotonic()
            if time.monotonic() - since > self.patience_s:
                break

    def finish(self):
        """All answered, offsets committed, workers gone with 0: then counts."""
        self.wait_answers()
        self.arena.wait_committed()
        for member in self.arena.workers:
            self.arena.terminate(member)
        if self.part.check:
            self.part.check(self)
        self.audit()
        return Count(self.arena, self.load)

    def audit(self):
        """usher's own opinion; of any worker's topics."""
        if " audit " not in subprocess.run([USHER, "help"], capture_output=True, text=True,
                                           check=True).stdout:
            return
        found = subprocess.run([USHER, "audit", "-c", self.members[0].file], timeout=120,
                               capture_output=True, text=True, check=False)
        if found.returncode != 0:
            self.arena.problem(f"usher audit: exit {found.returncode}: "
                               f"{(found.stdout + found.stderr)[-2000:]}")

    def close(self):
        if self.load:
            self.load.close()
        self.arena.close()


def run_part(options):
    part = PARTS[options.name]
    kafka = arenas.Kafka(os.path.join(options.folder, "kafka"), "broker" in part.links)
    run = None
    try:
        run = Run(part, options, kafka.start())
        run.wait_begun()
        began = time.monotonic()
        try:
            part.faults(run)
        except AssertionError as error:  # what was waited for has not come: no more faults
            run.arena.problem(str(error))
        print(f"{len(run.arena.faults)} faults in {time.monotonic() - began:.0f} s", flush=True)
        return run.finish()
    finally:
        if run:
            run.close()
        kafka.close()
        shutil.rmtree(os.path.join(options.folder, "kafka", "data"), ignore_errors=True)


def show(count):
    for event in count.unknown[:20]:
        print(f"unknown: {event.group} at {event.place}: "
              f"{(count.answers[event.place].get('error') or {}).get('message')}; "
              f"{len(count.faults_of(event))} faults in its life")
    for seconds, fault, partition in count.recovery()[-3:]:
        print(f"slowest: {seconds:.1f} s after {fault} at {fault.ended:.3f}, partition {partition}")
    for entry in count.second_posts[:5]:
        print("posted again:", count.story(entry["justification"]))
    for problem in count.problems[:25]:
        print("PROBLEM", problem)
    if len(count.problems) > 25:
        print(f"… and {len(count.problems) - 25} more")
    print("FIGURE", count.text(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("name", choices=sorted(PARTS))
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", default=harness.RELEASE, help="called as COMMAND run -c FILE")
    parser.add_argument("--folder", help="default: build/campaign/NAME")
    parser.add_argument("--rate", type=int, help="events a second; each part has its own")
    parser.add_argument("--patience", type=int, default=60,
                        help="seconds without a new reply after which the rest is lost")
    options = parser.parse_args()
    options.folder = os.path.abspath(options.folder or f"build/campaign/{options.name}")
    shutil.rmtree(options.folder, ignore_errors=True)
    os.makedirs(options.folder)
    sandbox_client.PROGRAM = os.path.join(os.path.dirname(harness.RELEASE), "usher-sandbox")
    reply_checker.ReplyChecker.schema_share = 20
    count = run_part(options)
    show(count)
    sys.exit(1 if count.problems else 0)


if __name__ == "__main__":
    main()
