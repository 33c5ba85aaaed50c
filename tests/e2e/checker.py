"""Counts what became of the events: from the three topics, the sandbox's ledger and the offsets.

Pure: records in, Report out (topics.py reads them). It shares no code with the worker; what it asks
for is the contract's text. Each fault that it finds is a sentence in Report.problems.
"""
import collections
import json

from reply_checker import ReplyChecker, reply_data

Record = collections.namedtuple("Record", "topic partition offset key value headers timestamp")
DLT = "kafka_dlt-"


class World:
    """What was found: lists of Record, ledger entries (dicts), offsets by partition."""

    def __init__(self, requests, replies, dead_letters, ledger, committed, group="usher"):
        self.requests, self.replies, self.dead_letters = requests, replies, dead_letters
        self.ledger, self.committed, self.group = ledger, committed, group


class Report:
    def __init__(self):
        self.problems = []
        self.once = self.twice = self.unanswered = self.surplus = 0
        self.posts_most = self.submits_most = 0
        self.schema_checked = 0
        self.order_kept = self.posts_in_order = self.at_end = True
        self.outcomes = collections.Counter()

    def problem(self, text, *values):
        self.problems.append(text % values if values else text)

    @property
    def good(self):
        return not self.problems

    def line(self):
        return (f"answered once {self.once}, twice {self.twice}, not answered {self.unanswered}, "
                f"most real POSTs per event {self.posts_most}, "
                f"key order {'kept' if self.order_kept and self.posts_in_order else 'BROKEN'}, "
                f"offsets {'at the end' if self.at_end else 'BEHIND'}")

    def text(self):
        lines = [self.line(), f"outcomes: {dict(self.outcomes)}"]
        lines += ["  " + p for p in self.problems[:25]]
        if len(self.problems) > 25:
            lines.append(f"  … and {len(self.problems) - 25} more")
        return "\n".join(lines)


def header(record, name):
    """The last one of that name, as Spring does."""
    found = [value for n, value in record.headers if n == name]
    return found[-1] if found else None


def check(events, world):
    report = Report()
    by_place = {event.place: event for event in events}
    requests = {(r.partition, r.offset): r for r in world.requests}
    answers = match_replies(by_place, world, report)
    checker = ReplyChecker(report, world.group)
    for event in events:
        request = requests.get(event.place)
        if request is None:
            report.problem("event %s at %s is not on the topic", event.group, event.place)
            continue
        if event.good:
            checker.check_request(event)
        for reply in answers.get(event.place, []):
            checker.check(event, request, reply)
    report.schema_checked = checker.schema_checked
    check_groups(events, answers, report)
    check_order(by_place, world, report)
    check_ledger(events, answers, world, report)
    check_dead_letters(by_place, requests, answers, world, report)
    check_offsets(requests, world, report)
    return report


# ---- one reply each ------------------------------------------------------------------------------


def match_replies(by_place, world, report):
    """{place: [reply]}; counts once, twice and not answered."""
    answers = collections.defaultdict(list)
    for reply in world.replies:
        data = reply_data(reply)
        origin = (data or {}).get("origin")
        if not origin:
            report.problem("reply %s/%s/%s cannot be read", reply.topic, reply.partition,
                           reply.offset)
            continue
        answers[origin["partition"], origin["offset"]].append(reply)
        report.outcomes[data.get("outcome")] += 1
    for place, event in by_place.items():
        count = len(answers.get(place, []))
        report.once += count == 1
        report.twice += count > 1
        report.unanswered += count == 0
        if count != 1:
            report.problem("event %s at %s has %d replies", event.group, place, count)
    report.surplus = sum(place not in by_place for place in answers)
    if report.surplus:
        report.problem("%d replies are of no record that was sent", report.surplus)
    return answers


def alike(data):
    """What all replies of one event share."""
    return {k: v for k, v in data.items() if k not in ("duplicate", "origin")}


def check_groups(events, answers, report):
    """Records of one event: one is the first, the others are duplicates that say the same."""
    groups = collections.defaultdict(list)
    for event in events:
        groups[event.group] += [(event, reply_data(r)) for r in answers.get(event.place, [])]
    for name, members in groups.items():
        if len(members) < 2 or members[0][0].outcome == "expired":
            firsts = [d for _, d in members if d["duplicate"]]
            if firsts:
                report.problem("event %s is called a duplicate and is none", name)
            continue
        firsts = [event for event, data in members if not data["duplicate"]]
        if len({event.place for event in firsts}) != 1:
            report.problem("event %s has %d first answers", name, len(firsts))
        same_lane = len({event.partition for event, _ in members}) == 1
        if same_lane and firsts and firsts[0].offset != min(e.offset for e, _ in members):
            report.problem("event %s: a later record is called the first", name)
        texts = {json.dumps(alike(data), sort_keys=True) for _, data in members}
        if len(texts) != 1:
            report.problem("event %s: its duplicates are not answered alike", name)


# ---- order ---------------------------------------------------------------------------------------


def check_order(by_place, world, report):
    """Replies of one key in the order of its requests, on each partition that has several."""
    last = {}
    for reply in sorted(world.replies, key=lambda r: (r.topic, r.partition, r.offset)):
        origin = (reply_data(reply) or {}).get("origin") or {}
        place = origin.get("partition"), origin.get("offset")
        event = by_place.get(place)
        if event is None or event.key is None:
            continue
        lane = reply.topic, reply.partition, event.partition, event.key
        if place[1] < last.get(lane, -1):
            report.order_kept = False
            report.problem("replies of key %r are out of order at %s", event.key, place)
        last[lane] = place[1]


def check_post_order(by_tag, world, report):
    """POSTs about one thing, dry runs too: one event after the other within a partition."""
    last = {}
    for entry in sorted(world.ledger, key=lambda e: e["sequence"]):
        event = by_tag.get(entry.get("justification"))
        if event is None or event.thing is None:
            continue
        lane = event.partition, event.thing
        if event.offset < last.get(lane, -1):
            report.posts_in_order = False
            report.problem("POSTs about %s are out of order at %s", event.thing, event.place)
        last[lane] = event.offset


# ---- the ledger ----------------------------------------------------------------------------------


def check_ledger(events, answers, world, report):
    """Real requests: at most one for each event, one where it says `submitted`, none else."""
    applied, submits = collections.Counter(), collections.Counter()
    for entry in world.ledger:
        if entry["op"] == "submit":
            submits[entry.get("justification")] += 1
            applied[entry.get("justification")] += bool(entry["applied"])
    by_tag = {}
    for event in events:
        if event.tag and event.tag not in by_tag:
            by_tag[event.tag] = event
    for tag, event in by_tag.items():
        report.posts_most = max(report.posts_most, applied[tag])
        report.submits_most = max(report.submits_most, submits[tag])
        said = {reply_data(r)["outcome"] for r in answers.get(event.place, [])}
        if applied[tag] > 1:
            report.problem("event %s was granted %d times", tag, applied[tag])
        if applied[tag] > event.posts:
            report.problem("event %s must not be posted for real, and was", tag)
        if event.posts and said & {"submitted", "existing"} and applied[tag] != 1:
            report.problem("event %s says %s, and %d were applied", tag, said, applied[tag])
    for tag in set(applied) - set(by_tag):
        report.problem("the ledger has a real POST of no event: %s", tag)
    check_post_order(by_tag, world, report)


# ---- dead letters and offsets --------------------------------------------------------------------


def check_dead_letters(by_place, requests, answers, world, report):
    found = collections.defaultdict(list)
    for letter in world.dead_letters:
        partition = int.from_bytes(header(letter, DLT + "original-partition") or b"", "big")
        offset = int.from_bytes(header(letter, DLT + "original-offset") or b"", "big")
        found[partition, offset].append(letter)
    for place, event in by_place.items():
        replies = [reply_data(r) for r in answers.get(place, [])]
        due = event.dead or any(
            d["outcome"] in ("failed", "unknown") and not d["duplicate"] for d in replies)
        letters = found.pop(place, [])
        if len(letters) != due:
            report.problem("event %s at %s has %d dead letters, not %d", event.group, place,
                           len(letters), due)
        for letter in letters:
            if place in requests and replies:
                check_dead_letter(requests[place], replies[0], letter, world.group, report)
    if found:
        report.problem("%d dead letters are of no record that was sent", len(found))


def check_dead_letter(request, data, letter, group, report):
    error = data.get("error") or {"code": "", "message": "", "stage": ""}
    attempts = sum((data.get("attempts") or {}).values())
    expected = {
        "original-topic": request.topic.encode(),
        "original-partition": request.partition.to_bytes(4, "big"),
        "original-offset": request.offset.to_bytes(8, "big"),
        "original-timestamp": request.timestamp.to_bytes(8, "big"),
        "original-timestamp-type": b"CreateTime",
        "original-consumer-group": group.encode(),
        "exception-fqcn": ("usher." + error["code"]).encode(),
        "exception-message": error["message"].encode(),
    }
    expected = {DLT + name: value for name, value in expected.items()}
    expected |= {"usher-outcome": data["outcome"].encode(),
                 "usher-error-stage": error["stage"].encode(),
                 "usher-error-code": error["code"].encode(),
                 "usher-error-message": error["message"].encode(),
                 "usher-attempts": str(attempts).encode()}
    place = request.partition, request.offset
    for name, value in expected.items():
        if header(letter, name) != value:
            report.problem("dead letter of %s: %s is %r, not %r", place, name,
                           header(letter, name), value)
    if letter.headers[:len(request.headers)] != request.headers:
        report.problem("dead letter of %s: its own headers are changed", place)
    if letter.partition != request.partition or letter.timestamp != request.timestamp:
        report.problem("dead letter of %s: partition or timestamp is changed", place)
    whole = letter.value == request.value or header(letter, "usher-truncated") == b"true"
    if letter.key != request.key or not whole:
        report.problem("dead letter of %s: key or value is changed", place)


def check_offsets(requests, world, report):
    """Committed past the last record of each partition; markers may follow it."""
    last = collections.defaultdict(lambda: -1)
    for partition, offset in requests:
        last[partition] = max(last[partition], offset)
    for partition, offset in last.items():
        committed = world.committed.get(partition)
        if committed is None or committed <= offset:
            report.at_end = False
            report.problem("partition %d: committed %s, the last record is %d", partition,
                           committed, offset)
