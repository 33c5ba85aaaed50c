#!/usr/bin/env python3
"""What the Tab key offers, asked of the shells themselves; those that are not here are left out."""

import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
import unittest

USHER = os.environ["USHER_BIN"]

# What is typed, what has to be offered, what must not be.
CASES = [
    ("usher ", {"run", "config", "completion", "help"}, {"check", "-c"}),
    ("usher conf", {"config"}, {"run"}),
    ("usher help d", {"demo", "doctor"}, {"run"}),
    ("usher config ", {"check", "print", "schema", "init"}, {"run"}),
    ("usher doctor --cl", {"--clear-interlock"}, set()),
    ("usher demo --", {"--events", "--hold"}, {"--json"}),
    ("usher run -s kafka.brok", {"kafka.brokers="}, set()),
    ("usher run -s graph.auth=", {"graph.auth=token"}, {"graph.auth="}),
    ("usher run -s redis.pass", {"redis.password_file="}, {"redis.password="}),
    ("usher run -c us", {"usher.yaml"}, set()),
    ("usher completion f", {"fish"}, {"bash"}),
]

# Calls the function as bash does: words are cut at `=` too.
BASH = r"""
source "$1"
line=$2
read -ra parts <<<"${line//=/ = }"
[ "${line% }" = "$line" ] && [ "${line%=}" = "$line" ] || parts+=("")
[ "${line%=}" = "$line" ] || unset 'parts[-1]'
COMP_WORDS=("${parts[@]}")
COMP_CWORD=$((${#parts[@]} - 1))
complete -p usher >/dev/null || exit 9
_usher
case $line in *=*) before=${line##* } before=${before%%=*}= ;; *) before= ;; esac
printf '%s\n' "${COMPREPLY[@]/#/$before}"
"""

ZSH = r"""
autoload -Uz compinit
compinit -u -D
. "$SCRIPT"
PS1="rea""dy> "
"""


def script(shell, folder):
    path = os.path.join(folder, "completion." + shell)
    with open(path, "wb") as out:
        subprocess.run([USHER, "completion", shell], stdout=out, timeout=60, check=True)
    return path


class Completion(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(os.path.join(self.folder.name, "usher.yaml"), "w", encoding="utf-8"):
            pass

    def ask(self, *command, **environment):
        return subprocess.run(
            command,
            cwd=self.folder.name,
            env={**os.environ, "HOME": self.folder.name, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def check(self, offered, case):
        line, wanted, unwanted = case
        offered = {word for word in offered if word}
        self.assertLessEqual(wanted, offered, line)
        self.assertFalse(unwanted & offered, line)

    def need(self, shell):
        if shutil.which(shell) is None:
            self.skipTest(shell + " is not here")
        path = script(shell, self.folder.name)
        answer = self.ask(shell, "-n", path)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        return path

    def test_bash(self):
        path = self.need("bash")
        for case in CASES:
            with self.subTest(case[0]):
                answer = self.ask("bash", "--norc", "-c", BASH, "bash", path, case[0])
                self.assertEqual((answer.returncode, answer.stderr), (0, ""))
                self.check(answer.stdout.split("\n"), case)

    def test_fish(self):
        path = self.need("fish")
        for case in CASES:
            with self.subTest(case[0]):
                asks = 'source $argv[1]; complete -C "$argv[2]"'
                answer = self.ask("fish", "-c", asks, path, case[0])
                self.assertEqual((answer.returncode, answer.stderr), (0, ""))
                self.check([line.split("\t")[0] for line in answer.stdout.split("\n")], case)

    def test_zsh(self):
        """In a terminal, for zsh offers nothing elsewhere: what is typed, Tab, and what is seen."""
        path = self.need("zsh")
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder.name)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {
                "PATH": os.environ["PATH"], "HOME": self.folder.name, "SCRIPT": path,
                "TERM": "dumb", "LC_ALL": "C"})
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.write, terminal, b"\x15exit\n")
        os.write(terminal, ZSH.encode())
        self.read(terminal, "ready> ")
        for typed, seen in (("usher conf", "usher config "), ("usher config ch", "check "),
                            ("usher doctor --cl", "--clear-interlock "),
                            ("usher run -s kafka.brok", "kafka.brokers="),
                            ("usher run -s log.level=d", "log.level=debug "),
                            ("usher run -c us", "usher.yaml ")):
            with self.subTest(typed):
                os.write(terminal, typed.encode() + b"\t")
                self.assertIn(seen, self.read(terminal, seen))
                os.write(terminal, b"\x15")  # Ctrl-U: the line is empty again

    @staticmethod
    def read(terminal, until):
        got, end = "", time.monotonic() + 20
        while until not in got and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                got += os.read(terminal, 4096).decode("utf-8", "replace")
        return got


if __name__ == "__main__":
    unittest.main()
