#!/usr/bin/env python3
"""Each sort of bad input, in both modes, between good neighbours: answered with its own code,
dead-lettered where it is no event, and nobody else's fate is moved."""
import hashlib

import bad_input
import checker
import events
import harness

OTHER_PACKAGE = events.guid(99, 0x0001)


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
