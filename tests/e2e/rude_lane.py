"""Cases against a RudeGraph: each is one event, and all events of a lane go through one worker.

A Case says what the Graph does to it and what has to come of that. check() compares it with the
reply, with the sandbox's ledger, and with what the worker's log says of the plan's outcomes.
"""
import collections
import json
import re
from dataclasses import dataclass, field, replace

import events
import harness
import rude_graph
from rude_graph import Answer, Fault

MOVED = re.compile(r"stage=(\w+) outcome=(\w+)")
HONEST = "submitted|failed|unknown|rejected"  # none of them a lie, if the ledger agrees
AGAIN_MOST = 60  # cases; more are no accident
LOOK_CALLS_MOST = 3
MANY = -1  # attempts: as the time allows, but at least one look-up


@dataclass
class Case:
    name: str
    faults: list  # of Fault
    outcome: str  # of the reply; "a|b" where both are honest
    attempts: tuple  # (dry run, submit, look); None: any
    code: str = None  # of the error; None: there is none
    status: int = None  # its httpStatus
    stage: str = None  # of which `classes` tells
    classes: list = None  # what the plan was told of that stage, in order; None: not checked
    granted: int = 1  # ledger entries that were applied
    weak: bool = False  # a neighbour of a broken connection: only honesty is asked for
    number: int = None
    event: object = field(default=None, repr=False)


class Lane:
    """A world whose worker calls a RudeGraph."""

    def __init__(self, test, name, certificate=None, ca=None, graph=None, shut=0):
        self.world = test.world(name)
        self.rude = rude_graph.RudeGraph(self.world.sandbox.port, certificate, shut)
        test.addCleanup(lambda: test.judge_calls(self.rude.unheard))
        test.addCleanup(self.rude.close)
        self.world.settings = harness.merged(self.world.settings, {
            "log": {"level": "debug"}, "redis": {"lease": "15s"},
            "graph": {"base_url": self.rude.url, "timeout": "5s", "settle": "2s", "eventual": "2s",
                      "retry_attempts": 3, "retry_budget": 100, "in_flight": 256, **(graph or {}),
                      **({"tls_ca_file": ca} if ca else {})}})
        self.cases = []
        self.maker = events.Maker(5, name)
        self.follower = self.world.follow()
        self.worker = self.environment = None

    def start(self):
        """The worker, and one event to which nothing happens: the dry runs then need not wait."""
        self.send([Case("nothing", [], "submitted", (1, 1, 0))])
        self.worker = self.world.worker(environment=self.environment)

    def warm_up(self):
        self.world.wait_answers(len(self.cases), 60, self.follower)

    def make_event(self, case):
        case.number = len(self.cases) + 1
        thing = (events.ASSIGNMENT, *rude_graph.guids_of(case.number))
        tag = f"{self.world.name} {case.number}"
        event = self.maker.event(thing, self.maker.body(thing, tag), case.outcome, binary=False)
        event.posts = case.granted
        self.rude.script[case.number] = case.faults
        case.event = event
        self.cases.append(case)
        return event

    def send(self, cases):
        self.world.send([self.make_event(case) for case in cases])

    def wait(self, seconds=120):
        return self.world.wait_answers(len(self.cases), seconds, self.follower)

    # ---- what came of it -------------------------------------------------------------------------

    def replies(self):
        found = {}
        for record in self.follower.records:
            data = json.loads(record.value)["data"]
            found[data["origin"]["partition"], data["origin"]["offset"]] = data
        return found

    def granted(self):
        """{number of the case: applied real POSTs}."""
        counts = collections.Counter()
        for entry in self.world.sandbox.ledger():
            if entry["op"] == "submit" and entry["applied"]:
                counts[int(entry["target"][:8], 16)] += 1
        return counts

    def told(self):
        """{request id: {stage: [outcomes in order]}}"""
        found = collections.defaultdict(lambda: collections.defaultdict(list))
        for line in harness.log_lines(self.worker.log):
            moved = MOVED.match(line.get("message", ""))
            if moved:
                found[line["usher.event_id"]][moved.group(1)].append(moved.group(2))
        return found

    def judge(self, cases):
        """[(case, what is a lie, what is otherwise than expected, the found in words)]"""
        replies, granted, told = self.replies(), self.granted(), self.told()
        judged = []
        for case in cases:
            data, count = replies[case.event.place], granted[case.number]
            story = told[case.event.request_id]
            differs = [] if case.weak else differences(case, data, count, story)
            judged.append((case, lies(case, data, count), differs,
                           f"error {data.get('error')}, attempts {data.get('attempts')}, granted "
                           f"{count}, told {dict(story)}"))
        return judged

    def play_again(self):
        """On a busy machine a call may take too long, and so a case come out otherwise. Those few
        are played once more, now that all is quiet. A lie is never excused."""
        excused = [case for case, lie, differs, _ in self.judge(self.cases)
                   if differs and not lie and all(f.barrier is None for f in case.faults)]
        if len(excused) > AGAIN_MOST:
            return 0
        copies = [replace(case, name=f"{case.name} (again)",
                          faults=[fault.again() for fault in case.faults]) for case in excused]
        for case in excused:
            case.weak, case.outcome = True, HONEST
            case.event.outcome, case.event.code, case.event.posts = HONEST, None, 1
        self.send(copies)
        self.wait()
        return len(excused)

    def check(self):
        """What is wrong, a line for each case, and the most grants of one event."""
        problems = [f"the rude server: {error}" for error in self.rude.errors]
        problems += [f"{case.name}: {'; '.join(lie + differs)}\n      {found}"
                     for case, lie, differs, found in self.judge(self.cases) if lie + differs]
        return problems, max(self.granted().values(), default=0)

    def report(self):
        """The same for what all tests ask: replies, dead letters, offsets, the ledger."""
        report = self.world.check([case.event for case in self.cases])
        report.problems = [p for p in report.problems if "has no graph.id" not in p]  # as they came
        return report


def attempts_of(data):
    found = data.get("attempts") or {}
    return tuple(found.get(name, 0) for name in ("dryRun", "submit", "look"))


def are_alike(expected, found, paced_looks):
    """A look-up that has to wait in its midst begins anew: so many calls more it may have made."""
    more = (0, 0, paced_looks * (LOOK_CALLS_MOST - 1))
    return all(e is None or (f > 0 if e == MANY else e <= f <= e + m)
               for e, f, m in zip(expected, found, more))


def lies(case, data, granted):
    """What no reply may say, whatever has been done to its event."""
    wrong = []
    if case.weak and data["outcome"] not in case.outcome.split("|"):
        wrong.append(f"outcome {data['outcome']}, not {case.outcome}")
    if granted > 1:
        wrong.append(f"granted {granted} times")
    if data["outcome"] == "submitted" and granted != 1:
        wrong.append("says submitted, and nothing was")
    if data["outcome"] in ("failed", "rejected") and granted > 0:
        wrong.append(f"says {data['outcome']}, and was granted")
    return wrong


def differences(case, data, granted, told):
    """What is otherwise than the case says."""
    wrong = []
    if data["outcome"] not in case.outcome.split("|"):
        wrong.append(f"outcome {data['outcome']}, not {case.outcome}")
    error = data.get("error") or {}
    if error.get("code") != case.code:
        wrong.append(f"code {error.get('code')}, not {case.code}")
    if case.status and error.get("httpStatus") != case.status:
        wrong.append(f"httpStatus {error.get('httpStatus')}, not {case.status}")
    if not are_alike(case.attempts, attempts_of(data), told["look"].count("paced")):
        wrong.append(f"attempts {attempts_of(data)}, not {case.attempts}")
    if granted != case.granted:
        wrong.append(f"granted {granted}, not {case.granted}")
    if case.classes is not None and classes_of(case, told) != case.classes:
        wrong.append(f"{case.stage} told the plan {told[case.stage]}, not {case.classes}")
    unmet = [f"{f.call}/{f.act}" for f in case.faults if f.met == 0]
    return wrong + ([f"never happened: {unmet}"] if unmet else [])


def classes_of(case, told):
    """Waiting for a turn is no answer, unless the case is about waiting: then once is as often. A
    look-up may go on for longer than the case says."""
    unsent = ("paced", "stale")
    found = [c for c in told[case.stage] if c not in unsent or c in case.classes]
    found = [c for i, c in enumerate(found) if c != "paced" or found[i - 1:i] != ["paced"]]
    return found[:len(case.classes)] if case.stage == "look" else found


def lost():
    """A real request that is carried out, which its answer does not say: a look-up follows."""
    return Fault("submit", answer=Answer(504, [], b""), apply=True)
