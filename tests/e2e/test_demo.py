#!/usr/bin/env python3
"""`usher demo`: its table, its exit codes, and that nothing of it stays behind."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import harness
import openapi_check

PROGRAM = os.environ.get("USHER_BIN", "build/release/usher")
RELEASE = os.environ.get("USHER_RELEASE_BIN", "build/release/usher")
OUTCOMES = "submitted existing validated rejected expired failed unknown".split()

# arguments, what is said
WRONG = [
    (["--events", "0"], "write a number from 1 to 100000"),
    (["--events", "100001"], "write a number from 1 to 100000"),
    (["--events", "12x"], "write a number from 1 to 100000"),
    (["--events", ""], "write a number from 1 to 100000"),
    (["--events"], "--events needs a value"),
    (["--evnets", "3"], "no option --evnets"),
    (["now"], "takes no argument: now"),
]


def processes_of(folder):
    """Command lines of a demo's processes: their TMPDIR is the folder. Redis writes its title over
    its environment, but works in a folder in there."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            inherited = (entry / "environ").read_bytes().split(b"\0")
            at_work = os.readlink(entry / "cwd").startswith(f"{folder}/")
            if at_work or f"TMPDIR={folder}".encode() in inherited:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


class Demo:
    """One `usher demo`, with a folder for temporary files that is its own."""

    calls = ""  # the file where all of them write their calls to Graph, if they are to

    def __init__(self, *arguments, program=PROGRAM, stderr=subprocess.PIPE, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="d"))
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [program, "demo", *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True,
            env={**os.environ, "TMPDIR": str(self.folder), **environment,
                 **({"SANDBOX_RECORD": self.calls} if self.calls else {})})

    def finish(self, timeout=120):
        self.out, self.err = self.process.communicate(timeout=timeout)
        self.took = time.monotonic() - self.began
        return self.process.returncode

    def read_until(self, text, stream=None):
        """What comes on standard output (or error), up to the line that has the text."""
        lines = []
        for line in stream or self.process.stdout:
            lines.append(line)
            if text in line:
                return "".join(lines)
        raise AssertionError(f"no {text!r} in {lines}")

    def children(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return [int(pid) for pid in pathlib.Path(path).read_text().split()]

    def left(self):
        """What stayed behind, files and processes; the folder is removed."""
        left = [str(path) for path in self.folder.rglob("*")] + processes_of(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left


def table(out):
    rows = re.findall(r"^(\w+) +(\d+) +(\d+)$", out, re.M)
    return {name: (int(count), int(duplicates)) for name, count, duplicates in rows}


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="calls")
        Demo.calls = os.path.join(cls.folder, "calls")
        pathlib.Path(Demo.calls).touch()

    @classmethod
    def tearDownClass(cls):
        """All that was sent is what Graph's description takes."""
        judge = openapi_check.Judge("'Abacus' is not one of")  # the demo's resource of no system
        with open(Demo.calls, encoding="utf-8") as lines:
            problems = judge.judge(lines)
        shutil.rmtree(cls.folder)
        Demo.calls = ""
        harness.figure("calls by the OpenAPI description", judge.line())
        assert not problems, "\n".join(problems[:5])

    def run_demo(self, *arguments, **options):
        demo = Demo(*arguments, **options)
        code = demo.finish()
        self.assertEqual([], demo.left())
        return code, demo

    def test_table(self):
        code, demo = self.run_demo("--events", "300")
        self.assertEqual(0, code, demo.out + demo.err)
        rows = table(demo.out)
        self.assertEqual(OUTCOMES, list(rows))
        self.assertEqual(300, sum(count for count, _ in rows.values()))
        self.assertTrue(20 < sum(duplicates for _, duplicates in rows.values()) < 50, rows)
        for name in OUTCOMES[:5]:
            self.assertGreater(rows[name][0], 0, name)
        for name in OUTCOMES[5:]:
            self.assertEqual((0, 0), rows[name], name)
        self.assertIn("answered once 300, more than once 0, not at all 0; dead letters ", demo.out)
        carried_out = int(re.search(r"carried out (\d+) real requests", demo.out)[1])
        self.assertEqual(rows["submitted"][0] - rows["submitted"][1], carried_out)
        self.assertIn("every event was answered once and as it should be", demo.out)
        self.assertIn("at-least-once here", demo.err)
        self.assertNotIn("\x1b", demo.out + demo.err)

    def test_the_same_events_every_time(self):
        first, second = (table(self.run_demo("--events", "60")[1].out) for _ in range(2))
        self.assertEqual(first, second)

    def test_one_event(self):
        code, demo = self.run_demo("--events", "1")
        self.assertEqual((0, (1, 0)), (code, table(demo.out)["submitted"]))

    def test_two_at_once(self):
        demos = [Demo("--events", "200") for _ in range(2)]
        self.assertEqual([0, 0], [demo.finish() for demo in demos], [d.err for d in demos])
        self.assertEqual([[], []], [demo.left() for demo in demos])

    def test_settings_of_a_real_worker_do_not_count(self):
        code, demo = self.run_demo("--events", "10", USHER_KAFKA_BROKERS="127.0.0.1:1",
                                   USHER_POLICY_REQUEST_TYPES="AdminRemove", AZURE_CLIENT_ID="x")
        self.assertEqual(0, code, demo.err)

    def test_wrong_usage(self):
        for arguments, said in WRONG:
            with self.subTest(arguments=arguments):
                code, demo = self.run_demo(*arguments)
                self.assertEqual((2, ""), (code, demo.out))
                self.assertIn(said, demo.err)

    def test_help(self):
        code, demo = self.run_demo("--help")
        self.assertEqual((0, ""), (code, demo.err))
        self.assertIn("--hold", demo.out)

    def test_no_redis(self):
        with tempfile.TemporaryDirectory() as empty:
            code, demo = self.run_demo(PATH=empty)
        self.assertEqual((69, ""), (code, demo.out))
        self.assertIn("redis-server is not on the PATH: run deploy/install-deps, or apt-get "
                      "install redis-server\n", demo.err)

    def test_no_sandbox(self):
        with tempfile.TemporaryDirectory() as alone:
            code, demo = self.run_demo(program=shutil.copy(PROGRAM, alone))
        self.assertEqual(69, code)
        self.assertIn(f"{alone}/usher-sandbox is missing: build it too", demo.err)

    def test_no_folder(self):
        code, demo = self.run_demo("--events", "1", TMPDIR="/proc/nowhere")
        self.assertEqual(69, code)
        self.assertIn("set TMPDIR to one that can", demo.err)

    def test_redis_that_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder, "redis-server")
            fake.write_text("#!/bin/sh\nexit 1\n")
            fake.chmod(0o755)
            code, demo = self.run_demo(PATH=f"{folder}:{os.environ['PATH']}")
        self.assertEqual(69, code)
        self.assertIn("redis-server started 5 times and ended or did not answer", demo.err)

    def test_interrupt(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number=number):
                demo = Demo("--events", "100000")
                demo.read_until("at-least-once", demo.process.stderr)
                time.sleep(0.3)
                self.assertEqual(3, len(demo.children()))
                demo.process.send_signal(number)
                self.assertEqual(130, demo.finish(20))
                self.assertRegex(demo.err, r"interrupted, \d+ of 100000 answered")
                self.assertEqual([], demo.left())

    def test_interrupt_at_once(self):
        demo = Demo()
        demo.process.stderr.readline()
        demo.process.send_signal(signal.SIGINT)
        self.assertEqual(130, demo.finish(20))
        self.assertIn("usher demo: interrupted\n", demo.err)
        self.assertEqual([], demo.left())

    def test_killed(self):
        demo = Demo("--events", "100000")
        demo.read_until("at-least-once", demo.process.stderr)
        demo.process.kill()
        demo.finish(20)
        for _ in range(100):
            if not processes_of(demo.folder):
                break
            time.sleep(0.05)
        self.assertEqual([], processes_of(demo.folder))
        self.assertNotEqual([], demo.left())  # nobody was left to tidy up

    def worker_of(self, demo):
        for pid in demo.children():
            if b"\0run\0-c\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        self.fail("there is no worker")

    def test_worker_that_dies(self):
        demo = Demo("--events", "100000")
        demo.read_until("at-least-once", demo.process.stderr)
        log = next(demo.folder.glob("*/worker.log"))
        while log.read_text().count("request.answered") < 30:  # or the test's own time runs out
            time.sleep(0.02)
        self.assertEqual(4, len(processes_of(demo.folder)))  # the demo and three children
        os.kill(self.worker_of(demo), signal.SIGKILL)
        self.assertEqual(1, demo.finish(60))
        self.assertIn("request.answered", demo.err)
        self.assertIn("the worker ended; the end of its log is above", demo.err)
        self.assertRegex(demo.err, r"event \d+ \(.*\): one reply `.*` was due")
        self.assertRegex(demo.err, r"… and \d+ more")
        self.assertNotIn("not at all 0", demo.out)
        self.assertEqual([], demo.left())


class HoldTest(unittest.TestCase):
    """--hold: the commands that it prints work, and Ctrl-C ends it well."""

    def setUp(self):
        self.demo = Demo("--events", "20", "--hold")
        self.out = self.demo.read_until("--scan")

    def tearDown(self):
        self.demo.process.send_signal(signal.SIGINT)
        self.assertEqual(0, self.demo.finish(20), self.demo.err)
        self.assertEqual([], self.demo.left())

    def command(self, start, lines=1):
        found = self.out[self.out.index("  " + start):].splitlines()[:lines]
        ran = subprocess.run(["bash", "-c", "\n".join(found)], capture_output=True, text=True,
                             timeout=30)
        self.assertEqual(0, ran.returncode, ran.stderr)
        return ran.stdout

    def test_commands(self):
        self.assertIn("Some things to try", self.out)
        applied = json.loads(self.command("curl -s 'http"))["applied"]["submit"]
        carried_out = int(re.search(r"carried out (\d+) real requests", self.out)[1])
        self.assertEqual(carried_out, applied)
        self.assertIn("usher_", self.command("curl -s http"))
        self.assertIn("usher", self.command("redis-cli"))
        self.assertIn("delivery: at-least-once", self.command("less").replace("less", "cat"))
        before = [json.loads(line) for line in self.command("kcat").splitlines()]
        self.assertTrue(before)
        self.command("echo", 2)
        metrics = re.search(r"curl -s (http\S+/metrics)", self.out)[1]
        for _ in range(100):  # it is answered as a duplicate
            with urllib.request.urlopen(metrics, timeout=10) as answer:
                text = answer.read().decode()
            rows = re.findall(r'^usher_requests_total\{.*duplicate="true".*\} (\d+)', text, re.M)
            if sum(map(int, rows)) > table(self.out)["submitted"][1] + table(
                    self.out)["existing"][1] + table(self.out)["validated"][1]:
                break
            time.sleep(0.05)
        else:
            self.fail("the event that was sent once more was not answered")


class TerminalTest(unittest.TestCase):
    def run_on_terminal(self, **environment):
        master, slave = pty.openpty()
        demo = Demo("--events", "3000", stderr=slave, **environment)
        os.close(slave)
        shown = b""
        while demo.process.poll() is None or select.select([master], [], [], 0)[0]:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:
                    break
        os.close(master)
        self.assertEqual(0, demo.finish(), shown)
        self.assertEqual([], demo.left())
        return shown.decode(), demo.took

    def test_progress(self):
        shown, took = self.run_on_terminal(TERM="xterm")
        drawn = re.findall(r"\r(\d+) of 3000 answered([^\r\x1b]*)\x1b\[K", shown)
        self.assertTrue(1 <= len(drawn) <= 10 * took + 1, (took, shown))
        self.assertTrue(shown.rstrip().endswith("\r\x1b[K"), shown)
        self.assertTrue(all(len(count) + len(rest) < 79 for count, rest in drawn), drawn)
        self.assertNotRegex(shown, "\x1b\\[[0-9;]*m")  # no colours

    def test_dumb_terminal(self):
        shown, _ = self.run_on_terminal(TERM="dumb")
        self.assertNotIn("\x1b", shown)


class TimeTest(unittest.TestCase):
    """With all built: the first line within 3 s of typing, and 1,000 events in a few."""

    def setUp(self):
        if not os.path.exists(RELEASE):
            self.skipTest("there is no release build")

    def test_demo(self):
        demo = Demo(program=RELEASE)
        self.assertEqual(0, demo.finish(), demo.err)
        self.assertEqual([], demo.left())
        rate = re.search(r"(\d+) events/s", demo.out)[1]
        print(f"\nFIGURE demo of 1,000 events: {demo.took:.2f} s in all, {rate} events/s")
        self.assertLess(demo.took, 10)

    def test_second_run_of_deploy_demo(self):
        if os.path.abspath(RELEASE) != os.path.abspath("build/release/usher"):
            self.skipTest("deploy/demo builds another release build than this one")
        for _ in range(2):
            began = time.monotonic()
            with subprocess.Popen(["deploy/demo", "--events", "20"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
                line = process.stdout.readline()
                first = time.monotonic() - began
                rest = process.stdout.read()
            self.assertEqual(0, process.returncode, line + rest)
        self.assertTrue(line.startswith("usher demo: 20 events"), line)
        print(f"\nFIGURE deploy/demo, second run: first line after {first:.2f} s")
        self.assertLess(first, 3)


if __name__ == "__main__":
    unittest.main(verbosity=1)
