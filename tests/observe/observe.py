"""What the tests of this folder, and e2e/metrics, share: the families, PromQL's names, promtool."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "deploy" / "helm" / "usher" / "files"
RULES = FILES / "usher.rules.yaml"
DASHBOARD = FILES / "usher-dashboard.json"
RUNBOOK = ROOT / "deploy" / "README.md"

OURS = re.compile(r"\b(?:usher|http_client|messaging|process)_[a-z0-9_]+")
SELECTOR = re.compile(r"(" + OURS.pattern + r")\s*\{([^}]*)\}")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
SUFFIXES = ("_bucket", "_sum", "_count")
# Set by whoever scrapes.
TARGET_LABELS = {"namespace", "job", "instance", "tenant", "le"}


def families():
    """{name: (type, {label: must it be there})}"""
    found = {}
    for line in (Path(__file__).parent / "families").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, kind, labels = line.split()
            labels = [] if labels == "-" else labels.split(",")
            found[name] = (kind, {label.rstrip("?"): label[-1] != "?" for label in labels})
    return found


def family_of(name, known):
    """The family that a row of this name belongs to; None: there is none."""
    if name in known:
        return name if known[name][0] != "histogram" else None
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and known.get(base, ("",))[0] == "histogram":
            return base
    return None


def wrong_names(expression):
    """What of it /metrics does not have: names, and labels in selectors."""
    known, wrong = families(), []
    outside = re.sub(r'"[^"]*"', '""', expression)
    outside = re.sub(r"\b(?:by|on|without|ignoring)\s*\([^)]*\)", "", outside)
    outside = re.sub(r"\{[^}]*\}", "", outside)
    wrong += [name for name in OURS.findall(outside) if family_of(name, known) is None]
    for name, labels in SELECTOR.findall(re.sub(r'"[^"]*"', '""', expression)):
        family = family_of(name, known)
        allowed = TARGET_LABELS | set(known[family][1] if family else ())
        wrong += [f"{name}{{{label}}}" for label in LABEL.findall(labels) if label not in allowed]
    return wrong


def need_promtool():
    if shutil.which("promtool") is None:
        print("no promtool here, so nobody checks these; deploy/install-deps --tests installs it")
        sys.exit(77)


def promtool(*arguments, text=None):
    """(exit code, what it said)"""
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def check_expressions(expressions):
    """promtool's opinion, each as the rule of a record; "" is none."""
    rules = [{"record": f"check:{i}", "expr": text} for i, text in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "check", "rules": rules}]}, file)
        file.flush()
        code, said = promtool("check", "rules", file.name)
    return said if code != 0 else ""


def anchors(path):
    """Of the headings of a Markdown file, as the usual renderers make them."""
    headings = re.findall(r"^#+ +(.*)$", path.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
            for heading in headings}
