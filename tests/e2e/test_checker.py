#!/usr/bin/env python3
"""The checker itself: it passes a perfect world and reports each way in which one can be broken."""
import json
import random

import checker
import events
import fake_replier
import harness
from topics import Topics


def change(reply, **members):
    """A reply with members of its data replaced; None takes one out."""
    whole = json.loads(reply.value)
    data = whole if checker.header(reply, "ce_id") else whole["data"]
    data |= members
    for name in [n for n, v in members.items() if v is None]:
        del data[name]
    return reply._replace(value=json.dumps(whole).encode())


def find(world, test):
    """The index of the first reply for which it holds."""
    return next(i for i, r in enumerate(world.replies) if test(checker.reply_data(r), r))


def at(test, **members):
    def break_it(made, world):
        i = find(world, test)
        world.replies[i] = change(world.replies[i], **members)
    return break_it


def is_(outcome):
    return lambda data, reply: data["outcome"] == outcome


def lose_reply(made, world):
    del world.replies[17]


def double_reply(made, world):
    world.replies.append(world.replies[17]._replace(offset=10**6))


def reply_of_nothing(made, world):
    world.replies.append(change(world.replies[17], origin={
        "topic": "requests", "partition": 0, "offset": 10**6})._replace(offset=10**6))


def swap_replies(made, world):
    """Two of one key change places."""
    last = {}
    for i, reply in enumerate(world.replies):
        j = last.get((reply.topic, reply.partition, reply.key))
        if j is not None:
            first, second = world.replies[j], world.replies[i]
            world.replies[j] = first._replace(offset=second.offset)
            world.replies[i] = second._replace(offset=first.offset)
            return
        last[reply.topic, reply.partition, reply.key] = i


def swap_posts(made, world):
    """An event for the same thing is posted before the one that was sent first."""
    second = next(e for e in made if e.outcome == "existing" and e.thing[2])
    world.ledger.insert(0, {"sequence": -1, "op": "dry_run", "justification": second.tag,
                            "applied": False})


def post_twice(made, world):
    entry = next(e for e in world.ledger if e["op"] == "submit")
    world.ledger.append({**entry, "sequence": 10**6})


def post_a_dry_one(made, world):
    event = next(e for e in made if e.outcome == "validated")
    world.ledger.append({"sequence": 10**6, "op": "submit", "justification": event.tag,
                         "applied": True})


def submitted_without_post(made, world):
    first = world.ledger[0]["justification"]
    world.ledger = [e for e in world.ledger if e["justification"] != first]


def lose_letter(made, world):
    del world.dead_letters[0]


def double_letter(made, world):
    world.dead_letters.append(world.dead_letters[0])


def letter_too_many(made, world):
    event = next(e for e in made if e.outcome == "submitted")
    request = next(r for r in world.requests if (r.partition, r.offset) == event.place)
    event.code = "x"
    world.dead_letters.append(fake_replier.letter_of(event, request, world.group))
    event.code = None


def letter_offset_as_text(made, world):
    letter = world.dead_letters[0]
    headers = [(n, str(int.from_bytes(v, "big")).encode() if n == "kafka_dlt-original-timestamp"
                else v) for n, v in letter.headers]
    world.dead_letters[0] = letter._replace(headers=headers)


def letter_value_changed(made, world):
    world.dead_letters[-1] = world.dead_letters[-1]._replace(value=b"{}")


def letter_header_lost(made, world):
    i = next(i for i, r in enumerate(world.dead_letters) if r.headers[0][0] == "content-type")
    letter = world.dead_letters[i]
    world.dead_letters[i] = letter._replace(headers=letter.headers[1:])


def offset_behind(made, world):
    world.committed[2] -= 1


def offset_missing(made, world):
    del world.committed[3]


def without_header(name):
    def break_it(made, world):
        i = find(world, lambda data, reply: checker.header(reply, name) is not None)
        kept = [(n, v) for n, v in world.replies[i].headers if n != name]
        world.replies[i] = world.replies[i]._replace(headers=kept)
    return break_it


def mode_changed(made, world):
    i = find(world, lambda data, reply: checker.header(reply, "ce_id") is not None)
    reply = world.replies[i]
    attributes = {n[3:]: v.decode() for n, v in reply.headers if n.startswith("ce_")}
    headers = [(n, v) for n, v in reply.headers if not n.startswith(("ce_", "content-type"))]
    headers.append(("content-type", b"application/cloudevents+json"))
    value = json.dumps({**attributes, "data": json.loads(reply.value)}).encode()
    world.replies[i] = reply._replace(headers=headers, value=value)


def wrong_topic(made, world):
    i = next(i for i, e in enumerate(made) if e.reply_topic)
    world.replies[i] = world.replies[i]._replace(topic="replies", offset=10**6)


BREAKS = {
    "a reply is lost": lose_reply,
    "a reply is doubled": double_reply,
    "a reply of no record": reply_of_nothing,
    "replies of a key are swapped": swap_replies,
    "POSTs about a thing are swapped": swap_posts,
    "a real POST is made twice": post_twice,
    "a validate-only event is posted": post_a_dry_one,
    "submitted without a POST": submitted_without_post,
    "a dead letter is lost": lose_letter,
    "a dead letter is doubled": double_letter,
    "a dead letter too many": letter_too_many,
    "a number as text in a dead letter": letter_offset_as_text,
    "a dead letter's value is changed": letter_value_changed,
    "a dead letter's header is lost": letter_header_lost,
    "an offset is behind": offset_behind,
    "an offset is missing": offset_missing,
    "the correlation id is lost": without_header("kafka_correlationId"),
    "the outcome header is lost": without_header("usher-outcome"),
    "the mode is changed": mode_changed,
    "the reply topic is not honoured": wrong_topic,
    "an outcome is wrong": at(is_("submitted"), outcome="failed"),
    "a code is wrong": at(is_("rejected"), error={"stage": "admit", "code": "x", "message": "y"}),
    "an error is missing": at(is_("expired"), error=None),
    "graph is missing": at(is_("submitted"), graph=None),
    "a duplicate is not called so": at(lambda d, r: d["duplicate"], duplicate=False),
    "a first is called a duplicate": at(is_("validated"), duplicate=True),
    "a duplicate is answered otherwise": at(lambda d, r: d["duplicate"], graph={"id": "other"}),
    "an id is wrong": at(is_("existing"), requestId="other"),
    "a time is no time": at(is_("submitted"), finishedAt="now"),
}


class CheckerTest(harness.unittest.TestCase):
    def make(self):
        made = events.mixture(600, seed=3, reply_topics=["replies-b"])
        return made, fake_replier.perfect_world(made)

    def test_perfect_world(self):
        made, world = self.make()
        random.Random(1).shuffle(world.replies)
        report = checker.check(made, world)
        self.assertTrue(report.good, report.text())
        self.assertEqual((600, 0, 0, 1), (report.once, report.twice, report.unanswered,
                                          report.posts_most))

    def test_each_break_is_reported(self):
        for name, break_it in BREAKS.items():
            with self.subTest(name):
                made, world = self.make()
                break_it(made, world)
                self.assertFalse(checker.check(made, world).good, name)
        harness.figure("e2e checker", f"{len(BREAKS)} broken worlds, each reported")

    def test_mixture(self):
        """As many of each sort as the issue asks for, and the same for the same seed."""
        made = events.mixture(10000)
        self.assertEqual(made, events.mixture(10000))
        groups = len({event.group for event in made})
        bad = sum(not event.good for event in made)
        self.assertTrue(900 <= len(made) - groups <= 1200, len(made) - groups)
        self.assertTrue(400 <= bad <= 600, bad)
        self.assertTrue(all(events.is_json_object(event.value) for event in made if event.good))


class ReadCommittedTest(harness.E2eCase):
    def test_aborted_records_are_hidden(self):
        topics = Topics(self.kafka.brokers)
        topics.create(["t"], partitions=1)
        producer = topics.producer(transactional_id="checker")
        producer.init_transactions()
        for value, end in ((b"1", producer.commit_transaction), (b"2", producer.abort_transaction),
                           (b"3", producer.commit_transaction)):
            producer.begin_transaction()
            producer.send("t", value=value, partition=0)
            producer.flush()
            end()
        self.assertEqual([b"1", b"3"], [r.value for r in topics.read("t")])
        everything = topics.read("t", "read_uncommitted")
        self.assertEqual([b"1", b"2", b"3"], [r.value for r in everything])
        self.assertEqual({0: 6}, topics.ends("t"))  # with a marker behind each
        producer.begin_transaction()
        producer.send("t", value=b"4", partition=0)
        producer.flush()
        self.assertEqual([b"1", b"3"], [r.value for r in topics.read("t")])
        producer.abort_transaction()
        producer.close()


if __name__ == "__main__":
    harness.main()
