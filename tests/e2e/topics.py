"""Kafka as the tests use it: send records, read topics with read_committed, ask for offsets."""
import logging
import subprocess
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from checker import Record

logging.getLogger("kafka").setLevel(logging.CRITICAL)
RECORD_MOST = 4 << 20


class Topics:
    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def create(self, names, partitions=4, **config):
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics([NewTopic(name=name, num_partitions=partitions, replication_factor=1,
                                      topic_configs={k.replace("_", "."): str(v)
                                                     for k, v in config.items()})
                             for name in names])
        admin.wait_for_topics(list(names))  # the broker hears of them after the controller
        admin.close()

    def producer(self, **more):
        return KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5, acks="all",
                             max_request_size=RECORD_MOST, **more)

    def send(self, topic, events, producer=None):
        """Sends them in order, and writes into each where it came to stand."""
        own = producer or self.producer()
        sent = []
        for event in events:
            if any(value is None for _, value in event.headers):
                own.flush()
                self.send_by_kcat(topic, event)
                continue
            sent.append((event, own.send(topic, key=event.key, value=event.value,
                                         headers=event.headers, partition=event.partition)))
        own.flush()
        for event, future in sent:
            event.offset = future.get(30).offset
        if producer is None:
            own.close()

    def send_by_kcat(self, topic, event):
        """For headers without a value, which kafka-python cannot send."""
        headers = [part for name, value in event.headers for part in (
            "-H", name if value is None else f"{name}={value.decode()}")]
        subprocess.run(["kcat", "-P", "-b", self.bootstrap, "-t", topic, "-p", str(event.partition),
                        "-k", event.key.decode(), *headers], input=event.value, check=True,
                       timeout=20)
        event.offset = self.ends(topic)[event.partition] - 1

    def consumer(self, isolation="read_committed", **more):
        return KafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level=isolation,
                             enable_auto_commit=False, max_poll_records=5000,
                             fetch_max_wait_ms=20, **more)

    def partitions(self, consumer, topic):
        return [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]

    def read(self, topic, isolation="read_committed"):
        """All that is on it now. With read_committed: up to the last stable offset."""
        consumer = self.consumer(isolation)
        parts = self.partitions(consumer, topic)
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        records = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for batch in consumer.poll(timeout_ms=200).values():
                records += [record_of(message) for message in batch]
        consumer.close()
        return records

    def committed(self, group, topic):
        """{partition: offset} of the group; None where nothing is committed."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        found = admin.list_group_offsets(group)
        admin.close()
        offsets = found.get(group, found)
        return {part.partition: meta.offset for part, meta in offsets.items()
                if part.topic == topic and meta.offset >= 0}

    def ends(self, topic):
        consumer = self.consumer("read_uncommitted")
        ends = consumer.end_offsets(self.partitions(consumer, topic))
        consumer.close()
        return {part.partition: offset for part, offset in ends.items()}


class Follower:
    """Counts the replies as they are committed."""

    def __init__(self, topics, names, **more):
        self.consumer = topics.consumer(**more)
        self.consumer.assign([p for n in names for p in topics.partitions(self.consumer, n)])
        self.consumer.seek_to_beginning()
        self.records = []

    def poll(self, seconds=0.05):
        for batch in self.consumer.poll(timeout_ms=int(seconds * 1000)).values():
            self.records += [record_of(message) for message in batch]
        return len(self.records)

    def wait_for(self, count, seconds, check=lambda: None):
        """Until so many replies are there; calls `check` between polls. Seconds that it took."""
        began = time.monotonic()
        while self.poll() < count:
            check()
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{len(self.records)} of {count} replies in {seconds} s")
        return time.monotonic() - began

    def close(self):
        self.consumer.close()


def record_of(message):
    return Record(message.topic, message.partition, message.offset, message.key, message.value,
                  list(message.headers), message.timestamp)
