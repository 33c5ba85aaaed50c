#!/usr/bin/env python3
"""A Graph that asks for time gets it: after a 429 or 503 no call comes before Retry-After has
passed (guarantee I13), in whatever form it stands there; and no event pays for the wait.

The server's own clock tells. tests/core/test_retry_after.c has all forms of the header.
"""
import concurrent.futures
import email.utils
import time

import certificates
import harness
import processes
from rude_graph import Answer, Fault, error_body
from rude_lane import Case, Lane, lost

UNDER_WAY = 0.1  # seconds until the worker has read the answer
NO_WORD = 3  # where there is no time that can be read: what Graph's own clients begin with
EVENTS = 60  # around each one that is throttled; more than there are connections
FORMS = {  # name: (headers, seconds to wait)
    "whole": ([("Retry-After", "2")], 2),
    "decimal": ([("Retry-After", "1.5")], 1.5),
    "two": ([("Retry-After", "1"), ("Retry-After", "2.5")], 2.5),
    "past": ([("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")], 0),
    "negative": ([("Retry-After", "-5")], NO_WORD),
    "missing": ([], NO_WORD),
    "for ever": ([("Retry-After", "1000000000")], None),  # longer than the test
}
SAID = ["whole", "decimal", "date", "past", "two", "for ever"]
UNSAID = ["missing", "negative", "for ever"]


def form(name):
    if name != "date":
        return FORMS[name]
    now = time.time() - 3600  # the server's clock is an hour late, and that is the one that counts
    date, then = (email.utils.formatdate(t, usegmt=True) for t in (now, now + 2))
    return [("Date", date), ("Retry-After", then)], 2


class ThrottleTest(harness.E2eCase):
    def start_round(self, lane, status, call, name):
        """Sends a crowd, one of whose calls is throttled: (fault, seconds)."""
        headers, seconds = form(name)
        fault = Fault(call, answer=Answer(status, headers, error_body("TooMuch")), alone=True)
        attempts = {"dry_run": (2, 1, 0), "submit": (1, 2, 0), "look": (1, 1, 3)}[call]
        cases = [Case(f"beside {name}", [], "submitted", (1, 1, 0)) for _ in range(EVENTS)]
        cases[EVENTS // 3] = Case(
            f"{call} {status} {name}", ([lost()] if call == "look" else []) + [fault],
            "submitted", attempts, stage=call, classes=["paced", "ok"])
        lane.send(cases)
        return fault, seconds

    def check_silence(self, lane, fault, seconds, what):
        """No call from the answer until its time is over. How many came just after it."""
        end = fault.fired[0] + seconds
        early = [c for c in lane.rude.calls if fault.fired[0] + UNDER_WAY < c.time < end]
        said = [f"{c.name} after {c.time - fault.fired[0]:.3f} s" for c in early]
        self.assertEqual([], said, f"{what}: {len(said)} calls came early, not after {seconds} s")

    def play(self, lane, status, names):
        """One throttled call after the other, each with a form of its own."""
        calls = ("dry_run",) if status == 503 else ("dry_run", "submit", "look")
        for i, name in enumerate(names):
            call = calls[i % len(calls)]
            fault, seconds = self.start_round(lane, status, call, name)
            if seconds is None:
                processes.wait_until(name, lambda f=fault: f.fired, 20)
                seconds = 4
                time.sleep(max(0, fault.fired[0] + seconds - time.monotonic()))
            else:
                lane.wait(60)
            self.check_silence(lane, fault, seconds, f"{call} {status} {name}")

    def test_retry_after(self):
        began = time.monotonic()
        authority = certificates.Authority(self.folder, "graph")
        tls = authority.sign("localhost"), authority.file
        played = [(Lane(self, f"{what}-{status}", *(tls if status == 503 else ())), status, names)
                  for what, names in (("said", SAID), ("unsaid", UNSAID)) for status in (429, 503)]
        lanes = [lane for lane, _, _ in played]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.warm_up()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            running = [pool.submit(self.play, *one) for one in played]
        for one in running:
            one.result()
        count, problems = 0, []
        for lane in lanes:
            lane.cases = [c for c in lane.cases if c.event.place in lane.replies()]
            count += len(lane.cases)
            problems += lane.check()[0]
            self.assertEqual(0, lane.worker.stop())  # it does not sleep through a SIGTERM
        self.assertEqual([], problems, "\n" + "\n".join(problems))
        harness.figure("e2e Retry-After", f"{len(FORMS) + 1} forms, {count} events, no call before "
                       f"its time; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    harness.main()
