#!/usr/bin/env python3
"""The command line: help, version, wrong usage, settings; each exit code has a sentence."""

import json
import os
import subprocess
import tempfile
import unittest

USHER = os.environ["USHER_BIN"]


def usher(*arguments, **environment):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("USHER_", "AZURE_"))
    }
    return subprocess.run(
        [USHER, *arguments],
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
