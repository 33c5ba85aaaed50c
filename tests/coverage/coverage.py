"""Reads what a build with USHER_COVERAGE has counted, prints a table, exits 1 if it is too little.

A branch is one way out of a condition, as clang sees it: `if (a && b)` has four. A condition
inside assert(...) is none: it says what cannot happen, so no test can make it happen.
"""
import collections
import json
import os
import re
import subprocess
import sys
from pathlib import Path

FOLDERS = ["worker/core", "worker/io", "worker/cli", "worker", "config"]
CORE_BRANCHES = 95.0  # percent: what decides is tested in every way
ALL_LINES = 85.0  # percent of the whole program
LEAST = 10  # files that are named because they are covered least
SKIP = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def llvm(tool, *arguments):
    """Runs a tool of the very LLVM that clang is of."""
    clang = subprocess.run(["clang", "-print-prog-name=" + tool], capture_output=True, text=True,
                           check=True).stdout.strip()
    return subprocess.run([clang, *arguments], stdout=subprocess.PIPE, check=True).stdout


def programs(build):
    """All that was built with counters: the program and the tests."""
    found = [build / "usher", *sorted(build.glob("tests/*/*"))]
    return [path for path in found if path.is_file() and os.access(path, os.X_OK)]


def export(build):
    """What llvm-cov has to say: one dict."""
    counts = sorted(str(path) for path in (build / "counts").glob("*.profraw"))
    if not counts:
        sys.exit("coverage: nothing has been counted; run tests/coverage/run")
    merged = str(build / "counts.profdata")
    # A program that was killed while it wrote leaves a file that cannot be read. Others can.
    llvm("llvm-profdata", "merge", "--failure-mode=all", "-o", merged, *counts)
    objects = [argument for path in programs(build) for argument in ("-object", str(path))]
    # It warns of mismatched data: tests have functions (main, for one) of the same name.
    text = llvm("llvm-cov", "export", "-instr-profile", merged, *objects[1:])
    return json.loads(text)["data"][0]


def relative(name, build):
    """The path in the checkout, or None for what is no part of the program."""
    name = os.path.relpath(name)
    # The build cuts the checkout off its paths, and clang takes them as those of its own folder.
    name = name.removeprefix(f"{os.path.relpath(build)}/")
    return name if os.path.dirname(name) in FOLDERS else None


def assert_places(path):
    """[(first, last)] places of assert(...), each (line, column)."""
    text = SKIP.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), path.read_text("utf-8"))
    starts = [0] + [i + 1 for i, letter in enumerate(text) if letter == "\n"]

    def place(offset):
        line = text.count("\n", 0, offset)
        return line + 1, offset - starts[line] + 1

    found = []
    for match in re.finditer(r"\bassert\(", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append((place(match.start()), place(end)))
    return found


def count_branches(data, build):
    """{file: {(line, column, way): times}} without those of asserts."""
    asserts, found = {}, collections.defaultdict(collections.Counter)
    for function in data["functions"]:
        for line, column, _, _, true, false, file_id, *_ in function["branches"]:
            name = relative(function["filenames"][file_id], build)
            if name is None:
                continue
            if name not in asserts:
                asserts[name] = assert_places(Path(name))
            if any(first <= (line, column) < last for first, last in asserts[name]):
                continue
            found[name][line, column, "true"] += true
            found[name][line, column, "false"] += false
    return found


def percent(covered, count):
    return 100.0 * covered / count if count else 100.0


def share(covered, count):
    """All of it only where it is all of it."""
    text = f"{percent(covered, count):.1f}"
    return f"{'99.9' if text == '100.0' and covered < count else text:>5} %"


class Row:
    def __init__(self, name, files):
        self.name = name
        self.lines = [sum(file.lines[i] for file in files) for i in (0, 1)]
        self.branches = [sum(file.branches[i] for file in files) for i in (0, 1)]

    def text(self):
        def part(counts):
            return f"{share(*counts)} {counts[0]:6} of {counts[1]:5}"
        return f"{self.name:32}{part(self.lines)}    {part(self.branches)}"


class File:
    def __init__(self, name, summary, branches):
        self.name = name
        self.lines = summary["lines"]["covered"], summary["lines"]["count"]
        self.missing = sorted(place for place, times in branches.items() if times == 0)
        self.branches = len(branches) - len(self.missing), len(branches)


def read(build):
    data = export(build)
    branches = count_branches(data, build)
    files = []
    for entry in data["files"]:
        name = relative(entry["filename"], build)
        if name is not None:
            files.append(File(name, entry["summary"], branches[name]))
    if not files:
        sys.exit(f"coverage: {build} knows no file of {', '.join(FOLDERS)}")
    return files


def in_folder(files, folder):
    return [file for file in files if os.path.dirname(file.name) == folder]


def show(files):
    """The table. Returns what is too little."""
    rows = [Row(folder, in_folder(files, folder)) for folder in FOLDERS]
    rows.append(Row("all", files))
    print(f"{'':32}{'lines':27}branches (without assert)")
    for row in rows:
        print(row.text())
    print("\nThe least covered:")
    for file in sorted(files, key=lambda file: percent(*file.branches))[:LEAST]:
        print(Row(file.name, [file]).text())
    branches, lines = rows[0].branches, rows[-1].lines
    print(f"\nFIGURE coverage: core {share(*branches).strip()} of branches, "
          f"all {share(*lines).strip()} of lines")
    wrong = []
    if percent(*branches) < CORE_BRANCHES:
        wrong.append(f"worker/core: {CORE_BRANCHES:.0f} % of branches are wanted")
    if percent(*lines) < ALL_LINES:
        wrong.append(f"all: {ALL_LINES:.0f} % of lines are wanted")
    return wrong


def main():
    """BUILD [missing FILE-OR-FOLDER]: the table, or the branches that nothing took."""
    files = read(Path(sys.argv[1]))
    if len(sys.argv) == 4 and sys.argv[2] == "missing":
        for file in sorted(files, key=lambda file: file.name):
            if file.name.startswith(sys.argv[3]):
                for line, column, way in file.missing:
                    print(f"{file.name}:{line}:{column}: never {way}")
        return
    wrong = show(files)
    for line in wrong:
        print(f"coverage: {line}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
