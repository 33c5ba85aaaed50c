#!/usr/bin/env python3
"""One worker, two tenants, each with a Graph of its own: every event goes to its tenant's and to no
other, and what one tenant suffers the other does not notice."""
import json
import os
import time

import checker
import events
import harness
import processes
import sandbox_client

SHARES = [("submitted", 80), ("validated", 6), ("expired", 6)]
NAMES = ("contoso", "fabrikam")


def set_tenant(event, name):
    if event.binary:
        event.headers.append(("ce_tenant", name.encode()))
    else:
        event.value = json.dumps(json.loads(event.value) | {"tenant": name}).encode()
    event.tenant = name


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def refuse(event, code):
    event.outcome, event.code, event.posts = "rejected", code, 0


class TenantsTest(harness.E2eCase):
    def tenants_world(self, name):
        """The world's own sandbox is contoso's Graph; world.graphs has both."""
        world = self.world(name, limits={"requests": 400})
        calls = os.path.join(self.folder, f"{name}-2.calls")
        secret = os.path.join(world.folder, "fabrikams-secret")
        write(secret, "right")
        other = sandbox_client.Sandbox(
            "--with-parent", "--record", calls, "--tenant", "e2e", "--client-id",
            "fabrikam-client", "--client-secret-file", secret)
        self.addCleanup(self.judge_file, calls)
        self.addCleanup(other.stop)
        world.graphs = dict(zip(NAMES, (world.sandbox, other)))
        graph = world.settings["graph"]
        own = {key: graph.pop(key) for key in ("tenant_id", "client_id", "client_secret_file")}
        world.settings["tenants"] = {
            name: own | {"base_url": box.url, "authority_host": box.url.removesuffix("/beta")}
            for name, box in world.graphs.items()}
        world.settings["tenants"]["fabrikam"] |= {"client_id": "fabrikam-client",
                                                  "client_secret_file": secret}
        return world

    def make(self, world, count, seed):
        made = events.mixture(count, seed, world.name, SHARES)
        names = {}  # records of one event are of one tenant
        for i, event in enumerate(made):
            set_tenant(event, names.setdefault(event.group, NAMES[i % 2]))
        return made

    def check_all(self, world, made):
        """Each in its own Graph, and there as it should be."""
        world.wait_committed()
        ledgers = {name: box.ledger() for name, box in world.graphs.items()}
        places = {event.tag: event.tenant for event in made if event.posts}
        for name, ledger in ledgers.items():
            strays = [entry for entry in ledger
                      if places.get(entry["justification"], name) != name]
            self.assertEqual([], strays)
            self.assertTrue(any(entry["op"] == "submit" for entry in ledger), name)
        report = checker.check(made, checker.World(
            world.topics.read(world.requests), world.topics.read(world.replies) +
            world.topics.read(world.other), world.topics.read(world.dead),
            sum(ledgers.values(), []), world.topics.committed(world.group, world.requests),
            world.group))
        self.assert_good(report)
        return report

    def submitted(self, worker, name):
        """As counted for this tenant, duplicates and all."""
        return worker.metric(f'usher_requests_total{{outcome="submitted",tenant="{name}"}}')

    def test_each_to_its_own(self):
        world = self.tenants_world("own")
        made = self.make(world, 300, 41)
        maker = events.Maker(42, world.name + "-no")
        nobodys = [maker.submitted() for _ in range(6)]
        for event in nobodys[:3]:
            refuse(event, "missingAttribute")
        for event, name in zip(nobodys[3:], ("Contoso", "", "contoso.example")):
            set_tenant(event, name)
            refuse(event, "unknownTenant")
        world.send(made + nobodys)
        worker = world.worker()
        world.wait_answers(len(made) + len(nobodys), 60)
        report = self.check_all(world, made + nobodys)
        counted = [self.submitted(worker, name) for name in NAMES]
        self.assertEqual(sum(counted), report.outcomes["submitted"])
        self.assertEqual(len(nobodys), worker.metric(
            'usher_requests_total{outcome="rejected",duplicate="false",tenant=""}'))
        harness.figure("e2e tenants", f"{report.line()}; submitted {counted[0]:.0f} and "
                                      f"{counted[1]:.0f}")

    def test_one_is_down(self):
        """Its events wait, unharmed; the other's are answered all the while."""
        world = self.tenants_world("down")
        made = self.make(world, 240, 43)
        follower = world.follow()
        action = {"status": {"code": 502, "body": "html"}}
        world.graphs["fabrikam"].faults(*({"match": {"op": op, "times": -1}, "action": action}
                                          for op in ("dry_run", "submit", "look", "catalogs")))
        worker = world.worker(graph={"retry_attempts": 3})
        world.send(made)
        theirs = sum(event.tenant == "contoso" for event in made)
        world.wait_answers(theirs, 60, follower)
        self.assertEqual(1, worker.metric('usher_graph_down{tenant="fabrikam"}'))
        self.assertEqual(0, worker.metric('usher_graph_down{tenant="contoso"}'))
        world.graphs["fabrikam"].call("DELETE", "/sandbox/faults")
        world.wait_answers(len(made), 60, follower)
        harness.figure("e2e one tenant down", self.check_all(world, made).line())

    def test_one_is_throttled(self):
        """Nothing more is sent to it; the other's events are answered in that time."""
        world = self.tenants_world("throttled")
        made = self.make(world, 200, 45)
        follower = world.follow()
        box = world.graphs["fabrikam"]
        box.faults({"match": {"op": "dry_run", "times": 1},
                    "action": {"throttle": {"retryAfter": 10}}})
        world.worker()
        world.send(made)
        processes.wait_until("it is throttled", box.ledger, 20, 0.01)
        began = time.monotonic()
        world.wait_answers(sum(event.tenant == "contoso" for event in made), 60, follower)
        took = time.monotonic() - began
        self.assertLess(took, 9)
        self.assertEqual([429], [entry["status"] for entry in box.ledger()])
        world.wait_answers(len(made), 60, follower)
        harness.figure("e2e one tenant throttled", f"the other's events answered after {took:.1f} "
                       f"s of 10; {self.check_all(world, made).line()}")

    def test_one_has_spent_its_retries(self):
        """The budget of the other allows all that it needs."""
        world = self.tenants_world("spent")
        made = self.make(world, 110, 46)
        follower = world.follow()
        world.graphs["fabrikam"].faults({"match": {"op": "dry_run", "probability": 0.4},
                                         "action": {"status": {"code": 502, "body": "html"}}})
        world.graphs["contoso"].faults({"match": {"op": "dry_run", "times": 3},
                                        "action": {"status": {"code": 502, "body": "html"}}})
        worker = world.worker(graph={"retry_attempts": 12})
        world.send(made)
        processes.wait_until("its budget denies", lambda: self.denied(worker, "fabrikam") > 0, 20)
        world.wait_answers(sum(event.tenant == "contoso" for event in made), 60, follower)
        spent = self.denied(worker, "fabrikam")
        self.assertEqual(0, self.denied(worker, "contoso"))
        world.graphs["fabrikam"].call("DELETE", "/sandbox/faults")
        world.wait_answers(len(made), 90, follower)
        harness.figure("e2e one tenant's retries spent", f"denied {spent:.0f} and 0; "
                       f"{self.check_all(world, made).line()}")

    def denied(self, worker, name):
        return worker.metric(f'usher_retries_denied_total{{tenant="{name}"}}') or 0

    def test_one_has_no_token(self):
        """Wrong secret: the log says whose, its events wait, and go on when it is right."""
        world = self.tenants_world("secret")
        secret = os.path.join(world.folder, "wrong-secret")
        write(secret, "wrong")
        world.settings["tenants"]["fabrikam"]["client_secret_file"] = secret
        made = self.make(world, 120, 44)
        follower = world.follow()
        worker = world.worker()
        world.send(made)
        theirs = sum(event.tenant == "contoso" for event in made)
        world.wait_answers(theirs, 60, follower)
        processes.wait_until("the log says whose", lambda: "tenants.fabrikam: graph.client_secret"
                             in worker.tail(1000), 20)
        self.assertTrue(worker.is_ready())
        self.assertIn("tenants.fabrikam", str(json.loads(worker.get("/status")[1])["warnings"]))
        write(secret, "right")
        world.wait_answers(len(made), 60, follower)
        harness.figure("e2e one tenant without token", self.check_all(world, made).line())


if __name__ == "__main__":
    harness.main()
