"""A worker with something of everything to show, for tests/page/test_page.sh: answers of each kind,
records that hang, that sleep, one whose id is a script; one whose Graph asks for time.

usage: world.py PROGRAM SCRIPT...    runs each with PAGE_URL, PAGE_ACTIONS (the listener that
changes something) and what is known in PAGE_FACTS (JSON)
"""
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import bad_input  # noqa: E402
import events  # noqa: E402
import harness  # noqa: E402
import leaks  # noqa: E402
import processes  # noqa: E402

HOSTILE = "<script>window.owned=1</script>\"'><img src=x onerror=alert(1)>"
TURNED = "turned-\u202e-id"  # would turn the text around it
ORDINARY = 60
PROGRAM, *SCRIPTS = sys.argv[1:]


def fault(event, code, error):
    """Its dry runs are answered so for ever."""
    return {"match": {"op": "dry_run", "target": event.thing[1], "times": -1},
            "action": {"status": {"code": code, "body": "graph", "error": error}}}


class PageWorld(harness.E2eCase):
    def begin(self, world, maker):
        """The records that are to stay at work: Graph does not know what they are about, yet. One
        is answered 500, but not so often that Graph would be taken for down."""
        made = [maker.submitted(events.ASSIGNMENT, request_id=name) for name in (HOSTILE, TURNED)]
        made += [maker.submitted(events.ASSIGNMENT) for _ in range(5)]
        faults = [fault(event, 404, "Request_ResourceNotFound") for event in made[:-1]]
        world.sandbox.faults(fault(made[-1], 500, "UnknownError"), *faults)
        return made

    def ordinary(self, maker):
        made = [maker.submitted() for _ in range(ORDINARY)]
        made += [maker.validated() for _ in range(6)] + [maker.expired() for _ in range(3)]
        made += [maker.existing(made[0]), maker.conflict(made[1]), maker.duplicate(made[2])]
        return made

    def refusals(self, maker):
        """What no worker takes."""
        return [maker.bad(row) for row in bad_input.ROWS if row.name in (
            "cut off", "gzip", "a number", "escaped NUL", "one member twice")]

    def test_page(self):
        actions = f"127.0.0.1:{processes.free_port()}"
        world = self.world("page", graph={"retry_for": "10m", "retry_attempts": 30},
                           admin={"actions_listen": actions}, drain="5s")
        maker = events.Maker(6, "page")
        answered = self.ordinary(maker)
        worker = world.worker()
        world.send(answered)
        world.wait_answers(len(answered))
        refused = self.refusals(maker)
        world.send(refused)
        world.wait_answers(len(answered) + len(refused))
        stuck = self.begin(world, maker)
        world.send(stuck)
        processes.wait_until("all of them sleep",
                             lambda: worker.in_flight("dry_run") >= len(stuck), 20)
        facts = {"hostile": HOSTILE, "turned": TURNED, "source": events.SOURCE,
                 "done": answered[0].request_id, "answered": len(answered) + len(refused),
                 "target": answered[0].thing[1], "tag": answered[0].tag, "stuck": len(stuck),
                 "sandbox": world.sandbox.url.removesuffix("/beta"),
                 "redis": world.redis.process.pid,
                 "secret": harness.SECRET, "token": leaks.CANARIES["admin-token"],
                 "letters": len(world.topics.read(world.dead))}
        environment = {**os.environ, "PAGE_URL": f"http://127.0.0.1:{worker.port}/",
                       "PAGE_ACTIONS": f"http://{actions}/", "PAGE_FACTS": json.dumps(facts)}
        for script in SCRIPTS:
            found = subprocess.run([PROGRAM, script], env=environment, timeout=500, check=False)
            self.assertEqual(0, found.returncode, f"the browser of {script} found something")
        self.assertEqual(0, worker.stop())  # the log is among what is looked at for leaks


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
