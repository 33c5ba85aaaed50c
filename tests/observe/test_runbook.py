"""The run book leaves out no exit code and no error code."""
import re
import unittest

import observe


def section(text, title):
    """What stands below that heading, up to the next of its rank."""
    rank = re.search(rf"^(#+) {re.escape(title)}$", text, re.M)
    rest = text[rank.end():]
    end = re.search(rf"^#{{1,{len(rank[1])}}} ", rest, re.M)
    return rest[:end.start()] if end else rest


class RunbookTest(unittest.TestCase):
    def setUp(self):
        self.book = observe.RUNBOOK.read_text("utf-8")
        self.readme = (observe.ROOT / "README.md").read_text("utf-8")

    def test_exit_codes(self):
        """Each that the program can end with, or that the README names."""
        sentence = section(self.readme, "Signals and exit codes").replace("\n", " ")
        codes = set(re.findall(r"(?:^|[·.(] ?)(\d+)(?= [a-z]|\))", sentence))
        program = (observe.ROOT / "worker/worker.h").read_text("utf-8")
        program = program.split("enum worker_exit {")[1].split("};")[0]
        codes |= set(re.findall(r" = (\d+),", program))
        told = set(re.findall(r"^\| (\d+) \|", section(self.book, "Signals and exit codes"), re.M))
        self.assertGreater(len(codes), 8)
        self.assertEqual(set(), codes - told)

    def test_error_codes(self):
        listed = re.findall(r"^\| `([a-z]\w+)` \| ", section(self.readme, "Error codes"), re.M)
        table = section(self.book, "Error codes").split("|---|---|---|---|\n")[1]
        told = [code for row in table.splitlines() if row.startswith("| `")
                for code in re.findall(r"`(\w+)`", row.split("|")[1])]
        self.assertGreater(len(listed), 50)
        self.assertEqual(sorted(listed), sorted(told))

    def test_links(self):
        """Every link within the documents leads to a file, and to a heading of it."""
        for path in [observe.RUNBOOK, observe.ROOT / "README.md", observe.ROOT / "SECURITY.md"]:
            text = path.read_text("utf-8")
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if "://" in target:
                    continue
                name, _, anchor = target.partition("#")
                file = (path.parent / name).resolve() if name else path
                self.assertTrue(file.exists(), f"{path.name}: {target}")
                if anchor:
                    titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.M)
                    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                               for title in titles}
                    self.assertIn(anchor, anchors, f"{path.name}: {target}")


if __name__ == "__main__":
    unittest.main()
