#!/usr/bin/env python3
"""The main job: 10,000 events of all sorts through a worker, counted by the checker."""
import json
import time

import audit
import events
import harness

COUNT = 10000


class MainJobTest(harness.E2eCase):
    program = harness.RELEASE

    def test_ten_thousand_events(self):
        world = self.world("main")
        made = events.mixture(COUNT, seed=20261121, prefix="main", reply_topics=[world.other])
        world.send(made)
        follower = world.follow()
        worker = world.worker()
        worker.wait_ready()
        began = time.monotonic()
        world.wait_answers(COUNT, 90, follower)
        took = time.monotonic() - began
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual((COUNT, 0, 0, 1), (report.once, report.twice, report.unanswered,
                                            report.submits_most))
        began = time.monotonic()
        audit.check(self, world, COUNT)
        harness.figure("e2e audit", f"{COUNT} records in {time.monotonic() - began:.1f} s")
        self.assertEqual(0, worker.stop())
        self.check_log(world, worker)
        harness.figure("e2e", f"{report.line()}, {COUNT / took:.0f} events/s "
                              f"({report.schema_checked} messages valid by their schemas)")

    def check_log(self, world, worker):
        """One line an event at info, each a JSON object, and nothing at error."""
        lines = harness.log_lines(worker.log)
        answered = [line for line in lines if line.get("event.action") == "request.answered"]
        self.assertEqual(COUNT, len(answered), json.dumps(lines[:3]))
        self.assertEqual([], [line for line in lines if line.get("log.level") == "error"])
        posts = {(e["requestId"], e["clientRequestId"]) for e in world.sandbox.ledger()}
        submitted = [line for line in answered if line["usher.outcome"] == "submitted"
                     and not line.get("usher.duplicate")]
        self.assertTrue(submitted)
        for line in submitted:  # what Microsoft's support asks for
            self.assertIn((line["usher.graph_request_id"], line["usher.client_request_id"]), posts)
            self.assertIn("ServerInfo", json.loads(line["usher.graph_diagnostic"]))


if __name__ == "__main__":
    harness.main()
