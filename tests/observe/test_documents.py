"""What the documents say of metrics is so."""
import re
import unittest

import observe

DOCUMENTS = [observe.ROOT / name for name in
             ("README.md", "deploy/README.md", "config/README.md", "SECURITY.md")]


class DocumentsTest(unittest.TestCase):
    def test_names(self):
        known = observe.families()
        for path in DOCUMENTS:
            for name in re.findall(r"`((?:usher|http_client|messaging|process)_[a-z0-9_]+)",
                                   path.read_text("utf-8")):
                found = name in known or observe.family_of(name, known)
                label = any(name in labels for _, labels in known.values())
                self.assertTrue(found or label, f"{path.name}: {name}")

    def test_conventions(self):
        """Each family and label that has its name from OpenTelemetry stands beside that name."""
        book = observe.RUNBOOK.read_text("utf-8")
        lines = [line for line in book.splitlines() if line.startswith("| `")]
        for name, (_, labels) in observe.families().items():
            if not name.startswith(("messaging_", "http_client_")):
                continue
            row = next((line for line in lines if line.startswith(f"| `{name}` | `")), "")
            base = name.removesuffix("_total").removesuffix("_seconds")
            told = row.split("`")[3] if row else ""
            self.assertEqual(base, told.replace(".", "_"), name)
            for label in set(labels) - {"operation"}:
                self.assertTrue(any(f"`{label}`" in line for line in lines), label)


if __name__ == "__main__":
    unittest.main()
