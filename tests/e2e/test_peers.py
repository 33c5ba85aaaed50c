#!/usr/bin/env python3
"""The CloudEvents SDK for Python as a peer: it writes the requests and reads the replies, in both
modes. tests/spring does the same with the one for Java."""
import datetime
import json
import zlib

from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

import events
import harness

EACH = 40  # events in each mode
HEADER = "kafka_correlationId"


def as_message(record):
    """Without headers of others: the SDK takes them all for UTF-8, and Spring's id is 16 bytes."""
    headers = {n: v for n, v in record.headers if n.startswith("ce_") or n == "content-type"}
    return kafka.KafkaMessage(headers=headers, key=record.key, value=record.value)


def request(event):
    """What the SDK makes of an event of the harness, which then knows its bytes."""
    attributes = {n[3:]: v.decode() for n, v in event.headers if n.startswith("ce_")}
    correlation = f"flow-{event.request_id}" if zlib.crc32(event.key) % 2 else None
    attributes |= {"datacontenttype": "application/json", "specversion": "1.0",
                   "time": datetime.datetime(2026, 3, 1, 8, 30, tzinfo=datetime.timezone.utc),
                   **({"correlationid": correlation} if correlation else {})}
    asked = CloudEvent(attributes, json.loads(event.value))
    write = kafka.to_binary_event if event.binary else kafka.to_structured_event
    message = write(asked, key_mapper=lambda _: event.key)
    event.value = message.value
    event.headers = [*message.headers.items(),
                     *((n, v) for n, v in event.headers if n in ("traceparent", HEADER))]
    return asked


class PeersTest(harness.E2eCase):
    def make(self):
        maker, asked = events.Maker(46, "peer"), []
        for i in range(2 * EACH):
            event = maker.submitted(binary=True)  # its attributes apart from its data
            event.binary = i % 2 == 0
            asked.append((event, request(event)))
        return asked

    def check(self, world, event, asked, record):
        """A reply, as the SDK reads it: it refuses what breaks CloudEvents' rules."""
        read = kafka.from_binary_event if event.binary else kafka.from_structured_event
        reply = read(as_message(record))
        self.assertEqual(reply.get_attributes(),
                         kafka.from_kafka_event(as_message(record)).get_attributes(),
                         "the SDK sees the mode by itself")
        place = f"{world.requests}/{event.partition}/{event.offset}"
        self.assertEqual((f"{place}/reply", f"/usher/{world.group}", "usher.accessRequestReply"),
                         (reply.get_id(), reply.get_source(), reply.get_type()))
        self.assertEqual("1.0", reply.get_specversion())
        self.assertEqual("application/json", reply.get_datacontenttype())
        self.assertEqual(asked.get_subject(), reply.get_subject())
        self.assertIsInstance(reply.get_time(), datetime.datetime)
        self.assertEqual(asked.get_id(), reply.get_extension("causationid"))
        own = asked.get_extension("correlationid")
        self.assertEqual(own or asked.get_id(), reply.get_extension("correlationid"))
        data = reply.get_data()
        self.assertEqual((asked.get_id(), asked.get_source(), asked.get_type()),
                         (data["requestId"], data["requestSource"], data["requestType"]))
        self.assertEqual("submitted", data["outcome"])
        return own is not None

    def test_requests_and_replies(self):
        world = self.world()
        asked = self.make()
        made = [event for event, _ in asked]
        world.worker().wait_ready()
        world.send(made)
        follower = world.follow()
        world.wait_answers(len(made), 40, follower)
        replies = {}
        for record in follower.records:
            attributes = kafka.from_kafka_event(as_message(record))
            replies[attributes.get_id()] = record
        own = sum(self.check(world, event, attributes, replies[
            f"{world.requests}/{event.partition}/{event.offset}/reply"])
                  for event, attributes in asked)
        self.assertTrue(0 < own < len(made), "some have a correlationid, and some have none")
        report = world.check(made)
        self.assert_good(report)
        harness.figure("CloudEvents SDK", f"{len(made)} requests and replies, {EACH} in each mode, "
                                          f"{own} with a correlationid; {report.line()}")


if __name__ == "__main__":
    harness.main()
