"""`usher audit` as a second opinion beside checker.py, which shares no code with it."""
import json
import os
import subprocess

import jsonschema
import yaml

import leaks

SECONDS = 90
with open("config/schemas/audit.schema.json", encoding="utf-8") as schema:
    SCHEMA = jsonschema.Draft202012Validator(json.load(schema))


class Audit:
    """What it said: the exit code, both outputs, and with --json the object."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.report = {}
        if self.out.startswith("{"):
            self.report = json.loads(self.out)
            SCHEMA.validate(self.report)

    @property
    def good(self):
        return self.code == 0 and not self.report.get("named")

    @property
    def named(self):
        """{(problem, partition, offset)}"""
        return {(f["problem"], f["partition"], f["offset"]) for f in self.report["named"]}

    def text(self):
        return f"audit: exit {self.code}\n{self.out}{self.err}"


def settings_file(world, librdkafka):
    path = os.path.join(world.folder, "audit.yaml")
    kafka = {**world.settings["kafka"], **({"librdkafka": librdkafka} if librdkafka else {})}
    return leaks.give(path, yaml.safe_dump({**world.settings, "kafka": kafka}))


def audit(world, *arguments, as_json=True, librdkafka=None):
    """Audits the world's topics and group, with the program that its workers run."""
    command = [world.program, "audit", "-c", settings_file(world, librdkafka), *arguments]
    command += ["--json"] if as_json else []
    return Audit(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=SECONDS, check=False))


def check(case, world, finished):
    """Nothing found, and so many records were judged."""
    found = audit(world)
    case.assertTrue(found.good, found.text())
    case.assertEqual((finished, finished),
                     (found.report["finished"], found.report["answeredOnce"]), found.text())
    return found
