#!/usr/bin/env python3
"""Real requests on v1.0, dry runs on beta; events of either shape. By the sandbox's ledger."""
import collections
import copy
import json

import events
import harness
from reply_checker import reply_data
from v1 import as_v1

EVERY = 3  # event is written for v1.0, the others for beta


def reshaped(event):
    """The same event, written for v1.0."""
    turned = copy.copy(event)
    value = json.loads(event.value)
    if event.binary:
        value = as_v1(value)
    else:
        value["data"] = as_v1(value["data"])
    turned.value = json.dumps(value).encode()
    return turned


def without_reason(event):
    """A resource request as v1.0 can have it, with no justification."""
    turned = copy.copy(event)
    value = json.loads(event.value)
    (value if event.binary else value["data"]).pop("justification", None)
    turned.value = json.dumps(value).encode()
    return turned


class VersionsTest(harness.E2eCase):
    def mixture(self, count, seed, prefix):
        """All sorts, in both shapes; a duplicate may be in the other one. A resource's gives no
        reason: by its target it is told whose a POST is."""
        made = []
        for i, event in enumerate(events.mixture(count, seed, prefix)):
            if event.good and event.thing[0] == events.RESOURCE:
                if event.code == "idConflict":
                    continue  # its reason was all that differed
                event = without_reason(event)
            if event.good and i % EVERY == EVERY - 1:
                event = reshaped(event)
            made.append(event)
        return made

    def tag_resources(self, world, made):
        """Entries of resources with the justification that their events would have given: of the
        one that makes the grant, where several ask for the same."""
        tags = {}
        for event in made:
            if event.good and event.thing[0] == events.RESOURCE:
                tags.setdefault(event.thing[1], []).append(event)
        ledger = world.sandbox.ledger()
        for entry in ledger:
            if entry["kind"] == "resource":
                owners = tags[entry["target"]]
                entry["justification"] = next((e for e in owners if e.posts), owners[0]).tag
        return ledger

    def assert_versions(self, ledger):
        """Every dry run on beta, every real request on v1.0; one grant at most for each event."""
        ways = collections.Counter((e["op"], e["version"]) for e in ledger)
        self.assertEqual({("dry_run", "beta"), ("submit", "v1.0")}, set(ways), ways)
        self.assertEqual(set(), {e["op"] for e in ledger if e["applied"]} - {"submit"})
        things = collections.Counter((e["kind"], e.get("target"), e.get("container"))
                                     for e in ledger if e["applied"])
        self.assertEqual(1, max(things.values()))
        return ways

    def check_world(self, world, made):
        ledger = self.tag_resources(world, made)
        world.sandbox.ledger = lambda: ledger
        return world.check(made), ledger

    def test_a_mixture(self):
        world = self.world(graph={"submit_version": "v1.0"})
        made = self.mixture(600, 71, world.name)
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 60)
        self.assertEqual(0, worker.stop())
        self.assertIn("real requests on v1.0", harness.log_lines(worker.log)[0]["message"])
        report, ledger = self.check_world(world, made)
        self.assert_good(report)
        ways = self.assert_versions(ledger)
        shapes = {"state": 0, "requestState": 0}
        for reply in world.topics.read(world.replies):
            data = reply_data(reply)
            if data["outcome"] == "submitted":
                self.assertEqual("adminAdd", data["graph"]["requestType"])
                shapes["state"] += "state" in data["graph"]
                shapes["requestState"] += "requestState" in data["graph"]
        self.assertEqual(0, shapes["requestState"])  # Graph's object as it came
        harness.figure("e2e v1.0 for real", f"{report.line()}; dry runs on beta "
                       f"{ways['dry_run', 'beta']}, real ones on v1.0 {ways['submit', 'v1.0']}")

    def test_lost_answers(self):
        """What v1.0 has done is found on beta."""
        world = self.world(graph={"submit_version": "v1.0"})
        world.sandbox.faults({"match": {"op": "submit", "probability": 0.3},
                              "action": {"close_after_apply": True}},
                             {"match": {"op": "submit", "probability": 0.2},
                              "action": {"status": {"code": 504, "body": "html", "apply": True}}})
        made = events.after_crash(self.mixture(150, 72, world.name))
        world.send(made)
        world.worker()
        world.wait_answers(len(made), 60)
        report, ledger = self.check_world(world, made)
        self.assert_good(report)
        self.assert_versions(ledger)
        lost = sum(bool(e.get("fault")) for e in ledger)
        self.assertGreater(lost, 20)
        harness.figure("e2e v1.0, lost answers", f"{report.line()}; lost {lost}")

    def test_what_cannot_be_said_there(self):
        """Refused before anything is sent; a mixture of shapes always."""
        world = self.world(graph={"submit_version": "v1.0"})
        maker = events.Maker(73, world.name)
        made = [maker.submitted(events.RESOURCE),  # gives a reason
                maker.submitted(events.ASSIGNMENT), maker.submitted(events.ASSIGNMENT)]
        made[0].outcome, made[0].code, made[0].posts = "rejected", "notTranslated", 0
        for event, code, more in ((made[1], "notTranslated",
                                   {"expirationDateTime": "2030-01-01T00:00:00Z"}),
                                  (made[2], "mixedVersions", {"assignment": {}})):
            value = json.loads(event.value)
            (value if event.binary else value["data"]).update(more)
            event.value = json.dumps(value).encode()
            event.outcome, event.code, event.posts, event.good = "rejected", code, 0, False
        world.send(made)
        world.worker()
        world.wait_answers(len(made), 30)
        self.assert_good(world.check(made))
        self.assertEqual([], world.sandbox.ledger())

    def test_beta_takes_both_shapes(self):
        """And its new path, by setting; the real requests stay on beta."""
        path = "/identityGovernance/entitlementManagement/assignmentRequests"
        world = self.world(graph={"beta_assignment_path": path})
        made = self.mixture(100, 74, world.name)
        world.sandbox.faults({"match": {"op": "submit", "kind": "assignment", "times": 3},
                              "action": {"close_after_apply": True}})
        world.send(made)
        world.worker()
        world.wait_answers(len(made), 30)
        report, ledger = self.check_world(world, made)
        self.assert_good(report)
        self.assertEqual({"beta"}, {e["version"] for e in ledger})
        with open(f"{self.folder}/{world.name}.calls", encoding="utf-8") as calls:
            paths = {json.loads(line)["path"] for line in calls if line.endswith("\n")}
        self.assertIn("/beta" + path, paths)
        self.assertEqual([], [p for p in paths if p.endswith("accessPackageAssignmentRequests")])


class PathsTest(harness.E2eCase):
    refused_on_purpose = "PathNotFound"
    folder_path = "/identityGovernance/entitlementManagement/"
    names = {"beta_assignment_path": "/beta" + folder_path + "accessPackageAssignmentRequests",
             "beta_resource_path": "/beta" + folder_path + "accessPackageResourceRequests",
             "v1_assignment_path": "/v1.0" + folder_path + "assignmentRequests",
             "v1_resource_path": "/v1.0" + folder_path + "resourceRequests"}

    def posted(self, setting):
        """Where POSTs go to, with this setting somewhere else."""
        world = self.world(setting.replace("_", "-"),
                           graph={"submit_version": "v1.0", "eventual": "1s",
                                  setting: self.folder_path + "elsewhere"})
        maker = events.Maker(75, world.name)
        made = [maker.submitted(events.ASSIGNMENT),
                without_reason(maker.submitted(events.RESOURCE))]
        world.send(made)
        world.worker()
        world.wait_answers(len(made), 30)
        with open(f"{self.folder}/{world.name}.calls", encoding="utf-8") as calls:
            recorded = [json.loads(line) for line in calls if line.endswith("\n")]
        return {call["path"] for call in recorded if call["method"] == "POST"}

    def test_each_is_used(self):
        """One at a time stands elsewhere: that call goes there, and nothing follows it."""
        for setting, path in self.names.items():
            with self.subTest(setting=setting):
                _, kind, _ = setting.split("_")
                unreached = {path, self.names[f"v1_{kind}_path"]}
                root = path[:path.index(self.folder_path)]
                elsewhere = root + self.folder_path + "elsewhere"
                self.assertEqual(set(self.names.values()) - unreached | {elsewhere},
                                 self.posted(setting))


if __name__ == "__main__":
    harness.main()
