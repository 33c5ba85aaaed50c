#!/usr/bin/env python3
"""Each sentence of config/*.c about wrong settings is printed by a case of config_errors.golden, as
it stands there: with its place, what was wrong, and what to do. No sentence shows a secret."""
import codecs
import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

USHER = os.environ["USHER_BIN"]
SOURCE = Path(os.environ.get("USHER_SOURCE", "."))
GOLDEN = SOURCE / "tests" / "e2e" / "config_errors.golden"
TENANTS_MAX = 64
COMPLETE = {b"USHER_GRAPH_TENANT_ID": b"t", b"USHER_GRAPH_CLIENT_ID": b"c",
            b"USHER_GRAPH_CLIENT_SECRET": b"s"}
# What only a worker at work says: tests/config/test_reload.c has each.
OF_RELOADS = SOURCE / "tests" / "config" / "test_reload.c"

TEXT = re.compile(r'"((?:\\.|[^"\\])*)"')
CALL = re.compile(
    r"\b(error_set|loader_say|problems_add|problems_warn|loader_refuse|tenant_refuse|refuse|"
    r"refuse_value|need_secret|reader_complain|warn)\(")


class Case:
    def __init__(self, command):
        self.command, self.file, self.printed = command, [], []


def read_golden():
    """The introduction, and the cases; a blank line begins the next part."""
    head, cases = [], []
    for line in GOLDEN.read_text("utf-8").splitlines():
        if line.startswith("$ "):
            cases.append(Case(line[2:]))
        elif line.startswith("|"):
            cases[-1].file.append(line[2:])
        elif line.startswith(">"):
            cases[-1].printed.append(line[2:])
        elif cases:
            cases[-1].printed.append(None)
        else:
            head.append(line)
    return head, cases


def bytes_of(text):
    tenants = ", ".join(f"t{i}: {{tenant_id: t{i}}}" for i in range(TENANTS_MAX + 1))
    text = text.replace("<T>", tenants)
    text = re.sub(r"<(.)\*(\d+)>", lambda match: match[1] * int(match[2]), text)
    return codecs.escape_decode(text.encode())[0]


def run(case, folder):
    """What it prints, as in the golden."""
    path = os.path.join(folder, "usher.yaml")
    secrets = {"EMPTY": b"", "LINES": b"a\nb\n", "LONG": b"x" * 16384, "HUGE": b"x" * 70000}
    for name, content in secrets.items():
        Path(folder, name).write_bytes(content)
        os.chmod(os.path.join(folder, name), 0o644)
    text = "\n".join(case.file) + "\n"
    for name in secrets:
        text = re.sub(rf"\b{name}\b", os.path.join(folder, name), text)
    Path(path).write_bytes(bytes_of(text) if case.file else b"")
    os.chmod(path, 0o644 if case.command.startswith("chmod") else 0o600)
    words = shlex.split(case.command.rpartition("; ")[2].replace("\\", "\\\\"))
    environment = {name.encode(): value.encode() for name, value in os.environ.items()
                   if not name.startswith(("USHER_", "AZURE_"))}
    if not case.command.startswith("bare; "):
        environment |= COMPLETE
    while words[0] != "usher":
        name, _, value = words.pop(0).partition("=")
        environment[name.encode()] = bytes_of(value)
    arguments = [path if word == "FILE" else word for word in words[1:]]
    answer = subprocess.run([USHER, *arguments], env=environment, capture_output=True, timeout=60,
                            check=False)
    printed = answer.stderr.decode("utf-8", "backslashreplace")
    printed = printed.replace(folder + "/", "").splitlines()
    assert answer.returncode in (0, 66, 78), (case.command, answer.returncode, printed)
    return printed


def sentences(path):
    """(line, the longest text) of each call in this file that says what is wrong."""
    text = path.read_text("utf-8")
    for match in CALL.finditer(text):
        depth, at = 1, match.end()
        while depth > 0 and at < len(text):
            quoted = TEXT.match(text, at)
            depth += 0 if quoted else (text[at] == "(") - (text[at] == ")")
            at = quoted.end() if quoted else at + 1
        texts = [codecs.escape_decode("".join(TEXT.findall(part)))[0].decode()
                 for part in re.findall(rf"(?:{TEXT.pattern.replace('(', '(?:', 1)}\s*)+",
                                        text[match.end():at])]
        if texts and re.search("[a-z]", re.sub("%[.*0-9]*[a-z]+", "", max(texts, key=len))):
            yield text.count("\n", 0, match.start()) + 1, max(texts, key=len)


class ConfigErrors(unittest.TestCase):
    maxDiff = None

    def test_cases(self):
        head, cases = read_golden()
        written = list(head)
        with tempfile.TemporaryDirectory() as folder:
            for case in cases:
                with self.subTest(case.command, file=case.file):
                    printed = run(case, folder)
                    written += [f"$ {case.command}", *(f"| {line}" for line in case.file)]
                    written += [f"> {line}" for line in printed]
                    written += [""] if None in case.printed else []
                    self.assertNotEqual([], printed)
                    if not os.environ.get("USHER_UPDATE"):
                        self.assertEqual([line for line in case.printed if line is not None],
                                         printed)
        if os.environ.get("USHER_UPDATE"):
            GOLDEN.write_text("\n".join(written) + "\n", "utf-8")

    def test_every_sentence_has_a_case(self):
        printed = "\n".join(line for case in read_golden()[1] for line in case.printed if line)
        of_reloads = re.sub(r'"\s*"', "", OF_RELOADS.read_text("utf-8"))
        missing, count = [], 0
        for path in sorted((SOURCE / "config").glob("*.c")):
            said = of_reloads if path.name == "reload.c" else printed
            for line, text in sentences(path):
                count += 1
                parts = re.split(r"%[.*0-9]*z?[a-z]", text.replace("%%", "\0"))
                wanted = ".*?".join(re.escape(part.replace("\0", "%")) for part in parts)
                if not re.search(wanted, said):
                    missing.append(f"{path.name}:{line}: {text}")
        self.assertEqual([], missing)
        self.assertGreater(count, 90)


if __name__ == "__main__":
    unittest.main()
