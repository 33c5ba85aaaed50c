#!/usr/bin/env python3
"""Lets each allocation of ours fail, and counts. tests/allocations/run builds it and starts this.

Some scenes are loops inside one process (allocation_loops); the others are the program, under a
supervisor that starts it again. A site fails once in a scene, so each scene comes to its end.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

import actions_client  # noqa: E402
import audit  # noqa: E402
import certificates  # noqa: E402
import collector  # noqa: E402
import doctor_scene  # noqa: E402
import events  # noqa: E402
import harness  # noqa: E402
import processes  # noqa: E402
import sandbox_client  # noqa: E402
from reply_checker import ReplyChecker, reply_data  # noqa: E402

SHARES = [("submitted", 70), ("validated", 4), ("expired", 3), ("conflict", 3), ("bad", 8)]
ReplyChecker.traced = True
GRANTS_ALL = {"match": {"op": "any"}, "action": {"no_duplicate_rejection": True}}
REFUSAL = {"code": 400, "body": "graph", "error": "InvalidModel"}
SANITIZER_EXIT = 99
# What a failed allocation may end with: abort(), or an exit that says why.
CLEAN = (-6, 69, 70, 75, 77, 78)
# Without a look for leaks: what is not freed at an end by error is the system's.
ENVIRONMENT = {"ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_leaks=0",
               "UBSAN_OPTIONS": "print_stacktrace=1"}
BROKER = {"group.min.session.timeout.ms": 500, "log.cleaner.enable": "false",
          "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200}


def lines(path):
    return pathlib.Path(path).read_text("utf-8").splitlines() if os.path.exists(path) else []


class Scene:
    """What it reached, and how that was lived with."""

    def __init__(self, name, folder, only=None):
        self.name, self.only = name, only
        self.hits_file = os.path.join(folder, name.replace(" ", "-") + ".hits")
        self.ends, self.problems, self.seen = [], [], 0
        self.counts, self.began = "", time.monotonic()

    def environment(self):
        only = {"USHER_ALLOC_ONLY": self.only} if self.only else {}
        return {**ENVIRONMENT, "USHER_ALLOC_HITS": self.hits_file, **only}

    def hits(self):
        return sorted(set(lines(self.hits_file)))

    def note_end(self, code, tail):
        """A process has ended; the site that failed last is why."""
        reason = lines(self.hits_file)[-1:] or ["nothing"]
        fresh = len(lines(self.hits_file)) - self.seen
        self.seen += fresh
        self.ends.append((code, reason[0]))
        if fresh == 0:
            self.problems.append(f"ended with {code}, and no allocation had failed:\n{tail}")
        elif code not in CLEAN:
            self.problems.append(f"{reason[0]}: ended with {code}:\n{tail}")
        elif code != -6 and not tail.strip():
            self.problems.append(f"{reason[0]}: ended with {code} and did not say why")

    def print(self):
        died = sum(code == -6 for code, _ in self.ends)
        how = (f"{len(self.hits()) - len(self.ends)} lived with, {died} ended by assert, "
               f"{len(self.ends) - died} by an exit that says why; {self.counts}")
        print(f"{'BAD' if self.problems else 'ok':3} {self.name:11} {len(self.hits()):3} sites: "
              f"{'see above; ' if self.name == 'loops' else how}"
              f"{time.monotonic() - self.began:.0f} s", flush=True)
        for problem in self.problems[:8]:
            print("      " + problem[:3000], flush=True)


# ---- loops in one process ------------------------------------------------------------------------


def play_loops(scene, options):
    program = os.path.join(os.path.dirname(harness.BIN), "allocation_loops")
    found = subprocess.run(
        [program, *options.loop], capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, **scene.environment(),
             "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_leaks=1"})
    print(found.stdout + found.stderr, end="", flush=True)
    if found.returncode != 0:
        scene.problems.append(f"allocation_loops ended with {found.returncode}")


# ---- the worker under a supervisor ---------------------------------------------------------------


class World(harness.World):
    def base_settings(self):
        pathlib.Path(self.folder, "id").write_text("by-file", "utf-8")
        return harness.merged(super().base_settings(), {
            "kafka": {"librdkafka_files": {"client.id": os.path.join(self.folder, "id")},
                      "librdkafka": {"session.timeout.ms": "3000", "heartbeat.interval.ms": "200"}},
            "redis": {"lease": "4s"}, "limits": {"requests": 100}, "drain": "5s",
            "traces": collector.settings(self.folder),
            "graph": {"timeout": "1500ms", "settle": "1s", "retry_attempts": 8}})


class Play:
    """A worker whose allocations fail, and events for it."""

    settings = {}

    def __init__(self, scene, kafka, folder, seed):
        self.scene = scene
        name = scene.name.replace(" ", "-")
        self.world = World(folder, kafka, name, self.sandbox_options(folder), self.settings)
        self.world.topics.create([f"{name}-statuses"], 1)
        self.world.sandbox.faults(GRANTS_ALL)
        self.follower = self.world.follow()
        self.made = events.mixture(120, seed, self.world.name, SHARES, [self.world.other])
        self.sent = 0
        self.worker = self.world.worker("w1", scene.environment())

    def sandbox_options(self, _folder):
        return ()

    def tend(self):
        code = self.worker.process.poll()
        if code is None:
            return
        self.scene.note_end(code, self.worker.tail(8))
        time.sleep(0.05)
        self.worker.start()

    def send(self, count):
        batch = self.made[self.sent:self.sent + count]
        self.world.send(batch)
        self.sent += len(batch)

    def wait_answers(self, seconds=60):
        self.follower.wait_for(self.sent, seconds, self.tend)

    def wait_quiet(self, seconds=3):
        """Until it has been up for so long without another failure."""
        quiet_since, known = time.monotonic(), -1
        while time.monotonic() - quiet_since < seconds:
            self.tend()
            if len(lines(self.scene.hits_file)) != known:
                quiet_since, known = time.monotonic(), len(lines(self.scene.hits_file))
            time.sleep(0.05)

    def play(self):
        self.wait_quiet()
        self.send_singly()
        while self.sent < len(self.made):
            more = [f"{self.world.name}-statuses"] * (self.sent % 40 // 20)
            self.worker.reload(kafka={"reply_topics_allowed": [self.world.other, *more]})
            self.send(20)
            self.wait_answers()

    def send_singly(self):
        """So that few are at work in three crashes: those are given up."""
        for _ in range(30):
            self.send(1)
            self.wait_answers()

    def loosen(self):
        """Three crashes over one event, and it is given up: no fault of this test. What was broken
        off and cannot be looked up is unknown; what was at work in one may be there already."""
        for event in events.after_crash(self.made):
            event.outcome += "" if event.outcome == "rejected" and not event.good else \
                "|failed|unknown"
            event.code = None

    def check(self):
        self.loosen()
        report = self.world.check(self.made)
        self.scene.problems += report.problems
        applied = {entry["justification"] for entry in self.world.sandbox.ledger()
                   if entry["op"] == "submit" and entry["applied"]}
        tags = {event.place: event.tag for event in self.made if event.posts}
        given_up = 0
        for reply in self.follower.records:
            data = reply_data(reply)
            place = data["origin"]["partition"], data["origin"]["offset"]
            if data["outcome"] == "failed" and tags.get(place) in applied:
                self.scene.problems.append(f"{tags[place]} is called failed, and was applied")
            code = (data.get("error") or {}).get("code")
            given_up += code == "crashLoop"
            if data["outcome"] == "failed" and code != "crashLoop":
                self.scene.problems.append(f"{tags.get(place)} failed: {data['error']}")
        self.scene.counts = (f"{report.line()}, unknown {report.outcomes['unknown']}, given up "
                             f"after three crashes {given_up}; ")

    def run(self):
        try:
            self.play()
            self.check()
            code = self.worker.stop()
            if code != 0:
                self.scene.problems.append(f"after SIGTERM: {code}\n{self.worker.tail(5)}")
        except AssertionError as error:
            self.scene.problems.append(str(error))
        finally:
            self.world.close()


class Trouble(Play):
    """Lost answers, refusals with details, tokens that end, Redis away, two workers, actions."""

    settings = {"graph": {"in_flight": 16}, "admin": actions_client.settings()}
    rules = [
        {"match": {"op": "submit", "times": -1, "probability": 0.3},
         "action": {"close_after_apply": True}},
        {"match": {"op": "submit", "times": 4}, "action": {"hang_after_apply": True}},
        {"match": {"op": "dry_run", "times": 4, "after": 5},
         "action": {"throttle": {"retryAfter": 1}}},
        {"match": {"op": "look", "times": -1, "probability": 0.3}, "action": {"latency_ms": 100}}]

    def tend(self):
        super().tend()
        actions_client.poke(self.worker, self.settings["admin"])

    def play(self):
        self.wait_quiet()
        self.send_singly()
        self.world.sandbox.faults(*self.rules)
        steps = [lambda: None, lambda: self.world.sandbox.call("DELETE", "/sandbox/tokens"),
                 self.bounce_redis, self.share]
        while self.sent < len(self.made):
            self.send(30)
            steps[(self.sent // 30 - 1) % len(steps)]()
            self.wait_answers(90)

    def bounce_redis(self):
        time.sleep(0.2)
        self.world.redis.kill()
        time.sleep(0.5)
        self.world.redis.start()

    def share(self):
        other = self.world.worker("w2", admin={"actions_listen": ""})
        time.sleep(4)
        other.stop()


class Plain(Play):
    """The other ways to deliver and to sign in, and what follows."""

    settings = {"kafka": {"delivery": "at-least-once", "status_topic": "plain-statuses"},
                "follow": {"enabled": True, "looks_per_second": 100},
                "graph": {"auth": "token", "token": "T", "client_secret_file": ""}}

    def check(self):
        """A crash may repeat a reply there, and nothing else."""
        super().check()
        twice = [p for p in self.scene.problems if " has 2 replies" in p or " has 3 replies" in p
                 or "dead letters, not" in p or "out of order" in p]
        self.scene.problems = [p for p in self.scene.problems if p not in twice]


class Certificate(Play):
    """Signs in with a certificate; Graph wants a token with other claims than the one it has."""

    def sandbox_options(self, folder):
        authority = certificates.Authority(folder, "ours")
        self.settings = {"graph": {
            "auth": "certificate", "certificate_file": authority.file,
            "private_key_file": authority.key, "client_secret_file": ""}}
        return ("--tenant", "e2e", "--client-id", "e2e-client", "--client-certificate-file",
                authority.file)

    def play(self):
        self.wait_quiet()
        self.send_singly()
        for value in range(3):
            self.world.sandbox.settings(claims='{"access_token":{"acrs":{"value":"c%d"}}}' % value)
            self.send(30)
            self.wait_answers()


# ---- commands ------------------------------------------------------------------------------------


def repeat(scene, command, is_honest):
    """Runs a command until nothing fails in it any more; each time it is done or says why not."""
    while True:
        before = len(lines(scene.hits_file))
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                               env={**os.environ, **scene.environment()})
        failed = len(lines(scene.hits_file)) > before
        if failed and found.returncode not in (0, 1):
            scene.note_end(found.returncode, found.stdout + found.stderr)
        elif not is_honest(found, failed):
            scene.problems.append(f"exit {found.returncode}: {found.stdout}{found.stderr}")
        if not failed:
            return


def play_demo(scene):
    repeat(scene, [harness.BIN, "demo", "--events", "40"], lambda found, failed:
           found.returncode == 0 or failed and found.stderr != "")


def play_audit(scene, kafka, folder):
    world = World(folder, kafka, "audit", (), {})
    try:
        world.worker().wait_ready()
        world.send(events.mixture(40, 5, world.name, SHARES))
        world.wait_answers(40)
        world.wait_committed()
        repeat(scene, [harness.BIN, "audit", "-c", audit.settings_file(world, None)],
               lambda found, failed: found.returncode == 0)
    finally:
        world.close()


# ---- all of them ---------------------------------------------------------------------------------


def sites():
    found = subprocess.run([harness.BIN], env={**os.environ, "USHER_ALLOC_SITES": "1"}, check=True,
                           capture_output=True, text=True)
    return sorted(set(found.stdout.splitlines()))


PLAYS = {"work": Play, "trouble": Trouble, "plain": Plain, "certificate": Certificate}
NAMES = ["loops", *PLAYS, "demo", "audit", "doctor"]


def play_one(name, kafka, folder, options):
    scene = Scene(name, folder, name if name in ("demo", "audit") else None)
    if name == "loops":
        play_loops(scene, options)
    elif name == "demo":
        play_demo(scene)
    elif name == "audit":
        play_audit(scene, kafka, folder)
    elif name == "doctor":
        settings = doctor_scene.settings_of(folder)
        doctor_scene.play(scene, World(folder, kafka, "doctor", (), settings), repeat)
    else:
        PLAYS[name](scene, kafka, folder, NAMES.index(name)).run()
    scene.print()
    return scene


def conclude(scenes, folder, complete):
    all_sites = sites()
    hit = {site for scene in scenes for site in scene.hits()}
    unhit = [site for site in all_sites if site not in hit]
    bad = any(scene.problems for scene in scenes) or complete and unhit
    print("".join(f"never reached: {site}\n" for site in unhit if complete), end="")
    print(f"FIGURE allocations: {len(all_sites) - len(unhit)} of {len(all_sites)} sites failed, in "
          f"{len(scenes)} runs; {sum(len(s.ends) for s in scenes)} clean ends, "
          f"{sum(len(s.problems) for s in scenes)} problems")
    if bad:
        sys.exit(f"logs are kept in {folder}")
    shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--ci", action="store_true", help="the same: it is short")
    parser.add_argument("--loop", action="append", default=[], help="of the loops, this one only")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(NAMES))
    options = parser.parse_args()
    names = options.scenes or NAMES
    for name in set(names) - set(NAMES):
        sys.exit(f"there is no scene {name}: {', '.join(NAMES)}")
    sandbox_client.PROGRAM = os.path.join(os.path.dirname(harness.BIN), "usher-sandbox")
    folder = tempfile.mkdtemp(prefix="usher-allocations-")
    kafka = harness.Kafka(processes.free_port(), 4, directory=os.path.join(folder, "kafka"),
                          settings=BROKER).start()
    try:
        scenes = [play_one(name, kafka, folder, options) for name in names]
    finally:
        kafka.close()
    conclude(scenes, folder, not options.scenes)


if __name__ == "__main__":
    main()
