"""How each failpoint is reached: who has it, in which passes, and what has to be done for it."""
import signal
import time
from dataclasses import dataclass

import processes

MODES = ("kill", "stop", "fail")
SESSION_S, LEASE_S = 2.0, 2.6
FREEZE_S = LEASE_S + 1  # past the lease, and past the session


@dataclass
class Point:
    name: str
    crash: str  # as the guarantees call it
    passes: int = 1  # the seed draws one of 1 ... passes
    armed: str = "{name}:{mode}:{at}"
    bring: callable = None  # what makes the worker pass there, beside events
    joins: bool = False  # the worker with the failpoint is the second one of the group
    shared: bool = False  # the partitions are shared between the two before events are sent
    latency_ms: int = None  # of Graph; None: the seed draws it
    portions: int = 1  # the first events are sent in so many, which makes as many transactions
    faults: tuple = ()  # rules of the sandbox


LOST_ANSWERS = {"match": {"op": "submit", "times": -1, "probability": 0.5},
                "action": {"close_after_apply": True}}


def freeze_past_session(run):
    """The group gives its partitions to the other, and it hears of that when it wakes up."""
    processes.wait_until("events are at work", lambda: run.follower.poll() > 3, pause=0.002)
    run.faulty.signal(signal.SIGSTOP)
    time.sleep(SESSION_S + 1)
    run.faulty.signal(signal.SIGCONT)


def terminate(run):
    processes.wait_until("events are at work", lambda: run.follower.poll() > 3, pause=0.002)
    run.faulty.signal(signal.SIGTERM)


# Passes of requests: so many that the first worker gets there before the second takes its share.
REQUESTS, TRANSACTIONS, PORTIONS = 10, 3, 6

POINTS = [
    Point("claim.start", "C1", REQUESTS),
    Point("claim.answer", "C2", REQUESTS),
    Point("dry_run.answer", "C3", REQUESTS),
    Point("mark.start", "C4", REQUESTS),
    Point("mark.answer", "C5", REQUESTS),
    Point("submit.start", "C6", REQUESTS),
    Point("submit.answer", "C7", REQUESTS),
    Point("record.start", "C8", REQUESTS),
    Point("record.answer", "C9", REQUESTS),
    Point("transaction.open", "C10", TRANSACTIONS, portions=PORTIONS),
    Point("commit.sent", "C11", TRANSACTIONS, portions=PORTIONS),
    Point("commit.answer", "C11", TRANSACTIONS, portions=PORTIONS),
    Point("commit.done", "C12", TRANSACTIONS, portions=PORTIONS),
    Point("rebalance", "", joins=True),
    # Slow, so that the partitions that stay have events at work, too.
    Point("revoke", "", latency_ms=300),
    Point("lost", "", bring=freeze_past_session, shared=True),
    Point("sigterm", "", bring=terminate),
    # A producer is replaced when the answer to a commit is lost; the first pass is the start's.
    Point("recycle", "", TRANSACTIONS, "commit.answer:fail:{at},recycle:{mode}:2",
          portions=PORTIONS),
    Point("look.answer", "", 3, faults=(LOST_ANSWERS,)),
]
