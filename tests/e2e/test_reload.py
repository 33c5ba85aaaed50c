#!/usr/bin/env python3
"""SIGHUP under load: settings change in flight, a bad file changes nothing, nothing is lost."""
import signal
import time

import events
import harness
import processes

SUCCESS = "usher_config_last_reload_successful"
SUCCESS_TIME = "usher_config_last_reload_success_timestamp_seconds"


def lines(worker, action):
    return [line for line in harness.log_lines(worker.log) if line.get("event.action") == action]


def hang_up(worker, action):
    """SIGHUP; the message of the line that it leads to."""
    before = len(lines(worker, action))
    worker.signal(signal.SIGHUP)
    processes.wait_until(action, lambda: len(lines(worker, action)) > before)
    return lines(worker, action)[-1]["message"]


def reload(worker, **settings):
    """These settings, on top of what is in the file."""
    worker.write(harness.merged(worker.settings(), settings))
    return hang_up(worker, "config.reloaded")


class ReloadTest(harness.E2eCase):
    def at_work(self, worker):
        return sum(worker.in_flight(stage) for stage in
                   ("claim", "dry_run", "mark", "submit", "look", "record", "reply"))

    def test_policy_in_flight(self):
        """What was taken in goes on by the old policy, what comes then is judged by the new one."""
        world = self.world(graph={"in_flight": 16})
        world.sandbox.settings(latency_ms=1000)  # the first third alone takes 12 s
        maker = events.Maker(6, world.name)
        made = [maker.submitted() for _ in range(300)]
        worker = world.worker()
        worker.wait_ready()
        follower = world.follow()
        world.send(made)
        processes.wait_until("all are taken in", lambda: worker.metric(
            "messaging_client_consumed_messages_total") >= len(made), 20)
        self.assertGreater(self.at_work(worker), 150)
        said = reload(worker, policy={"kinds": ["accessPackageResourceRequest"]})
        self.assertIn("1 settings have changed", said)
        self.assertIn("policy.kinds", lines(worker, "config.changed")[-1]["message"])
        self.assertGreater(self.at_work(worker), 100)  # it was in flight
        world.sandbox.settings(latency_ms=20)
        later = [maker.submitted() for _ in range(100)]
        for event in later:
            if event.thing[0] == events.ASSIGNMENT:
                event.outcome, event.code, event.posts = "rejected", "notAllowed", 0
        world.send(later)
        world.wait_answers(400, 60, follower)
        report = world.check(made + later)
        self.assert_good(report)
        harness.figure("e2e reload of the policy", report.line())

    def test_reply_topics(self):
        """One more topic is allowed, then none: under load, and no reply goes astray."""
        world = self.world(kafka={"reply_topics_allowed": []})
        world.sandbox.settings(latency_ms=20)
        worker = world.worker()
        worker.wait_ready()
        follower = world.follow()
        rounds = [([], world.replies), ([world.other], world.other),
                  ([world.other, "none"], world.other), ([], world.replies)]
        made = []
        for i, (allowed, topic) in enumerate(rounds):
            if i > 0:
                reload(worker, kafka={"reply_topics_allowed": allowed})
            maker = events.Maker(20 + i, f"{world.name}-{i}")
            more = [maker.submitted() for _ in range(100)]
            for event in more[::2]:
                event.headers.append(("kafka_replyTopic", world.other.encode()))
                event.reply_topic = topic
            made += more
            world.send(more)
            world.wait_answers(len(made), 30, follower)
        missing = lines(worker, "kafka.topic_missing")[0]["message"]
        self.assertIn('"none" is not to be had', missing)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual(0, worker.stop())
        harness.figure("e2e reload of the reply topics", report.line())

    def writes_in(self, world, seconds):
        """How many there are in so many seconds, however late we are: at least and at most."""
        begins = time.monotonic()
        before = len(world.sandbox.ledger())
        began = time.monotonic()
        time.sleep(seconds)
        ends = time.monotonic()
        count = len(world.sandbox.ledger()) - before
        ended = time.monotonic()
        return count * seconds / (ended - begins), count * seconds / (ends - began)

    def test_rate(self):
        """From no limit to a low one and back, with hundreds of events at work."""
        world = self.world()
        world.sandbox.settings(latency_ms=20)
        maker = events.Maker(7, world.name)
        worker = world.worker(graph={"writes_per_second": 10})
        worker.wait_ready()
        follower = world.follow()
        made = [maker.submitted() for _ in range(250)]
        world.send(made)
        world.wait_answers(5, 20, follower)
        slow, most = self.writes_in(world, 2)
        self.assertTrue(8 < most and slow < 32, (slow, most))
        reload(worker, graph={"writes_per_second": 40})
        processes.wait_until("Redis grants it", lambda: (
            worker.metric('usher_write_rate_limit{of="worker"}') or 0) > 35)
        faster, most = self.writes_in(world, 2)
        self.assertTrue(50 < most and faster < 100, (faster, most))
        reload(worker, graph={"writes_per_second": 2})
        slowest, _ = self.writes_in(world, 2)
        self.assertLess(slowest, 12)
        reload(worker, graph={"writes_per_second": 0, "retry_for": "10m"})
        world.wait_answers(len(made), 20 * harness.SLOWNESS, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure("e2e reload of the rate", (
            f"in 2 s {slow:.0f} at 10/s, {faster:.0f} at 40/s, {slowest:.0f} at 2/s, then no "
            f"limit; {report.line()}"))

    def test_bad_file(self):
        """A bad file changes nothing and is said whole; the next good one counts."""
        world = self.world(policy={"removals": False})
        maker = events.Maker(8, world.name)
        worker = world.worker()
        worker.wait_ready()
        good = worker.settings()
        began = worker.metric(SUCCESS_TIME)
        self.assertEqual(1, worker.metric(SUCCESS))
        bad = harness.merged(good, {"policy": {"removals": True}, "log": {"level": "debug"},
                                    "drain": "soon", "graph": {"settel": "1s"}})
        worker.write(bad)
        said = hang_up(worker, "config.refused")
        self.assertRegex(said, r"w1\.yaml:\d+:\d+: drain: \"soon\" is no duration")
        self.assertRegex(said, r"graph\.settel: there is no such setting; did you mean graph\.s")
        self.assertEqual(0, worker.metric(SUCCESS))
        self.assertEqual(began, worker.metric(SUCCESS_TIME))
        worker.write({})  # all defaults, if it counted: every policy is open
        self.assertIn("graph.tenant_id: is needed", hang_up(worker, "config.refused"))
        self.assertEqual([], lines(worker, "request.moved"))  # no debug
        removal = maker.removal()
        removal.outcome, removal.code, removal.posts = "rejected", "notAllowed", 0
        made = [maker.submitted(), removal]
        world.send(made)
        world.wait_answers(2, 20)

        worker.write(harness.merged(bad, {"drain": "5s", "graph": {"settel": "1s"}}) | {
            "graph": good["graph"] | {"timeout": "2s"},
            "kafka": good["kafka"] | {"group": "another"}})
        said = hang_up(worker, "config.restart_needed")
        self.assertTrue(said.endswith(": kafka.group, graph.timeout"), said)
        self.assertEqual(1, worker.metric(SUCCESS))
        self.assertGreater(worker.metric(SUCCESS_TIME), began)
        more = [maker.submitted(), maker.removal()]
        world.send(more)
        world.wait_answers(4, 20)
        self.assertNotEqual([], lines(worker, "request.moved"))
        self.assert_good(world.check(made + more))
        self.assertEqual(0, worker.stop())

    def test_many_in_a_row(self):
        """A hundred under load, every other one bad: nothing is lost, and nothing leaks."""
        world = self.world(graph={"in_flight": 64})
        world.sandbox.settings(latency_ms=20)
        made = events.after_crash(events.mixture(600, 9, world.name, reply_topics=[world.other]))
        worker = world.worker()
        worker.wait_ready()
        good = worker.settings()
        follower = world.follow()
        world.send(made)
        kinds = ["accessPackageAssignmentRequest", "accessPackageResourceRequest"]
        for i in range(100):
            worker.write(harness.merged(good, {
                "policy": {"kinds": kinds[::1 if i % 4 else -1]}, "drain": "9s" if i % 2 else "x",
                "graph": {"writes_per_second": 1000 * (i % 3), "retry_attempts": 5 + i % 4}}))
            worker.signal(signal.SIGHUP)
            time.sleep(0.02)
        worker.write(good)
        hang_up(worker, "config.reloaded")
        self.assertEqual(1, worker.metric(SUCCESS))
        world.wait_answers(len(made), 40 * harness.SLOWNESS, follower)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual(0, worker.stop())  # the sanitizer's word on leaks too
        harness.figure("e2e reload, 100 in a row", report.line())


if __name__ == "__main__":
    harness.main()
