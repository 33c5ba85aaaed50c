#!/usr/bin/env python3
"""Every exit code that is promised, and what provokes it: a run here where that is cheap, else the
test that does it, which has to be there and to name the code."""
import ast
import os
import re
import subprocess
import unittest
from pathlib import Path

USHER = os.environ["USHER_BIN"]
HERE = Path(__file__).resolve().parent
PAGE = Path(os.environ.get("USHER_SOURCE", ".")) / "deploy" / "man" / "usher.1.scd"
PATIENCE_S = 60

# code, arguments, where its output goes
RUNS = [
    (0, ["version"], None),
    (2, ["rum"], None),
    (66, ["run", "-c", "/no/such/file.yaml"], None),
    (73, ["config", "schema"], "/dev/full"),
    (73, ["version", "--json"], "/dev/full"),
    (73, ["help"], "/dev/full"),
    (73, ["run", "--help"], "/dev/full"),
    (73, ["demo", "--help"], "/dev/full"),
    (78, ["run", "-s", "kafka.brokerz=x"], None),
]
TESTS = [
    (0, "test_sigterm.py", "test_drain_time_runs_out"),
    (1, "test_audit.py", "check_text"),
    (69, "test_cli.py", "test_a_worker_that_cannot_reach_anything_says_what"),
    (70, "test_dead_letter_refused.py", "test_too_large_for_the_topic"),
    (75, "test_sigterm.py", "test_second_signal"),
    (76, "test_interlock.py", "test_raised_and_cleared"),
    (77, "test_doctor.py", "test_a_token_that_cannot_be_read"),
    (130, "test_demo.py", "test_interrupt"),
]
LATER = {65}  # of the batch commands, which are not there yet


def source_of(file, test):
    text = (HERE / file).read_text("utf-8")
    found = [node for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.FunctionDef) and node.name == test]
    if len(found) != 1:
        raise AssertionError(f"{file} has {len(found)} tests of the name {test}")
    return ast.get_source_segment(text, found[0])


class ExitCodes(unittest.TestCase):
    def test_runs(self):
        for code, arguments, output in RUNS:
            with self.subTest(code=code), open(output or os.devnull, "wb") as out:
                clean = {name: value for name, value in os.environ.items()
                         if not name.startswith("USHER_")}
                done = subprocess.run([USHER, *arguments], stdout=out, stderr=subprocess.PIPE,
                                      stdin=subprocess.DEVNULL, timeout=PATIENCE_S, check=False,
                                      env=clean, text=True)
                self.assertEqual(code, done.returncode, done.stderr)

    def test_others_are_tested_elsewhere(self):
        for code, file, test in TESTS:
            with self.subTest(code=code):
                source = source_of(file, test)
                asserts = re.findall(rf"(?:assert|self\.check).*[(, ]{code}\b", source)
                self.assertTrue(asserts, f"{file} {test} does not ask for {code}")

    def test_none_is_left_out(self):
        promised = {int(code) for code in re.findall(
            r"^\*(\d+)\*", PAGE.read_text("utf-8").split("# EXIT STATUS\n")[1], re.M)}
        shown = {row[0] for row in RUNS + TESTS}
        self.assertEqual({0, 1, 2, 65, 66, 69, 70, 73, 75, 76, 77, 78, 130}, shown | LATER)
        self.assertLessEqual(promised, shown | LATER)
        self.assertLessEqual(shown, promised)
        self.assertNotIn("batch", subprocess.run(
            [USHER, "help"], capture_output=True, text=True, timeout=PATIENCE_S,
            check=True).stdout, "65 is no longer for later")


if __name__ == "__main__":
    unittest.main(verbosity=2)
