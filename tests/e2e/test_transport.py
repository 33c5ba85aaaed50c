#!/usr/bin/env python3
"""Faults of the transport, for each of the three calls: connections that end at any point, lengths
and chunks that lie, floods, bombs, HTTP/2 that is none. The class of each is what guarantees.md
says, and nothing is granted twice.

usage: test_transport.py [--full]    --full: five rounds, and each fault for ever too
"""
import concurrent.futures
import os
import random
import sys
import time

import certificates
import harness
import rude_http1
import rude_http2
from rude_graph import REFUSAL, Answer, Barrier, Fault, error_body
from rude_lane import HONEST, MANY, Case, Lane, lost

FULL = "--full" in sys.argv
LANES = 3  # workers that play the faults of whole connections
GROWTH_MOST = 64 << 20  # I12: 256 KiB of a body for each call under way, and some air
PLAYED_AGAIN_MOST = 2  # times: on one shared connection a case may be hit by another once more

# How far the answer comes, for each act of rude_http1.py and of rude_http2.py.
WHOLE = "answer chunked until_close hints_first byte_by_byte two_answers trailers".split()
UNREADABLE = """length_too_short hex_length gzip_bomb deflate_bomb body_of_100_mb
                endless_chunks""".split()
CUT = """cut_header cut_header_reset cut_body cut_body_reset cut_chunk no_last_chunk hang_in_body
         length_too_long body_byte_a_second bad_length negative_length two_lengths bad_chunk
         absurd_chunk negative_chunk flood_of_headers huge_header reset_in_body
         length_of_less length_of_more""".split()
LOST = """close reset cut_status hang byte_a_second garbage other_protocol no_head wrong_version
          bad_status flood_of_1xx switching_protocols reset_refused_stream reset_internal_error
          reset_cancel reset_no_error reset_enhance_your_calm reset_http_1_1_required
          no_status""".split()
SHORT = "length_too_short hex_length gzip_bomb deflate_bomb".split()  # enough to be read
SLOW = """hang hang_in_body length_too_long byte_a_second body_byte_a_second two_lengths
          switching_protocols""".split()  # until graph.timeout
# Nothing has come back: on a kept connection curl itself sends again what has no effect.
SENT_AGAIN = "close reset cut_status reset_refused_stream".split()
# Of the whole connection: the calls beside it are hurt too.
SHARED = """close abort goaway_after goaway_not_this_one goaway_none flood_of_settings
            flood_of_pings headers_without_end bad_compression frame_too_large data_before_headers
            push_promise garbage zero_window_update flood_of_1xx""".split()
AFTERWARDS = "close_after_answer second_answer_later".split()  # hurt who comes next
REFUSED = Answer(400, [("Content-Type", "application/json")], error_body())


def far_of(act):
    return next(far for far, acts in (("whole", WHOLE), ("unreadable", UNREADABLE), ("cut", CUT),
                                      ("lost", LOST)) if act in acts)


def cases_of(act):
    """An answer that is cut says 2xx: it was applied. Otherwise it may have happened."""
    far = far_of(act)
    submits = {"stage": "submit", "name": f"submit {act}"}
    dry_runs = {"stage": "dry_run", "name": f"dry_run {act}"}
    looks = {"stage": "look", "name": f"look {act}"}
    refused = Fault("submit", act, answer=REFUSED)
    yield Case(faults=[Fault("submit", act, apply=True)], outcome="submitted",
               attempts=(1, 1, 2 if far == "lost" else 0),
               classes=["unknown" if far == "lost" else "ok"], **submits)
    if far == "whole":
        yield Case(faults=[Fault("dry_run", act, apply=True)], outcome="submitted",
                   attempts=(1, 1, 0), classes=["ok"], **dry_runs)
        yield Case(faults=[refused], outcome="rejected", attempts=(1, 1, 0), classes=["invalid"],
                   code=REFUSAL, granted=0, **submits)
        yield Case(faults=[lost(), Fault("look", act, apply=True)], outcome="submitted",
                   attempts=(1, 1, 2), classes=["ok"], **looks)
        return
    yield Case(faults=[refused], outcome="submitted", attempts=(2, 2, MANY),
               classes=["unknown", "ok"], **submits)
    yield Case(faults=[Fault("submit", act, apply=True, answer=REFUSED)], outcome="submitted",
               attempts=(1, 1, 2), classes=["unknown"], **submits)
    whole = REFUSED if far == "unreadable" else None  # else it is a case for the interlock
    counted = act not in SENT_AGAIN
    classes = ["failed", "ok"] if counted else None
    yield Case(faults=[Fault("dry_run", act, apply=True, answer=whole)], outcome="submitted",
               attempts=(2 if counted else None, 1, 0), classes=classes, **dry_runs)
    yield Case(faults=[lost(), Fault("look", act, apply=True)], outcome="submitted",
               attempts=(1, 1, 3 if counted else None), classes=classes, **looks)


def stubborn_cases(act):
    """It is always so: the answer says what was in the way."""
    far = far_of(act)
    if far == "whole" or (act in SLOW and act != "hang" and not FULL):
        return
    code = "timeout" if act in SLOW else "notGraph" if act in SHORT else "connectionLost"
    yield Case(f"dry_run {act} for ever", [Fault("dry_run", act, -1, answer=REFUSED)], "failed",
               (3, 0, 0), code, stage="dry_run", classes=["failed"] * 3, granted=0)
    yield Case(f"submit {act} for ever", [Fault("submit", act, -1, answer=REFUSED)], "unknown",
               (2, 2, MANY), code, stage="submit", classes=["unknown"] * 2, granted=0)
    yield Case(f"look {act} for ever", [lost(), Fault("look", act, -1, apply=True)], "unknown",
               (1, 1, 3), "unreadableAnswer" if far == "unreadable" else code, stage="look",
               classes=["failed"] * 3)


def interlock_cases(acts):
    """2xx, and the body of a dry run cannot be read: it may have been a grant."""
    barrier = Barrier(len(acts), 3)
    return [Case(f"dry_run 201 {act}", [Fault("dry_run", act, apply=True, barrier=barrier)],
                 "unknown", (1, 0, 0), "dryRunNotEchoed", 201, "dry_run", ["unsafe"], granted=0)
            for act in acts]


def shared_cases(act):
    """What breaks off others' calls too: each is asked for honesty, and no second grant."""
    for call in ("dry_run", "submit", "look"):
        for apply in (True, False) if call == "submit" else (True,):
            faults = [Fault(call, act, apply=apply)]
            yield Case(f"{call} {act}", ([lost()] if call == "look" else []) + faults,
                       HONEST, (None,) * 3, weak=True)
    yield Case(f"beside {act}", [], HONEST, (None,) * 3, weak=True)


def memory_of(worker):
    """(now, at most so far) in bytes."""
    with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as file:
        found = dict(line.split(":", 1) for line in file)
    return tuple(int(found[name].split()[0]) << 10 for name in ("VmRSS", "VmHWM"))


def is_locked(lane):
    return lane.world.name.startswith("interlock")


class TransportTest(harness.E2eCase):
    def setUp(self):
        self.authority = certificates.Authority(self.folder, "graph")
        self.tls = self.authority.sign("localhost"), self.authority.file
        rude_http1.bomb(31), rude_http1.bomb(15)  # takes seconds; not while the others wait

    def lane(self, name, *how, **more):
        """Its worker gives back what it frees, so that its memory says something."""
        lane = Lane(self, name, *how, **more)
        lane.environment = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                            ":quarantine_size_mb=8:thread_local_quarantine_size_kb=64"}
        return lane

    def started(self, lanes):
        for lane in lanes:
            lane.start()
        return lanes

    def finish(self, what, began, lanes, extra=""):
        """All answered: no case is wrong, nothing was granted twice, each worker stops well."""
        problems, most, said, again = [], 0, [], 0
        for lane in lanes:
            lane.wait(200)
            for _ in range(0 if is_locked(lane) else PLAYED_AGAIN_MOST):
                again += lane.play_again()
            growth = memory_of(lane.worker)[1] - lane.memory
            if growth > GROWTH_MOST:
                problems.append(f"{lane.world.name}: {growth >> 20} MiB more memory")
            found, most_here = lane.check()
            problems += [f"{lane.world.name}: {t}" for t in found + lane.report().problems]
            most = max(most, most_here)
            said.append(f"{len(lane.cases)} {lane.world.name} (+{growth >> 20} MiB)")
            self.assertEqual(76 if is_locked(lane) else 0, lane.worker.stop())
        harness.figure(f"e2e {what}", f"{extra}{', '.join(said)}; {len(problems)} wrong, {again} "
                       f"played again; most grants of one event {most}; "
                       f"{time.monotonic() - began:.0f} s")
        self.assertEqual([], problems, "\n" + "\n".join(problems))
        self.assertEqual(1, most)

    def warm_up(self, lanes):
        for lane in lanes:
            lane.warm_up()
            lane.memory = memory_of(lane.worker)[0]

    # ---- of one call -----------------------------------------------------------------------------

    def fault_lanes(self, seed):
        return self.started([self.lane(f"http1-{seed}"), self.lane(f"http2-{seed}", *self.tls),
                             self.lane(f"interlock-{seed}", graph={"timeout": "8s"})])

    def check_faults(self, lanes, seed):
        """Each fault for each call, all side by side."""
        began = time.monotonic()
        http1 = [act for act in rude_http1.ACTS if act not in AFTERWARDS]
        http2 = [act for act in rude_http2.ACTS if act not in SHARED]
        self.warm_up(lanes)
        for lane, acts in zip(lanes, (http1, http2)):
            cases = [c for act in acts for c in (*cases_of(act), *stubborn_cases(act))]
            random.Random(seed).shuffle(cases)
            lane.send(cases)
        lanes[2].send(interlock_cases([act for act in UNREADABLE if act in http1]))
        self.finish("transport", began, lanes, f"{len(http1)} and {len(http2)} faults; ")

    # ---- of a connection -------------------------------------------------------------------------

    def shared_lanes(self):
        return self.started([self.lane(f"shared-{i}", *self.tls, graph={"retry_attempts": 10})
                             for i in range(LANES)])

    def check_shared_connections(self, lanes):
        """Faults of a whole HTTP/2 connection, one sort after the other in each lane."""
        began = time.monotonic()
        self.warm_up(lanes)
        for wave in range(0, len(SHARED), len(lanes)):
            playing = list(zip(lanes, SHARED[wave:wave + len(lanes)]))
            for lane, act in playing:
                lane.send([c for _ in range(5 if FULL else 1) for c in shared_cases(act)])
            for lane, _ in playing:
                lane.wait(60)
        faults = [f for lane in lanes for case in lane.cases for f in case.faults]
        never = set(SHARED) - {f.act for f in faults if f.met and f.call == "submit"}
        hit = sum(f.met for f in faults)
        self.finish("shared connections", began, lanes,
                    f"{len(SHARED)} faults, {hit} calls hit; ")
        self.assertEqual(set(), never)

    def dead_lanes(self):
        return self.started([self.lane("dead1"), self.lane("dead2", *self.tls),
                             self.lane("shut", *self.tls, shut=1)])

    def check_dead_connections(self, lanes):
        """Connections that die without a word are not used for ever: the next tries are made on
        new ones. With the window that never opens only POSTs are stuck."""
        began = time.monotonic()
        self.warm_up(lanes)
        for lane in lanes:
            if lane.rude.shut == 0:
                lane.rude.freeze()
            lane.cases[0].weak = True  # a window that is shut hits it
        for wave in range(5):  # there are always calls on the connection
            time.sleep(0.5)
            for lane in lanes:
                lane.send([Case(f"{lane.world.name} {wave}", [], "submitted", (None, 1, 0))
                           for i in range(10)])
        self.finish("dead connections", began, lanes)

    def nobody_lanes(self):
        return self.started([self.lane("nobody")])

    def check_answer_to_nobody(self, lanes):
        """What comes on a connection that rests, its end or an answer, is nobody's."""
        began, lane = time.monotonic(), lanes[0]
        self.warm_up(lanes)
        for act in AFTERWARDS * 3:
            later = Fault("submit", act, apply=True)  # an event's last call
            lane.send([Case(act, [later], "submitted", (1, 1, 0))])
            lane.wait(30)
            time.sleep(0.3)
            lane.send([Case(f"after {act}", [], "submitted", (1, 1, 0))])
            lane.wait(30)
        self.finish("answer to nobody", began, lanes)

    def together(self, *parts):
        """Much of each is waiting."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            running = [pool.submit(*part) for part in parts]
        for part in running:
            part.result()

    def test_calls(self):
        self.together((self.check_faults, self.fault_lanes(0), 0),
                      (self.check_answer_to_nobody, self.nobody_lanes()))
        for seed in range(1, 5 if FULL else 1):
            self.check_faults(self.fault_lanes(seed), seed)

    def test_connections(self):
        self.together((self.check_dead_connections, self.dead_lanes()),
                      (self.check_shared_connections, self.shared_lanes()))


if __name__ == "__main__":
    if FULL:
        sys.argv.remove("--full")
    harness.main()
