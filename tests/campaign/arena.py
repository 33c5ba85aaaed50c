"""What a part runs in: Kafka, a Redis, the sandbox, and workers, started again when they end.

A worker is any command that keeps to the README of this folder; its admin port is never asked.
"""
import os
import shlex
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

import harness  # noqa: E402
import processes  # noqa: E402
import stores  # noqa: E402
from link import Links  # noqa: E402

processes.PORTS = range(11000, 19900)  # not where the tests look for theirs
DRAIN_S = 10
LEAVES = (69, 70, 75)  # exit codes that mean "start me again"
SETTINGS = {
    # What a broker may take for itself while it is being killed: seconds, not minutes.
    "group.min.session.timeout.ms": 1000,
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
}
SESSION_MS, POLL_MS, LEASE_S, SETTLE_S = 4000, 5000, 5, 2
MEMBERS_MOST = 6
GRANT_ALL = {"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}}


class Kafka(harness.Kafka):
    """One broker; with `linked` each worker reaches it by a listener, and a link, of its own."""

    def __init__(self, directory, linked):
        super().__init__(processes.free_port(), Arena.partitions, directory=directory,
                         settings=dict(SETTINGS))
        self.links = None
        if linked:
            names = [f"L{number}" for number in range(MEMBERS_MOST)]
            ports = [processes.free_port() for _ in names]
            self.links = Links([f"127.0.0.1:{port}" for port in ports])
            here = f"PLAINTEXT://{self.brokers}"
            inner = [here, f"CONTROLLER://127.0.0.1:{self.controller_port}"]
            self.settings |= {
                "listeners": listeners(names, ports, inner),
                "advertised.listeners": listeners(names, self.links.ports, [here]),
                "listener.security.protocol.map": ",".join(
                    f"{name}:PLAINTEXT" for name in ["PLAINTEXT", "CONTROLLER", *names])}

    def close(self):
        super().close()
        if self.links:
            self.links.close()


def listeners(names, ports, more):
    return ",".join([*more, *(f"{n}://127.0.0.1:{p}" for n, p in zip(names, ports))])


class Member(harness.Worker):
    """One worker: a name that stays, whatever becomes of its processes."""

    def start(self):
        self.process = stores.spawn([*shlex.split(self.program), "run", "-c", self.file], self.log)
        self.frozen = False

    def freeze(self):
        self.signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        self.signal(signal.SIGCONT)
        self.frozen = False


class Fault:
    """What was done to whom, and when it began and was over (time.time())."""

    def __init__(self, kind, target):
        self.kind, self.target = kind, target
        self.began, self.ended = time.time(), None

    def end(self):
        self.ended = time.time()
        return self

    def __str__(self):
        return f"{self.kind} {self.target}".strip()


class Arena(harness.World):
    partitions = 6

    def __init__(self, folder, kafka, name, command, part):
        self.command, self.part = command, part
        self.faults, self.left, self.problems = [], [], []
        self.links = {"broker": kafka.links} if kafka.links else {}
        super().__init__(folder, kafka, name, (), part.settings)
        self.sandbox.settings(latency_ms=part.latency_ms)
        if part.grants_all:
            self.sandbox.faults(GRANT_ALL)
        self.watched = os.path.join(self.folder, "posts")
        for side, port in (("redis", self.redis.port), ("graph", self.sandbox.port)):
            if side in part.links:
                self.links[side] = Links([f"127.0.0.1:{port}"] * MEMBERS_MOST,
                                         self.watched if side == "graph" else None)

    def make_redis(self):
        return stores.KINDS[self.part.store](self.folder)

    def base_settings(self):
        return harness.merged(super().base_settings(), {
            "kafka": {"librdkafka": {"session.timeout.ms": str(SESSION_MS),
                                     "heartbeat.interval.ms": "1000",
                                     "max.poll.interval.ms": str(POLL_MS)}},
            "redis": {"lease": f"{LEASE_S}s"},
            "graph": {"timeout": "2s", "settle": f"{SETTLE_S}s"},
            "limits": {"requests": 100}, "drain": f"{DRAIN_S}s"})

    def linked_settings(self, number):
        """Where the worker of that number finds the others, by its own links."""
        def at(side):
            return f"127.0.0.1:{self.links[side].ports[number]}"
        settings = {}
        if "broker" in self.links:
            settings["kafka"] = {"brokers": at("broker")}
        if "redis" in self.links:
            settings["redis"] = {"url": f"redis://{at('redis')}/0"}
        if "graph" in self.links:
            settings["graph"] = {"base_url": f"http://{at('graph')}/beta",
                                 "authority_host": f"http://{at('graph')}"}
        return settings

    def member(self, number):
        """Worker w1 to w6. It is started again when it ends, until it retires."""
        settings = harness.merged(self.settings, self.linked_settings(number - 1))
        member = Member(self.folder, settings, f"w{number}", None, self.command)
        self.workers.append(member)
        return member

    def retire(self, member):
        self.terminate(member)
        self.workers.remove(member)

    def problem(self, text):
        self.problems.append(text)
        print("PROBLEM", text, flush=True)

    # ---- faults ------------------------------------------------------------------------------

    def begin(self, kind, target=""):
        fault = Fault(kind, target)
        self.faults.append(fault)
        return fault

    def kill(self, member):
        """kill -9, and started again at once under the same name."""
        fault = self.begin("kill -9", member.name)
        member.kill()
        member.start()
        return fault.end()

    def terminate(self, member):
        """SIGTERM: it has to leave by itself with 0, within its drain time and a second or two."""
        member.signal(signal.SIGTERM)
        try:
            code = member.process.wait(DRAIN_S + 5)
        except Exception:  # pylint: disable=broad-except
            self.problem(f"{member.name} is still there {DRAIN_S + 5} s after SIGTERM")
            member.kill()
            return
        if code != 0:
            self.problem(f"{member.name} left with {code} after SIGTERM: {member.tail(3)}")

    def tend(self):
        """Starts again who has ended by itself, as a supervisor would."""
        for member in self.workers:
            code = member.process.poll()
            if code is None:
                continue
            self.left.append(code)
            print(f"{member.name} ended by itself with {code}: {member.tail(1).strip()[:300]}",
                  flush=True)
            if code not in LEAVES:
                self.problem(f"{member.name} ended by itself with {code}:\n{member.tail(5)}")
                time.sleep(0.5)  # not as fast as it can, when it never comes up
            self.begin(f"exit {code}", member.name).end()
            member.start()

    def pause(self, seconds):
        """Lets events flow: the distance between two faults."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(min(0.05, max(0, end - time.monotonic())))

    def wait(self, what, condition, seconds):
        def tended():
            self.tend()
            return condition()
        processes.wait_until(what, tended, seconds, 0.05)

    def thaw_all(self):
        for member in self.workers:
            if member.frozen:
                member.thaw()

    def close(self):
        self.thaw_all()
        super().close()
        for side in ("redis", "graph"):
            if side in self.links:
                self.links[side].close()
