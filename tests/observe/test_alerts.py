"""The alerts: good PromQL about what is there, a section of the run book for each, and each was
seen to speak and to be quiet."""
import re
import unittest

import yaml

import observe

CASES = observe.ROOT / "tests" / "observe" / "alerts.test.yaml"
# What the specification asks for, and ours.
NAMES = {"WorkerLagHigh", "WorkerStalled", "WorkerDeadLetters", "WorkerThrottledLong",
         "WorkerTokenRefreshFailing", "WorkerCredentialExpiringSoon", "WorkerRebalanceLoop",
         "WorkerDedupeStoreDown", "WorkerErrorRatioHigh", "WorkerConfigReloadFailed", "WorkerDown",
         "WorkerInterlock", "WorkerRedisForgot", "WorkerGraphDown"}
PARTS = ("**What it means.**", "**How to look.**", "**What to do.**")


def rules():
    groups = yaml.safe_load(observe.RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


class AlertsTest(unittest.TestCase):
    def test_names(self):
        self.assertEqual(NAMES, {rule["alert"] for rule in rules()})
        self.assertEqual(len(NAMES), len(rules()))

    def test_expressions(self):
        code, said = observe.promtool("check", "rules", str(observe.RULES))
        self.assertEqual(0, code, said)
        for rule in rules():
            self.assertEqual([], observe.wrong_names(rule["expr"]), rule["alert"])

    def test_words(self):
        for rule in rules():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
            self.assertTrue(rule["annotations"]["summary"])
            self.assertTrue(rule["annotations"]["description"])
            for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
                self.assertIn(label, rule["expr"], rule["alert"])

    def test_runbook(self):
        book, anchors = observe.RUNBOOK.read_text("utf-8"), observe.anchors(observe.RUNBOOK)
        for rule in rules():
            path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
            self.assertEqual("deploy/README.md", path)
            self.assertEqual(rule["alert"].lower(), anchor)
            self.assertIn(anchor, anchors)
            section = book.split(f"\n### {rule['alert']}\n")[1].split("\n#")[0]
            for part in PARTS:
                self.assertEqual(1, section.count(part), f"{rule['alert']}: {part}")
        told = set(re.findall(r"^### (Worker\w+)$", book, re.M))
        self.assertEqual(NAMES, told)

    def test_cases(self):
        code, said = observe.promtool("test", "rules", str(CASES))
        self.assertEqual(0, code, said)
        spoke, kept_quiet = set(), set()
        for case in yaml.safe_load(CASES.read_text("utf-8"))["tests"]:
            for test in case["alert_rule_test"]:
                (spoke if test["exp_alerts"] else kept_quiet).add(test["alertname"])
        self.assertEqual(NAMES, spoke)
        self.assertEqual(NAMES, kept_quiet)

    def test_checker_knows_bad_ones(self):
        self.assertEqual(["usher_nothing"], observe.wrong_names("rate(usher_nothing[5m])"))
        self.assertEqual(["usher_redis_up{who}"], observe.wrong_names('usher_redis_up{who="x"}'))
        self.assertEqual(["usher_event_loop_lag_seconds"],
                         observe.wrong_names("usher_event_loop_lag_seconds > 1"))
        self.assertIn("parse error", observe.check_expressions(["sum(", "up"]))


if __name__ == "__main__":
    observe.need_promtool()
    unittest.main()
