"""What became of the events of a part: the counts of tests/e2e/checker.py, and what is due besides
where things break.

Some things are honest here that are none in a quiet world, and are asked for their reason:
`unknown` (something was cut or killed while the event was under way), `failed` with code
`crashLoop` (three crashes in its life), and `existing` where a look-up cannot say more. And on a
bad link to Graph, `submitted` without `graph`: the status came, the body did not.
"""
import bisect
import collections
import datetime

import checker
from reply_checker import reply_data

CRASH_LOOP = 3  # so many owners gone; frozen ones, and those without Redis, look no other
EARLY_S = 10  # a fault so long before an event may still be felt by it: time-outs, leases


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Count:
    def __init__(self, arena, load):
        self.arena, self.load = arena, load
        self.problems = list(arena.problems) + load.errors
        self.events = load.place()
        self.world = checker.World(
            arena.topics.read(arena.requests),
            arena.topics.read(arena.replies) + arena.topics.read(arena.other),
            arena.topics.read(arena.dead), arena.sandbox.ledger(),
            arena.topics.committed(arena.group, arena.requests), arena.group)
        self.answers = {}
        for reply in self.world.replies:
            data = reply_data(reply)
            origin = (data or {}).get("origin")
            if origin:
                self.answers.setdefault((origin["partition"], origin["offset"]), data)
        self.unknown, self.crash_loops, self.failed = [], [], 0
        for event in self.events:
            self.allow(event)
        self.split_groups()
        self.report = checker.check(self.events, self.world)
        unread = self.unread()
        self.problems += [text for text in self.report.problems if text not in unread]
        self.count_posts()

    # ---- what is honest under faults ---------------------------------------------------------

    def allow(self, event):
        data = self.answers.get(event.place) or {}
        outcome, error = data.get("outcome"), data.get("error") or {}
        if event.posts and self.arena.part.store_forgets:
            event.outcome += "|existing"
        if not event.good or outcome not in ("failed", "unknown"):
            return
        if error.get("code") == "crashLoop":
            self.crash_loops.append(event)
            self.failed += outcome == "failed"
            if len(self.faults_of(event)) >= CRASH_LOOP:
                event.outcome += "|" + outcome
                event.code = None
        if outcome == "unknown" and not data.get("duplicate"):
            self.unknown.append(event)
        if outcome == "unknown" and event.posts and self.arena.part.unknown_allowed:
            event.outcome += "|unknown"
            if not self.faults_of(event):
                self.problems.append(f"event {event.group} is unknown, and nothing was broken")

    def faults_of(self, event):
        """Those of the event's life, from its sending to its answer."""
        until = self.load.arrived.get(event.place, float("inf"))
        return [fault for fault in self.arena.faults
                if fault.began < until and (fault.ended or until) > event.sent - EARLY_S]

    def unread(self):
        """What the checker says of Graph's answers that were cut after their status: `submitted`
        without `graph` is honest then."""
        return {f"reply of {event.group} at {event.place}: has no graph.id"
                for event in self.events
                if "graph" not in self.answers.get(event.place, {})
                and any(fault.kind.startswith("graph ") for fault in self.faults_of(event))}

    def split_groups(self):
        """After `failed` the same event is worked on anew; or another body under its id is, and
        then the first body is the one that is refused."""
        failed = set()
        for event in self.events:
            if event.good and self.answer(event)[0] == "failed":
                failed.add(event.request_id)
                event.group = f"{event.group} failed at {event.place}"
        for event in self.events:
            if not event.good or event.request_id not in failed:
                continue
            if event.code == "idConflict":
                event.outcome, event.code, event.posts = "rejected|submitted|existing", None, 1
            elif self.answer(event) == ("rejected", "idConflict"):
                event.outcome += "|rejected"
                event.group = f"{event.group} refused at {event.place}"

    def answer(self, event):
        """(outcome, code of the error)"""
        data = self.answers.get(event.place) or {}
        return data.get("outcome"), (data.get("error") or {}).get("code")

    # ---- figures -----------------------------------------------------------------------------

    def count_posts(self):
        """Real requests after one of the same event that was applied, whatever came of them."""
        applied, self.granted_twice = collections.Counter(), 0
        self.second_posts = []  # ledger entries
        for entry in self.world.ledger:
            if entry["op"] != "submit":
                continue
            tag = entry.get("justification")
            if applied[tag]:
                self.second_posts.append(entry)
            self.granted_twice += applied[tag] > 0 and bool(entry["applied"])
            applied[tag] += bool(entry["applied"])
        if self.second_posts:
            self.problems.append(f"{len(self.second_posts)} real requests were sent after one of "
                                 f"the same event that was applied")

    def story(self, tag):
        """All POSTs about an event, and what was done to whom between them."""
        places = [f"{event.place}" for event in self.events if event.tag == tag]
        lines = [(entry["time"], f"{entry['op']} {entry.get('status')} "
                                 f"{'applied' if entry['applied'] else ''}")
                 for entry in self.world.ledger if entry.get("justification") == tag]
        times = [seconds_of(time) for time, _ in lines]
        lines = [(seconds_of(time), what) for time, what in lines]
        lines += [(fault.began, str(fault)) for fault in self.arena.faults
                  if min(times) - EARLY_S < fault.began < max(times)]
        return f"{tag} at {', '.join(places)}: " + "; ".join(
            f"{when:.3f} {what}" for when, what in sorted(lines))

    def recovery(self):
        """[(seconds, fault, partition)]: from a fault's end until every partition has answered
        again, and which was the last. Slowest last."""
        times = collections.defaultdict(list)
        for when, partition in self.load.arrivals:
            times[partition].append(when)
        found = []
        for fault in self.arena.faults:
            after = fault.ended or fault.began
            nexts = [(arrived[i] - after, partition) for partition, arrived in times.items()
                     if (i := bisect.bisect(arrived, after)) < len(arrived)]
            if len(nexts) == len(times):
                found.append((max(nexts)[0], fault, max(nexts)[1]))
        return sorted(found, key=lambda row: row[0])

    def silence(self):
        whens = [when for when, _ in self.load.arrivals]
        return max((b - a for a, b in zip(whens, whens[1:])), default=0)

    def text(self):
        recovery = [seconds for seconds, *_ in self.recovery()] or [0]
        waits = sorted(when - event.sent for event in self.events
                       if (when := self.load.arrived.get(event.place)))
        waits = waits or [0]
        left = collections.Counter(self.arena.left)
        loops = len(self.crash_loops)
        more = f", crash loops {loops} ({self.failed} failed)" if loops else ""
        more += f", left by themselves {dict(left)}" if left else ""
        return (f"events {len(self.events)}, lost {self.report.unanswered}, "
                f"answered twice {self.report.twice}, granted twice {self.granted_twice}, "
                f"unknown {len(self.unknown)}{more}; "
                f"recovery p50 {recovery[len(recovery) // 2]:.1f} s max {recovery[-1]:.1f} s, "
                f"longest silence {self.silence():.1f} s, "
                f"answer p50 {waits[len(waits) // 2]:.2f} s max {waits[-1]:.1f} s")
