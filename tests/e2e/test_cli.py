#!/usr/bin/env python3
"""The command line: help, version, wrong usage, settings; each exit code has a sentence."""

import json
import os
import re
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

import jsonschema

USHER = os.environ["USHER_BIN"]


HELP = Path(os.environ.get("USHER_SOURCE", ".")) / "tests" / "e2e" / "help.golden"


def commands():
    listing = usher("help").stdout.split("commands:\n")[1].splitlines()
    return [line.split()[0] for line in listing if line.startswith("  ") and "help " not in line]


def usher(*arguments, text_in="", **environment):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("USHER_", "AZURE_"))
    }
    return subprocess.run(
        [USHER, *arguments],
        input=text_in,
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean, **environment},
    )


class CommandLine(unittest.TestCase):
    def test_every_command_of_the_help_has_its_own_help(self):
        listing = usher("help")
        self.assertEqual(listing.returncode, 0)
        names = [
            line.split()[0]
            for line in listing.stdout.split("commands:\n")[1].splitlines()
            if line.startswith("  ")
        ]
        self.assertIn("run", names)
        for name in names:
            if name == "help":
                continue
            with self.subTest(name):
                for arguments in ((name, "--help"), ("help", name), (name, "-h")):
                    answer = usher(*arguments)
                    self.assertEqual(answer.returncode, 0, answer.stderr)
                    self.assertIn("usher " + name, answer.stdout)

    def test_a_part_that_cannot_be_made(self):
        settings = ("redis.url=rediss://127.0.0.1:1", "redis.tls_ca_file=/no/such/ca.pem",
                    "graph.auth=token", "admin.listen=")
        answer = usher("run", *(part for each in settings for part in ("-s", each)),
                       USHER_GRAPH_TOKEN="T")
        self.assertEqual(answer.returncode, 78, answer.stderr)
        self.assertIn("redis.tls_ca_file", answer.stderr)

    def test_help_texts(self):
        """As they were looked at last. USHER_UPDATE=1 writes them anew."""
        pages = [usher("help").stdout] + [usher("help", name).stdout for name in commands()]
        printed = f"\n{'-' * 80}\n".join(pages)
        if os.environ.get("USHER_UPDATE"):
            HELP.write_text(printed, "utf-8")
        self.assertEqual(HELP.read_text("utf-8"), printed)
        for name, page in zip(commands(), pages[1:]):
            self.assertLess(max(map(len, page.splitlines())), 101, name)

    def test_no_abbreviations(self):
        """A script that has one would break on the day when a second option begins so."""
        for name in commands():
            for option in set(re.findall(r"--[a-z-]+", usher("help", name).stdout)) | {"--help"}:
                with self.subTest(f"{name} {option}"):
                    answer = usher(name, option[:-1], "1", "--help")
                    self.assertEqual(answer.returncode, 2, answer.stdout)
                    self.assertIn(f"has no option {option[:-1]}; did you mean {option}?",
                                  answer.stderr)

    def test_standard_input(self):
        settings = "graph:\n  auth: token\n  token_file: /t\n  tiemout: 3s\n"
        answer = usher("config", "check", "-c", "-", text_in=settings)
        self.assertEqual(answer.returncode, 78)
        self.assertEqual(answer.stderr, "<stdin>:4:3: graph.tiemout: there is no such setting; did "
                                        "you mean graph.timeout?\n")

    def test_json_is_read_back(self):
        """What print says is a settings file that means the same; secrets are hidden in both."""
        settings = textwrap.dedent("""\
            kafka: {reply_topics_allowed: [a, "b"], window: 7,
                    librdkafka: {sasl.password: hunter2, client.id: "x\\u2028y"}}
            graph: {client_secret: hunter2, dry_run: "off"}
            drain: 1m
            tenants:
              a: {tenant_id: t, client_id: c}
              b: {tenant_id: u, client_id: c, timeout: 3s}
        """)
        printed = usher("config", "print", "-c", "-", "--format", "json", text_in=settings)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertNotIn("hunter2", printed.stdout)
        values = json.loads(printed.stdout)
        self.assertEqual(values["kafka"]["librdkafka"],
                         {"sasl.password": "<hidden>", "client.id": "x\u2028y"})
        self.assertEqual(values["tenants"]["b"]["timeout"], "3s")
        self.assertEqual((values["drain"], values["kafka"]["window"]), ("1m", 7))
        self.assertIs(values["policy"]["removals"], True)
        again = usher("config", "print", "-c", "-", "--format", "json", text_in=printed.stdout)
        self.assertEqual(json.loads(again.stdout), values)
        origins = json.loads(usher("config", "print", "-c", "-", "--format", "json",
                                   "--show-origin", "-s", "drain=2m", text_in=settings).stdout)
        self.assertEqual(origins["drain"], {"value": "2m", "origin": "flag -s drain"})
        self.assertEqual(origins["kafka"]["window"], {"value": 7, "origin": "<stdin>:1:49"})
        self.assertEqual(origins["redis"]["keep"], {"value": "7d", "origin": "default"})

    def test_wrong_usage(self):
        cases = [
            ((), 2, "commands:"),
            (("rum",), 2, "did you mean run?"),
            (("help", "demmo"), 2, "did you mean demo?"),
            (("run", "--loud"), 2, "--loud"),
            (("run", "x"), 2, "takes no argument: x"),
            (("run", "-s"), 2, "-s"),
            (("version", "1"), 2, "takes no argument"),
            (("config",), 2, "config"),
            (("run", "-c", "/no/such/file.yaml"), 66, "/no/such/file.yaml"),
            (("run", "-s", "kafka.brokerz=x"), 78, "kafka.brokers"),
        ]
        for arguments, code, words in cases:
            with self.subTest(arguments):
                answer = usher(*arguments)
                self.assertEqual(answer.returncode, code, answer.stderr)
                self.assertIn(words, answer.stderr)

    def test_version(self):
        parts = json.loads(usher("version", "--json").stdout)
        with open("config/schemas/version.schema.json", encoding="utf-8") as schema:
            jsonschema.validate(parts, json.load(schema), cls=jsonschema.Draft202012Validator)
        self.assertRegex(parts["usher"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(usher("--version").stdout.splitlines()[0], "usher " + parts["usher"])
        for name in ("librdkafka", "curl", "hiredis", "libuv", "openssl", "cjson", "revision"):
            self.assertTrue(parts[name], name)

    def test_a_worker_that_cannot_reach_anything_says_what(self):
        with tempfile.TemporaryDirectory() as folder:
            answer = usher(
                "run",
                "-s",
                "redis.url=unix://" + folder + "/none.sock",
                "-s",
                "kafka.brokers=127.0.0.1:1",
                "-s",
                "graph.auth=token",
                "-s",
                "admin.listen=",
                USHER_GRAPH_TOKEN="t",
            )
        self.assertEqual(answer.returncode, 69, answer.stderr)
        self.assertRegex(answer.stderr, "redis.url|kafka.brokers")


if __name__ == "__main__":
    unittest.main()
