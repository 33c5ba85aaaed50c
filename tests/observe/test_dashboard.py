"""The dashboard: it can be imported anywhere, and each of its queries is good PromQL about what
/metrics has."""
import json
import re
import unittest

import observe

ROWS = ["Throughput & outcomes", "Lag & oldest age", "Graph: latency, status, 429", "Retries & DLQ",
        "Redis", "Kafka client", "Identity (token, certificate)", "Process"]
WIDTH = 24


def load():
    return json.loads(observe.DASHBOARD.read_text("utf-8"))


def panels():
    return [panel for panel in load()["panels"] if panel["type"] != "row"]


def expressions():
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


def filled_in(expression):
    """As Grafana would send it."""
    for name, value in {"$__rate_interval": "5m", "$namespace": ".*", "$job": ".*"}.items():
        expression = expression.replace(name, value)
    return expression


class DashboardTest(unittest.TestCase):
    def test_head(self):
        board = load()
        self.assertEqual("usher-overview", board["uid"])
        self.assertGreaterEqual(board["schemaVersion"], 36)
        self.assertNotIn("id", board)  # Grafana's own; with one an import would overwrite another
        self.assertNotIn("__inputs", board)

    def test_variables(self):
        variables = {item["name"]: item for item in load()["templating"]["list"]}
        self.assertEqual(["datasource", "namespace", "job"], list(variables))
        self.assertEqual(("datasource", "prometheus"),
                         (variables["datasource"]["type"], variables["datasource"]["query"]))
        for name in ("namespace", "job"):
            self.assertEqual("${datasource}", variables[name]["datasource"]["uid"])
            self.assertIn("usher_build_info", variables[name]["query"]["query"])
            self.assertEqual(".*", variables[name]["allValue"])  # also where there is no such label

    def test_rows(self):
        rows = [panel["title"] for panel in load()["panels"] if panel["type"] == "row"]
        self.assertEqual(ROWS, rows)

    def test_places(self):
        taken, ids = set(), set()
        for panel in load()["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], WIDTH, panel["title"])
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(taken & cells, panel["title"])
            taken |= cells
            self.assertNotIn(panel["id"], ids)
            ids.add(panel["id"])

    def test_panels(self):
        for panel in panels():
            self.assertEqual("${datasource}", panel["datasource"]["uid"], panel["title"])
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
            for target in panel["targets"]:
                self.assertEqual("${datasource}", target["datasource"]["uid"], panel["title"])

    def test_queries(self):
        for title, expression in expressions():
            self.assertEqual([], observe.wrong_names(expression), title)
            self.assertIn('namespace=~"$namespace",job=~"$job"', expression, title)
            for window in re.findall(r"\[([^]]*)\]", expression):
                self.assertEqual("$__rate_interval", window, title)
            left = re.findall(r"\$\w+", filled_in(expression))
            self.assertEqual([], left, title)
        said = observe.check_expressions([filled_in(text) for _, text in expressions()])
        self.assertEqual("", said)

    def test_counters_are_rated(self):
        known = observe.families()
        for title, expression in expressions():
            for name in observe.OURS.findall(expression):
                family = observe.family_of(name, known)
                if family and (known[family][0] == "counter" or family != name):
                    self.assertRegex(expression, rf"(rate|increase)\({name}\b", title)


if __name__ == "__main__":
    observe.need_promtool()
    unittest.main()
