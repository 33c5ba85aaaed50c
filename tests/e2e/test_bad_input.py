#!/usr/bin/env python3
"""Each sort of bad input, in both modes, between good neighbours: answered with its own code,
dead-lettered where it is no event, and nobody else's fate is moved."""
import hashlib
import json

import bad_input
import checker
import events
import harness

OTHER_PACKAGE = events.guid(99, 0x0001)
ORGANIZATION = events.guid(1, 0x0C0C)


class BadInputTest(harness.E2eCase):
    def neighbours(self, maker, event):
        """A bad record between two good ones of its own key."""
        first, last = maker.submitted(), maker.submitted()
        for good in (first, last):
            good.key, good.partition = event.key, event.partition
        return [first, event, last]

    def odd_but_good(self, maker):
        """What looks like a mistake and is none."""
        registry = maker.submitted(binary=True)
        registry.headers.append(("__value_schema_id", b"\x00\x00\x00\x07"))
        upper = maker.submitted(events.ASSIGNMENT, binary=False)
        member = upper.thing[1].encode()
        upper.value = upper.value.replace(b'"targetId": "' + member,
                                          b'"targetId": "' + member.upper())
        spaced = maker.submitted(events.RESOURCE, binary=False)
        spaced.value = spaced.value.replace(b", ", b" ,\r\n\t ")
        plain = maker.submitted(binary=False)
        plain.headers = [h for h in plain.headers if h[0] != "content-type"]
        keyless = maker.submitted()
        keyless.key = None
        return [registry, upper, spaced, plain, keyless]

    def refused_by_policy(self, maker):
        thing = (events.ASSIGNMENT, events.guid(1, 0xBAD), OTHER_PACKAGE)
        body = maker.body(thing, "not allowed")
        return maker.event(thing, body, "rejected", code="notAllowed")

    def test_every_row(self):
        packages = [events.guid(n, 0x0001) for n in range(1, 8)]
        packages.append("00000001-0000-4000-8000-000000000000")
        world = self.world(policy={"access_packages": packages})
        maker = events.Maker(5, "bad")
        made = []
        for row in bad_input.ROWS:
            made += self.neighbours(maker, maker.bad(row))
        made += self.odd_but_good(maker) + [self.refused_by_policy(maker)]
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 60)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual(0, worker.stop())
        self.check_the_cut_one(world, made)
        codes = {row.code for row in bad_input.ROWS} | {"notAllowed"}
        dead = sum(row.dead for row in bad_input.ROWS)
        harness.figure("e2e bad input", f"{len(bad_input.ROWS) + 1} sorts, {len(codes)} codes, "
                                        f"{dead} dead-lettered; {report.line()}")

    def assignment(self, maker, organization=ORGANIZATION, duration="P90D"):
        """What an AdminAdd says of whose its target is, and of its end."""
        thing = maker.new_thing(events.ASSIGNMENT)
        body = maker.body(thing, f"policy {maker.count + 1}")
        inner = body["accessPackageAssignment"]
        if organization is not None:
            inner["target"] = {"objectId": thing[1], "connectedOrganizationId": organization}
        if duration is not None:
            inner["schedule"] = {"startDateTime": None, "recurrence": None,
                                 "expiration": {"type": "afterDuration", "duration": duration}}
        return thing, body

    def test_every_rule_of_the_policy(self):
        """What is refused names its setting; what is allowed goes through."""
        world = self.world(policy={"connected_organizations": [ORGANIZATION],
                                   "max_duration": "90d", "removals": False})
        maker = events.Maker(6, "rule")
        refused = {
            "policy.connected_organizations": [self.assignment(maker, OTHER_PACKAGE),
                                               self.assignment(maker, None)],
            "policy.max_duration": [self.assignment(maker, duration="P91D"),
                                    self.assignment(maker, duration=None),
                                    self.assignment(maker, duration="for ever")],
            "policy.removals": [((events.ASSIGNMENT, events.guid(7, 0xDEAD), ""),
                                 {"requestType": "AdminRemove", "accessPackageAssignment":
                                  {"id": events.guid(7, 0xDEAD)}})],
        }
        made, settings = [], {}
        for setting, bodies in refused.items():
            for thing, body in bodies:
                made.append(maker.event(thing, body, "rejected", code="notAllowed"))
                settings[made[-1].request_id] = setting
        thing, body = self.assignment(maker)
        made += [maker.event(thing, body, "submitted", posts=1), maker.submitted(events.RESOURCE)]
        world.send(made)
        worker = world.worker()
        world.wait_answers(len(made), 60)
        self.assert_good(world.check(made))
        self.assertEqual(0, worker.stop())
        for reply in world.topics.read(world.replies):
            data = json.loads(reply.value)
            data = data.get("data", data)
            setting = settings.get(data["requestId"], "")
            self.assertIn(setting, data.get("error", {}).get("message", ""))

    def check_the_cut_one(self, world, made):
        """What the dead letter topic cannot hold is there in brief, with the hash of the whole."""
        big = next(event for event in made if event.code == "tooLarge")
        letters = [letter for letter in world.topics.read(world.dead)
                   if letter.key == big.key and checker.header(letter, "usher-truncated")]
        self.assertEqual(1, len(letters))
        self.assertEqual(big.value[:65536], letters[0].value)
        self.assertEqual(hashlib.sha256(big.value).hexdigest().encode(),
                         checker.header(letters[0], "usher-value-sha256"))


if __name__ == "__main__":
    harness.main()
