"""Makes events and says, for each, what has to come of it. The same seed gives the same events.

Nothing here looks at the worker: what is expected is what the contract says.
"""
import json
import random
import uuid
import zlib
from dataclasses import dataclass, field

import bad_input
import leaks

PARTITIONS = 4
ASSIGNMENT = "microsoft.graph.accessPackageAssignmentRequest"
RESOURCE = "microsoft.graph.accessPackageResourceRequest"
POLICY = "00000002-0000-4000-8000-000000000000"
SOURCE = "/hr/onboarding"


@dataclass
class Event:
    """One record to send, and its answer."""
    key: bytes
    value: bytes
    headers: list
    partition: int
    group: str  # records of one group are one event that is sent again
    outcome: str  # of its reply; "a|b" where both are honest
    code: str = None  # of its error; None: any, or none
    dead: bool = False
    binary: bool = False  # the mode of its reply
    request_id: str = None
    tag: str = None  # its justification: by it its POSTs are found in the ledger
    posts: int = 0  # real requests that the whole group makes
    thing: tuple = None  # what its POSTs are about: they go in order
    reply_topic: str = None  # None: the default one
    reply_partition: int = None
    good: bool = True  # valid by the schema of an event
    offset: int = field(default=None, compare=False)  # filled when it has been sent

    @property
    def place(self):
        return self.partition, self.offset


def guid(number, kind):
    return f"{number:08x}-{kind:04x}-4000-8000-000000000000"


class Maker:
    """Makes events one by one; knows those made before."""

    def __init__(self, seed, prefix="e", reply_topics=()):
        self.random = random.Random(seed)
        self.prefix = prefix
        self.reply_topics = reply_topics
        self.count = 0
        self.things = 0

    # ---- parts -------------------------------------------------------------------------------

    def next_id(self):
        self.count += 1
        return f"{self.prefix}-{self.count:06d}"

    def next_tag(self):
        """A reason of its own, which no log may have."""
        return f"{self.prefix} {self.count + 1} {leaks.REASON}"

    def new_thing(self, kind):
        """A pair nobody asked for yet: (kind, person or group, package or catalog)."""
        self.things += 1
        number = zlib.crc32(self.prefix.encode()) % 4096 * 0x10000 + self.things
        return kind, guid(number, 0xAAAA), guid(1 + self.things % 7, 0x0001)

    def body(self, thing, tag, **more):
        kind, member, container = thing
        if kind == RESOURCE:
            return {"requestType": "AdminAdd", "catalogId": container, "justification": tag,
                    "accessPackageResource": {"originId": member, "originSystem": "AadGroup"},
                    **more}
        return {"requestType": "AdminAdd", "justification": tag,
                "accessPackageAssignment": {"targetId": member, "assignmentPolicyId": POLICY,
                                            "accessPackageId": container}, **more}

    def extra_headers(self, event):
        """Those of request-reply and of tracing, on some."""
        chance = self.random
        if chance.random() < 0.3:
            event.headers.append(("kafka_correlationId", chance.randbytes(16)))
        if chance.random() < 0.1:
            parent = f"00-{chance.getrandbits(128) or 1:032x}-{chance.getrandbits(64) or 1:016x}-01"
            event.headers.append(("traceparent", parent.encode()))
        if self.reply_topics and chance.random() < 0.03:
            event.reply_topic = chance.choice(self.reply_topics)
            event.headers.append(("kafka_replyTopic", event.reply_topic.encode()))
            if chance.random() < 0.5:
                event.reply_partition = chance.randrange(PARTITIONS)
                event.headers.append(("kafka_replyPartition",
                                      event.reply_partition.to_bytes(4, "big")))
        return event

    def event(self, thing, body, outcome, **more):
        """A good event in one of the two modes, keyed by its member."""
        request_id = more.pop("request_id", None) or self.next_id()
        attributes = {"id": request_id, "source": SOURCE, "type": thing[0], "subject": thing[1],
                      **more.pop("attributes", {})}
        frame = bad_input.Frame(attributes, body)
        binary = more.pop("binary", None)
        binary = self.random.random() < 0.5 if binary is None else binary
        key = thing[1].encode()
        event = Event(
            key, frame.body() if binary else frame.structured(),
            frame.binary() if binary else [bad_input.JSON_TYPE],
            more.pop("partition", zlib.crc32(key) % PARTITIONS), request_id, outcome,
            binary=binary, request_id=request_id, tag=body.get("justification"), thing=thing,
            **more)
        return self.extra_headers(event)

    # ---- sorts -------------------------------------------------------------------------------

    def submitted(self, kind=None, **more):
        kind = kind or (ASSIGNMENT if self.random.random() < 0.78 else RESOURCE)
        thing = self.new_thing(kind)
        tag = self.next_tag()
        return self.event(thing, self.body(thing, tag), "submitted", posts=1, **more)

    def validated(self):
        thing = self.new_thing(self.random.choice((ASSIGNMENT, RESOURCE)))
        tag = self.next_tag()
        return self.event(thing, self.body(thing, tag, isValidationOnly=True), "validated")

    def existing(self, earlier):
        """Another event for what an earlier one got."""
        tag = self.next_tag()
        return self.event(earlier.thing, self.body(earlier.thing, tag), "existing")

    def removal(self):
        """Of an assignment that is not there."""
        thing = (ASSIGNMENT, guid(self.count, 0xDEAD), "")
        tag = self.next_tag()
        body = {"requestType": "AdminRemove", "justification": tag,
                "accessPackageAssignment": {"id": str(uuid.UUID(int=self.random.getrandbits(128),
                                                                version=4))}}
        return self.event(thing, body, "existing")

    def expired(self):
        thing = self.new_thing(ASSIGNMENT)
        tag = self.next_tag()
        return self.event(thing, self.body(thing, tag), "expired", code="expired",
                          attributes={"expirytime": "2020-01-01T00:00:00Z"})

    def conflict(self, earlier):
        """The id of an earlier one, with another body."""
        tag = f"{self.next_id()}, the id of {earlier.request_id} {leaks.REASON}"
        event = self.event(earlier.thing, self.body(earlier.thing, tag), "rejected",
                           code="idConflict", request_id=earlier.request_id)
        event.group = tag
        return event

    def duplicate(self, earlier):
        """The same record again; its correlation id and reply address are its own."""
        names = ("kafka_correlationId", "traceparent", "kafka_replyTopic", "kafka_replyPartition")
        kept = [(n, v) for n, v in earlier.headers if n not in names]
        again = Event(**{**earlier.__dict__, "headers": kept, "offset": None, "reply_topic": None,
                         "reply_partition": None})
        return self.extra_headers(again)

    def bad(self, row):
        thing = self.new_thing(ASSIGNMENT if row in bad_input.DATA else RESOURCE)
        request_id = self.next_id()
        tag = f"{self.prefix} {self.count} {leaks.REASON}"
        frame = bad_input.Frame({"id": request_id, "source": SOURCE, "type": thing[0]},
                                self.body(thing, tag))
        value, headers = row.make(frame)
        key = thing[1].encode()
        event = Event(key, value, list(headers), zlib.crc32(key) % PARTITIONS, request_id,
                      "rejected", row.code, row.dead, row.binary,
                      request_id if row.knows_id else None, tag, good=False)
        return event if row.name == "null ce_id" else self.extra_headers(event)


# Of a hundred events; what is left is a duplicate of an earlier one.
SHARES = [("submitted", 76), ("validated", 3), ("existing", 2), ("removal", 1), ("expired", 2),
          ("conflict", 1), ("bad", 5)]


def mixture(count, seed=1, prefix="e", shares=SHARES, reply_topics=()):
    """`count` events of all sorts, in the order in which they are sent."""
    maker = Maker(seed, prefix, reply_topics)
    names = [name for name, share in shares for _ in range(share)]
    names += ["duplicate"] * (100 - len(names))
    made, grants, again = [], [], []
    small = [row for row in bad_input.ROWS if row.name not in ("more than 1 MiB", "null ce_id")]
    for i in range(count):
        name = maker.random.choice(names) if len(grants) > 20 else "submitted"
        if name in ("existing", "conflict"):
            event = getattr(maker, name)(maker.random.choice(grants[-200:]))
        elif name == "duplicate":
            event = maker.duplicate(maker.random.choice(again[-200:]))
        elif name == "bad":
            event = maker.bad(small[i % len(small)])
        else:
            event = getattr(maker, name)()
        made.append(event)
        if name == "submitted":
            grants.append(event)
        if name in ("submitted", "validated", "existing", "removal"):
            again.append(event)
    return made


def after_crash(made):
    """A real request that was broken off is looked up. A resource's carries no time on beta, so it
    is only seen to be there: `existing` is honest too."""
    for event in made:
        if event.good and event.thing[0] == RESOURCE and event.outcome == "submitted":
            event.outcome = "submitted|existing"
    return made


def is_json_object(value):
    try:
        return isinstance(json.loads(value), dict)
    except (ValueError, TypeError):
        return False
