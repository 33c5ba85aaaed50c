"""Events that flow while faults happen: one thread sends them, one watches the replies come.

Each record carries the header `campaign-n`, its number: by it Load.place() finds at the end where
the record came to stand, whatever the producer heard of it from a broker that was killed.
"""
import threading
import time
import zlib

import events
from reply_checker import reply_data
from topics import Follower, record_of

LANES = 256  # keys: many at work at once, and several records of each
UNANSWERED_MOST = 1500  # then the sending waits: a fault must not grow into a flood
MADE_MOST = 80000
NUMBER = "campaign-n"
# Without `existing` and `removal`, where the sandbox grants whatever it is asked for.
GRANTS_ALL_SHARES = [("submitted", 74), ("validated", 5), ("expired", 3), ("conflict", 3),
                     ("bad", 7)]
# And without what only a Redis that keeps everything can know.
FORGETFUL_SHARES = [("submitted", 84), ("validated", 6), ("expired", 3), ("bad", 7)]


def make(count, seed, world, shares):
    """The first of them are the same whatever the count: sending stops where the part is over."""
    made = events.after_crash(events.mixture(count, seed, world.name, shares, [world.other]))
    for number, event in enumerate(made):
        lane = zlib.crc32(event.key) % LANES
        event.key = b"lane-%03d" % lane
        event.partition = lane % world.partitions
        event.headers = [*event.headers, (NUMBER, b"%d" % number)]
        event.sent = None
    return made


class Load:
    def __init__(self, world, made, rate):
        self.world, self.made, self.rate = world, made, rate
        self.sent = 0
        self.arrived = {}  # {place: when its first reply was seen}
        self.arrivals = []  # (when, partition of the request), in order
        self.granting = set()  # the partitions of which a request was submitted
        self.errors = []
        self.stopping, self.closing = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self.guard, args=(work,), daemon=True)
                        for work in (self.send_all, self.watch)]
        for thread in self.threads:
            thread.start()

    def guard(self, work):
        try:
            work()
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(f"{work.__name__}: {error!r}")

    # ---- sending -----------------------------------------------------------------------------

    def send_all(self):
        producer = self.world.topics.producer(reconnect_backoff_max_ms=1000,
                                              delivery_timeout_ms=300000)
        due = time.monotonic()
        for event in self.made:
            while self.sent - len(self.arrived) > UNANSWERED_MOST and not self.stopping.is_set():
                time.sleep(0.05)
                due = time.monotonic()
            due += 1 / self.rate
            if self.stopping.wait(max(0, due - time.monotonic())):
                break
            event.sent = time.time()
            producer.send(self.world.requests, key=event.key, value=event.value,
                          headers=event.headers, partition=event.partition)
            self.sent += 1
        producer.flush(timeout=300)
        producer.close()

    def stop(self):
        """No more are sent; those that were are on the topic."""
        self.stopping.set()
        self.threads[0].join(330)
        if self.threads[0].is_alive():
            raise AssertionError("the producer does not come to an end")

    def place(self):
        """Finds the events on the topic; the list of those that are there, in order of sending."""
        placed = []
        for record in self.world.topics.read(self.world.requests):
            number = int(next(value for name, value in record.headers if name == NUMBER))
            event = self.made[number]
            if event.offset is not None:
                raise AssertionError(f"the producer has sent event {number} twice")
            event.offset = record.offset
            placed.append(number)
        return [self.made[number] for number in sorted(placed)]

    # ---- watching ----------------------------------------------------------------------------

    def watch(self):
        follower = Follower(self.world.topics, [self.world.replies, self.world.other],
                            reconnect_backoff_max_ms=1000)
        while not self.closing.is_set():
            for batch in follower.consumer.poll(timeout_ms=50).values():
                for message in batch:
                    self.note(reply_data(record_of(message)) or {})
        follower.close()

    def note(self, data):
        origin = data.get("origin")
        if not origin:
            return
        if data.get("outcome") == "submitted":
            self.granting.add(origin["partition"])
        place, now = (origin["partition"], origin["offset"]), time.time()
        if place not in self.arrived:
            self.arrived[place] = now
            self.arrivals.append((now, place[0]))

    def close(self):
        self.stopping.set()
        self.closing.set()
        for thread in self.threads:
            thread.join(30)
