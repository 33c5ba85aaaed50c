#!/usr/bin/env python3
"""The man pages say what the program says: commands, options, exit codes, settings."""

import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

USHER = os.environ["USHER_BIN"]
MAN = Path(os.environ.get("USHER_SOURCE", ".")) / "deploy" / "man"
# "0 done, 66 no such file": a number at the start or after a comma, and a word behind it.
CODE = re.compile(r"(?:^|[,;.] |\n)(\d{1,3})\s+[a-zA-Z]")


def usher(*arguments):
    return subprocess.run([USHER, *arguments], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def commands():
    lines = usher("help").split("commands:\n")[1].splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ")]


def page(name):
    return (MAN / f"{name}.scd").read_text("utf-8")


def section(text, name):
    return re.split(r"^# ", text.split(f"# {name}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def entries(text, name):
    """What begins a paragraph in bold, in this section."""
    return re.findall(r"^\*([^*]+)\*", section(text, name), re.M)


class Man(unittest.TestCase):
    def test_every_command_has_a_page(self):
        self.assertEqual(entries(page("usher.1"), "COMMANDS"), commands())
        pages = {path.name for path in MAN.glob("usher-*.1.scd")}
        self.assertEqual(pages, {f"usher-{name}.1.scd" for name in commands() if name != "help"})

    def test_options_are_those_of_the_help(self):
        for name in commands():
            if name == "help":
                continue
            with self.subTest(name):
                said = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usher(name, "--help")))
                listed = re.findall(r"\*(--?[a-z][a-z-]*)\*", section(page(f"usher-{name}.1"),
                                                                       "OPTIONS"))
                self.assertEqual(said - {"-h", "--help"}, set(listed) - {"-h", "--help"})

    def test_exit_codes_are_those_of_the_help(self):
        everything = set(entries(page("usher.1"), "EXIT STATUS"))
        for name in commands():
            if name == "help":
                continue
            with self.subTest(name):
                text = usher(name, "--help")
                said = set(CODE.findall(text.split("Exit: ", 1)[1])) if "Exit: " in text else set()
                listed = set(entries(page(f"usher-{name}.1"), "EXIT STATUS"))
                self.assertLessEqual(said, listed)
                self.assertLessEqual(listed, everything)

    def test_settings_are_those_of_the_program(self):
        schema = json.loads(usher("config", "schema"))
        text = page("usher.yaml.5").replace("\\", "")
        for group, node in schema["properties"].items():
            if group == "tenants":
                continue
            names = [group + "." + key for key in node["properties"]] if "properties" in node \
                else [group]
            for name in names:
                self.assertIn(f"\n*{name}*\n", text)

    def test_the_page_of_the_settings_is_up_to_date(self):
        made = subprocess.run([str(MAN / "settings")], capture_output=True, text=True, timeout=60,
                              check=True).stdout
        self.assertEqual(made, page("usher.yaml.5"),
                         "run: deploy/man/settings > deploy/man/usher.yaml.5.scd")

    @unittest.skipUnless(shutil.which("scdoc"), "scdoc is not here")
    def test_scdoc_takes_every_page(self):
        for path in sorted(MAN.glob("*.scd")):
            with self.subTest(path.name), path.open("rb") as text:
                made = subprocess.run(["scdoc"], stdin=text, capture_output=True, timeout=60,
                                      check=False)
                self.assertEqual((made.returncode, made.stderr), (0, b""))
                self.assertIn(b".TH ", made.stdout)


if __name__ == "__main__":
    unittest.main()
