#!/usr/bin/env python3
"""What became of what was submitted: each word that a status can say, one reprocess, and a worker
that is killed while it follows. Three worlds at the same time, for the waits are long."""
import collections
import json
import time

import events
import harness
import processes
import test_tenants
from reply_checker import header, validator
from topics import Follower

ON = {"enabled": True, "for": "11s", "settle": "1s", "looks_per_second": 100}
LIVES = {  # reason: (the states that Graph goes through, what the status says)
    "delivered": (["Submitted", "Delivering", "Delivered"], "delivered"),
    "denied": (["PendingApproval", "Denied"], "denied"),
    "canceled": (["Scheduled", "Canceled"], "canceled"),
    "failed": (["Delivering", "DeliveryFailed"], "deliveryFailed"),
    "partial": (["PartiallyDelivered"], "partiallyDelivered"),
    "undecided": (["PendingApproval"], "stillPending"),
    "strange": (["unknownFutureValue"], "stillPending"),
}
FAILING = {  # likewise: the states before a reprocess, those after it
    "healed": (["DeliveryFailed"], ["Delivering", "Delivered"], "delivered"),
    "hopeless": (["PartiallyDelivered"], ["DeliveryFailed"], "deliveryFailed"),
    "fine": (["Submitted", "Delivered"], None, "delivered"),
}
MANY = 40
GONE = 999999  # an offset that no record has


def data_of(record):
    return json.loads(record.value)["data"]


class FollowTest(harness.E2eCase):
    def open(self, name, tenants=False, **settings):
        world = test_tenants.TenantsTest.tenants_world(self, name) if tenants else self.world(name)
        world.settings = harness.merged(
            world.settings, {**settings, "kafka": {"status_topic": f"{name}-statuses"}})
        world.maker = events.Maker(5, name)
        world.statuses = f"{name}-statuses"
        world.topics.create([world.statuses], 2)
        return world

    def live(self, sandbox, *lives):
        answer = sandbox.post("/sandbox/lives", list(lives))
        self.assertEqual(204, answer.status, answer.raw)

    def event(self, world, tag, kind=events.ASSIGNMENT, **more):
        thing = world.maker.new_thing(kind)
        return world.maker.event(thing, world.maker.body(thing, tag, **more),
                                 "submitted" if not more else "validated", posts=int(not more))

    def watch(self, world):
        follower = Follower(world.topics, [world.statuses])
        world.followers.append(follower)
        return follower

    def check_status(self, world, record, replies):
        """One status against its schema and its reply. What it says."""
        status = json.loads(record.value)
        problems = [e.message for e in validator("status.schema.json").iter_errors(status)]
        self.assertEqual([], problems, record.value)
        reply = replies[status["id"].removesuffix("/status")]
        self.assertEqual((status["id"], status["source"]),
                         (reply["id"] + "/status", f"/usher/{world.group}"))
        data = status["data"]
        for name in ("requestId", "requestSource", "requestType", "origin"):
            self.assertEqual(reply["data"][name], data[name])
        self.assertEqual(reply["data"].get("graph", {}).get("id"), data.get("graphId"))
        self.assertEqual((reply["key"], "application/cloudevents+json", data["status"].encode()),
                         (record.key, header(record, "content-type").decode(),
                          header(record, "usher-status")))
        self.assertEqual(reply["correlation"], header(record, "kafka_correlationId"))
        return data

    def replies(self, world):
        """By id, whatever the mode."""
        found = {}
        for record in world.topics.read(world.replies):
            binary = header(record, "ce_id")
            whole = json.loads(record.value)
            reply = {"id": binary.decode(), "data": whole} if binary else whole
            reply["key"], reply["correlation"] = record.key, header(record, "kafka_correlationId")
            found[reply["id"]] = reply
        return found

    # ---- every word

    def start_words(self):
        world = self.open("words", follow=ON)
        self.live(world.sandbox, *({"justification": tag, "each_ms": 1500, "states": states}
                                   for tag, (states, _) in LIVES.items()))
        world.sandbox.faults({"match": {"op": "submit", "justification": "nameless"},
                              "action": {"garbage_body": True}})
        world.made = [self.event(world, tag) for tag in [*LIVES, "nameless"]]
        world.made += [self.event(world, "group", events.RESOURCE),
                       self.event(world, "only tried", isValidationOnly=True)]
        world.send(world.made)
        world.worker()
        return world

    def check_words(self, world):
        expected = {tag: word for tag, (_, word) in LIVES.items()}
        expected |= {"nameless": "stillPending", "group": "delivered"}
        by_id = {event.request_id: event.tag for event in world.made}
        watch = self.watch(world)
        watch.wait_for(len(expected), 25, world.alive)
        replies = self.replies(world)
        found = {}
        for record in watch.records:
            data = self.check_status(world, record, replies)
            found[by_id[data["requestId"]]] = data
        self.assertEqual(expected, {tag: data["status"] for tag, data in found.items()})
        self.assertEqual("noGraphId", found["nameless"]["error"]["code"])
        self.assertEqual("Denied", found["denied"]["graph"]["requestState"])
        looked = world.sandbox.call("GET", "/sandbox/ledger?summary=1").json["answers"]["look"]
        self.assertGreaterEqual(looked["200"], len(LIVES) + 2)
        worker = world.workers[0]
        self.assertEqual(0, self.settled(worker, "usher_follow_pending", 0))
        self.assertEqual(3, worker.metric('usher_follow_total{state="stillPending"}'))
        self.assertEqual([], world.redis.client.keys(f"{world.name}:follow:[elt]*"))
        self.assertEqual(0, worker.stop())

    def settled(self, worker, name, value):
        processes.wait_until(name, lambda: worker.metric(name) == value, 5)
        return value

    # ---- reprocess

    def start_reprocess(self):
        """Two tenants: each request is looked at, and reprocessed, in its own one's Graph."""
        world = self.open("again", True, follow={**ON, "for": "1h", "reprocess": True})
        for sandbox in world.graphs.values():
            self.live(sandbox, *({"justification": tag, "each_ms": 1000, "states": before,
                                  **({"again": after} if after else {})}
                                 for tag, (before, after, _) in FAILING.items()))
        world.made = [self.event(world, tag) for tag in FAILING]
        for i, event in enumerate(world.made):
            test_tenants.set_tenant(event, test_tenants.NAMES[i % 2])
        self.leave_behind(world)
        world.send(world.made)
        world.worker()
        return world

    def leave_behind(self, world):
        """One of a tenant that the settings named once; its time is over."""
        name = f"{world.requests}/0/{GONE}"
        entry = {"v": 1, "topic": world.requests, "partition": 0, "offset": GONE,
                 "kind": "accessPackageAssignmentRequest", "graphId": "g-1", "id": "e",
                 "source": "/s", "tenant": "gone", "since": "2020-01-01T00:00:00.000Z"}
        world.redis.client.hset(f"{world.name}:follow:entries", name, json.dumps(entry))
        world.redis.client.zadd(f"{world.name}:follow:look", {name: 1})

    def check_reprocess(self, world):
        watch = self.watch(world)
        watch.wait_for(len(FAILING) + 1, 25, world.alive)
        replies, by_id = self.replies(world), {e.request_id: e.tag for e in world.made}
        gone = [r for r in watch.records if data_of(r)["origin"]["offset"] == GONE]
        self.assertEqual([("stillPending", "unknownTenant")],
                         [(data_of(r)["status"], data_of(r)["error"]["code"]) for r in gone])
        found = {}
        for record in [r for r in watch.records if r not in gone]:
            data = self.check_status(world, record, replies)
            found[by_id[data["requestId"]]] = (data["status"], data["reprocessed"])
        self.assertEqual({tag: (word, after is not None)
                          for tag, (_, after, word) in FAILING.items()}, found)
        for sandbox in world.graphs.values():
            answers = sandbox.call("GET", "/sandbox/ledger?summary=1").json["answers"]
            self.assertEqual({"202": 1}, answers["reprocess"])
            self.assertEqual({"200"}, set(answers["look"]))

    # ---- killed

    def start_killed(self):
        world = self.open("killed", follow={**ON, "for": "1h"})
        self.live(world.sandbox, {"justification": "", "each_ms": 6500,
                                  "states": ["Submitted", "Delivered"]})
        world.made = [self.event(world, f"life {i}") for i in range(MANY)]
        world.send(world.made)
        world.worker("w1")
        world.wait_answers(MANY, 20)
        world.wait_committed()
        return world

    def kill(self, world):
        """Nothing has been told yet, and no offset waits for it. Then the worker that has the
        entries dies twice: before it has told one, and when it has told some."""
        watch = self.watch(world)
        self.assertEqual(0, watch.poll())
        committed = world.topics.committed(world.group, world.requests)
        self.assertEqual(MANY, sum(committed.values()))
        self.assertEqual(MANY, world.redis.client.hlen(f"{world.name}:follow:entries"))
        key = f"{world.name}:follow:look"
        leased = time.time() * 1000 + 4000  # a lease is 6 s long, and a look due in 5 at most
        processes.wait_until("one is taken",
                             lambda: world.redis.client.zcount(key, leased, "+inf"), 10, 0.002)
        world.workers.pop().kill()
        world.worker("w2")
        watch.wait_for(1, 20, world.alive)
        world.workers.pop().kill()
        world.worker("w3")
        return watch

    def check_killed(self, world, watch):
        ids = set()
        end = time.monotonic() + 25
        while len(ids) < MANY:
            watch.poll()
            ids = {json.loads(record.value)["id"] for record in watch.records}
            self.assertLess(time.monotonic(), end, f"{len(ids)} of {MANY} statuses")
            world.alive()
        replies = self.replies(world)
        words = collections.Counter(self.check_status(world, r, replies)["status"]
                                    for r in watch.records)
        self.assertEqual({"delivered"}, set(words))
        self.assertEqual(len(ids), len({record.value for record in watch.records}),
                         "a status that comes twice is the same")
        self.assertEqual(0, self.settled(world.workers[0], "usher_follow_pending", 0))
        self.assert_good(world.check(world.made))
        harness.figure("e2e follow, killed twice",
                       f"{len(ids)} statuses, {len(watch.records) - len(ids)} of them twice")

    def test_statuses(self):
        began = time.monotonic()
        words, again, killed = self.start_words(), self.start_reprocess(), self.start_killed()
        watch = self.kill(killed)
        self.check_words(words)
        self.check_reprocess(again)
        self.check_killed(killed, watch)
        harness.figure("e2e follow", f"{time.monotonic() - began:.0f} s")

    def test_topic_is_missing(self):
        world = self.world("missing", follow=ON, kafka={"status_topic": "nowhere"})
        worker = world.worker()
        self.assertEqual(78, worker.process.wait(30))
        self.assertIn('kafka.status_topic: there is no topic \\"nowhere\\"', worker.tail())
        world.workers.clear()


if __name__ == "__main__":
    harness.main()
