#!/usr/bin/env python3
"""Every HTTP status that Graph or what stands before it may send, for each of the three calls and
with several bodies: what the worker makes of it is what guarantees.md's class table says.

usage: test_statuses.py [--full]    --full: every status with every body in every way, and that
over HTTP/2 too
"""
import socket
import sys
import time

import certificates
import harness
from rude_graph import REFUSAL, Answer, Barrier, Fault, error_body
from rude_lane import MANY, Case, Lane, lost

FULL = "--full" in sys.argv
STATUSES = [*range(200, 207), 226, *range(300, 309), *range(400, 419), 421, 422, 423, 424, 425, 426,
            428, 429, 431, 451, 499, *range(500, 512), *range(520, 528), 530, 598, 599]
WITHOUT_BODY = (204, 304)
JSON, HTML = ("Content-Type", "application/json"), ("Content-Type", "text/html")
ELSEWHERE = ("http://127.0.0.1:{port}/beta", "https://127.0.0.1:{port}/", "file:///etc/passwd")
BODIES = {
    "graph": ([JSON], error_body()),
    "html": ([HTML], b"<html><body><h1>Sorry</h1></body></html>"),
    "empty": ([], b""),
    "cut": ([JSON], error_body()[:-1]),
    "list": ([JSON], b"[" + error_body() + b"]"),
    "opaque": ([JSON], error_body("UnknownError")),
}


def code_of(status, body):
    """error.code of a reply: Graph's own, or ours where there is none."""
    if body in ("graph", "opaque"):
        return REFUSAL if body == "graph" else "UnknownError"
    ours = {401: "tokenRefused", 408: "timeout", 429: "throttled", 503: "throttled", 504: "timeout"}
    of_hundred = {2: "unreadableAnswer", 3: "redirected", 4: "notGraph", 5: "badGateway"}
    return ours.get(status, of_hundred[status // 100])


def class_of(call, status, body, retry_after=None):
    """The class table. `body`: a name of BODIES, or good."""
    if status // 100 == 2:
        if call == "submit":
            return "applied"
        if body == "good":
            return "passed"
        return "interlock" if call == "dry_run" else "again"
    if status == 429 or (status == 503 and (call != "submit" or (
            body in ("graph", "opaque") and retry_after))):
        return "wait"
    if status == 401 and (call != "submit" or body == "graph"):
        return "token"
    if status // 100 == 4 and status != 408 and body == "graph" and call != "look":
        return "refused"
    return "may have happened" if call == "submit" else "again"


def answer_with(status, body, *headers):
    kept, content = ([], b"") if status in WITHOUT_BODY else BODIES[body]
    return Answer(status, [*kept, *headers], content)


# ---- what each class comes to; a list of cases, one for each way ---------------------------------


def refused(call, fault, **about):
    fault.times = -1
    about["code"] = REFUSAL
    attempts = (1, 0, 0) if call == "dry_run" else (1, 1, 0)
    return [Case(faults=[fault], outcome="rejected", attempts=attempts, stage=call,
                 classes=["invalid"], granted=0, **about)]


def applied(call, fault, **about):
    fault.apply = True
    about["code"] = about["status"] = None
    return [Case(faults=[fault], outcome="submitted", attempts=(1, 1, 0), stage=call,
                 classes=["ok"], **about)]


def again_once(call, fault, **about):
    about["code"] = about["status"] = None
    if call == "dry_run":
        return Case(faults=[fault], outcome="submitted", attempts=(2, 1, 0), stage=call,
                    classes=["failed", "ok"], **about)
    return Case(faults=[lost(), fault], outcome="submitted", attempts=(1, 1, 3), stage=call,
                classes=["failed", "ok"], **about)


def again_for_ever(call, fault, **about):
    fault.times = -1
    if call == "dry_run":
        return Case(faults=[fault], outcome="failed", attempts=(3, 0, 0), stage=call,
                    classes=["failed"] * 3, granted=0, **about)
    return Case(faults=[lost(), fault], outcome="unknown", attempts=(1, 1, 3), stage=call,
                classes=["failed"] * 3, **about)


def again(call, fault, **about):
    copy = Fault(call, answer=fault.answer)
    return [again_once(call, fault, **about), again_for_ever(call, copy, **about)]


def happened(call, fault, **about):
    fault.apply = True
    about["code"] = about["status"] = None
    return Case(faults=[fault], outcome="submitted", attempts=(1, 1, 2), stage=call,
                classes=["unknown"], **about)


def did_not_happen(call, fault, **about):
    about["code"] = about["status"] = None
    return Case(faults=[fault], outcome="submitted", attempts=(2, 2, MANY), stage=call,
                classes=["unknown", "ok"], **about)


def never_happens(call, fault, **about):
    fault.times = -1
    return Case(faults=[fault], outcome="unknown", attempts=(2, 2, MANY), stage=call,
                classes=["unknown", "unknown"], granted=0, **about)


def may_have_happened(call, fault, **about):
    return [way(call, Fault(call, answer=fault.answer), **about)
            for way in (happened, did_not_happen, never_happens)]


WAYS = {"refused": refused, "applied": applied, "again": again,
        "may have happened": may_have_happened}


def main_cases(location):
    """Of the classes that concern one event only. Not in full: each status with each body in one
    way, and each way of a status with one body at least."""
    made = []
    for call in ("dry_run", "submit", "look"):
        for i, status in enumerate(STATUSES):
            bodies = ["empty"] if status in WITHOUT_BODY else list(BODIES)
            for j, body in enumerate(bodies):
                ways = WAYS.get(class_of(call, status, body))
                if ways is None or (not FULL and body == "list" and i % 4 > 0):
                    continue
                # Graph sends a Location with a 400 too, of an inner host.
                leads = status // 100 == 3 or status == 400
                where = [("Location", location[i % 3])] if leads else []
                cases = ways(call, Fault(call, answer=answer_with(status, body, *where)),
                             name=f"{call} {status} {body}", code=code_of(status, body),
                             status=status)
                made += cases if FULL else [cases[(i + j) % len(cases)]]
    return made


def known_cases():
    """Graph's refusals that are none, or none yet: facts of graph.md 3."""
    def case(call, status, body, *rest, times=-1, lost_first=False, **more):
        fault = Fault(call, answer=Answer(status, [JSON], body), times=times)
        faults = [lost(), fault] if lost_first else [fault]
        return Case(f"{call} {status} {body[:60]}", faults, *rest, stage=call, **more)
    grant, early = error_body("InvalidRequestExistingGrant"), "ResourceNotFoundInOriginSystem"
    gone, opened = error_body("ResourceNotFound"), error_body("InvalidRequest",
                                                              "ExistingOpenRequest")
    return [
        case("dry_run", 409, grant, "existing", (1, 0, 0), classes=["exists"], granted=0),
        case("submit", 409, grant, "existing", (1, 1, 0), classes=["exists"], granted=0),
        case("dry_run", 400, error_body(early), "submitted", (2, 1, 0), times=1,
             classes=["early", "ok"]),
        case("submit", 400, error_body(early), "submitted", (2, 2, 0), times=1,
             classes=["early", "ok"]),
        case("dry_run", 404, gone, "submitted", (2, 1, 0), times=1, classes=["early", "ok"]),
        case("submit", 404, error_body("Request_ResourceNotFound"), "submitted", (2, 2, 0),
             times=1, classes=["early", "ok"]),
        case("submit", 400, error_body("PolicyNotFound", "More"), "rejected", (1, 1, 0),
             code="PolicyNotFound", classes=["invalid"], granted=0),
        case("submit", 404, gone, "submitted", (2, 2, 0), times=1, classes=["early", "ok"]),
        case("dry_run", 400, error_body(early), "rejected", (MANY, 0, 0), code=early, granted=0),
        case("dry_run", 404, gone, "rejected", (MANY, 0, 0), code="ResourceNotFound", granted=0),
        case("submit", 404, gone, "rejected", (MANY, MANY, 0), code="ResourceNotFound", granted=0),
        case("dry_run", 400, opened, "submitted", (2, 1, MANY), times=1, classes=["open", "ok"]),
        case("submit", 400, opened, "submitted", (2, 2, MANY), times=1, classes=["open", "ok"]),
        case("dry_run", 400, opened, "rejected", (MANY, 0, MANY), code="InvalidRequest", granted=0),
    ]


def good_cases():
    """Any 2xx passes where its body says what it should."""
    made = []
    for status in (200, 201, 202, 203, 206, 226):
        made.append(Case(f"dry_run {status} good", [Fault("dry_run", apply=True, status=status)],
                         "submitted", (1, 1, 0), stage="dry_run", classes=["ok"]))
        made.append(Case(f"look {status} good", [lost(), Fault("look", apply=True, status=status)],
                         "submitted", (1, 1, 2), stage="look", classes=["ok"]))
    return made


def wait_cases():
    """Throttled: the call is made again, and nothing is held against the event. All of them are
    throttled at once, or each would wait for all the others."""
    attempts = {"dry_run": (2, 1, 0), "submit": (1, 2, 0), "look": (1, 1, 3)}
    made, barrier = [], Barrier(0)
    for call in attempts:
        for status in (429, 503):
            for body in BODIES:
                for retry_after in (None, "0.5"):
                    if class_of(call, status, body, retry_after) != "wait":
                        continue
                    headers = [("Retry-After", retry_after)] if retry_after else []
                    fault = Fault(call, answer=answer_with(status, body, *headers),
                                  barrier=barrier)
                    made.append(Case(
                        f"{call} {status} {body}, Retry-After {retry_after}",
                        [fault] if call != "look" else [lost(), fault], "submitted",
                        attempts[call], stage=call, classes=["paced", "ok"]))
    barrier.count = len(made)
    return made


def token_cases():
    """401: one new token, or waiting for one; a proxy's 401 on a real request is no word of
    Graph's."""
    made = []
    for call in ("dry_run", "submit", "look"):
        for body in ("graph", "html", "empty"):
            kind = class_of(call, 401, body)
            fault = Fault(call, answer=answer_with(401, body), apply=kind != "token")
            made.append(Case(f"{call} 401 {body}", [fault] if call != "look" else [lost(), fault],
                             "submitted", (None, None, None), stage="submit",
                             classes=["unknown"] if kind != "token" or call == "look" else ["ok"]))
    return made


def interlock_cases():
    """A dry run whose 2xx does not say that it was one may have been a grant. All of them are
    answered at once: after the first, nothing else goes on."""
    echoes = {"denied": b'{"isValidationOnly": false}', "silent": b'{"id": "1"}',
              "null": b'{"isValidationOnly": null}', "text": b'{"isValidationOnly": "true"}'}
    rows = [(status, name, answer_with(status, name)) for status in STATUSES if status < 300
            for name in (["empty"] if status in WITHOUT_BODY else BODIES)]
    rows += [(201, name, Answer(201, [JSON], body)) for name, body in echoes.items()]
    barrier = Barrier(len(rows))
    return [Case(f"dry_run {status} {name}", [Fault("dry_run", answer=answer, barrier=barrier)],
                 "unknown", (1, 0, 0), code="dryRunNotEchoed", status=status, granted=0,
                 stage="dry_run", classes=["unsafe"]) for status, name, answer in rows]


class StatusesTest(harness.E2eCase):
    def lanes(self):
        """Each has a worker of its own: what throttles or stops it hurts nobody else."""
        authority = certificates.Authority(self.folder, "graph")
        certificate = authority.sign("localhost")
        elsewhere = self.listen_elsewhere()
        location = [text.format(port=elsewhere.getsockname()[1]) for text in ELSEWHERE]
        patient = {"timeout": "12s"}  # on a busy machine too: nobody is to give up here
        tls = certificate, authority.file, patient
        plain = None, None, patient
        yield Lane(self, "main", *plain), main_cases(location) + good_cases()
        if FULL:
            yield Lane(self, "main2", *tls), main_cases(location) + good_cases()
        yield Lane(self, "known", *plain), known_cases()
        yield Lane(self, "wait", *tls), wait_cases()
        yield Lane(self, "token", *plain), token_cases()
        yield Lane(self, "interlock", *tls), interlock_cases()

    def listen_elsewhere(self):
        """Where redirects lead: nobody may come."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.addCleanup(listener.close)
        self.elsewhere = listener
        return listener

    def check_elsewhere(self):
        with self.assertRaises(BlockingIOError, msg="a redirect was followed"):
            self.elsewhere.accept()

    def check_tokens(self, lane):
        """What was refused was sent again with another token."""
        first = lane.cases[1]
        used = [call.headers["authorization"] for call in lane.rude.calls
                if call.number == first.number and call.name == "dry_run"]
        self.assertEqual(2, len(used), used)
        self.assertNotEqual(used[0], used[1])

    def test_statuses(self):
        lanes = list(self.lanes())
        for lane, _ in lanes:
            lane.start()
        for lane, cases in lanes:
            lane.warm_up()
            lane.send(cases)
        began, problems, most, again = time.monotonic(), [], 0, 0
        for lane, cases in lanes:
            lane.wait(400)
            again += 0 if lane.world.name == "interlock" else lane.play_again()
            found, most_here = lane.check()
            report = lane.report()
            problems += [f"{lane.world.name}: {text}" for text in found + report.problems]
            most = max(most, most_here)
        names = ", ".join(f"{len(cases)} {lane.world.name}" for lane, cases in lanes)
        harness.figure("e2e statuses", f"{len(STATUSES)} statuses, {names}; {len(problems)} "
                       f"wrong, {again} played again; most grants of one event {most}; "
                       f"{time.monotonic() - began:.0f} s")
        self.assertEqual([], problems, "\n" + "\n".join(problems))
        self.assertEqual(1, most)
        self.check_elsewhere()
        self.check_tokens(next(l for l, _ in lanes if l.world.name == "token"))


if __name__ == "__main__":
    if FULL:
        sys.argv.remove("--full")
    harness.main()
