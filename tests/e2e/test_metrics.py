#!/usr/bin/env python3
"""/metrics of a real run: all families are there with their labels, whatever is sent adds no row,
the numbers are right, and a real Prometheus answers every query of dashboard and alerts."""
import dataclasses
import json
import os
import re
import shutil
import sys
import time
import urllib.parse
import urllib.request

import yaml

import bad_input
import events
import harness
import processes

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "observe"))

import observe  # noqa: E402
import test_alerts  # noqa: E402
import test_dashboard  # noqa: E402

ROW = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")
# Only where the settings ask for it.
OPTIONAL = ("usher_follow_", "usher_tenant_calls_total", "usher_certificate_expiry_",
            "usher_write_rate_limit")
BROKERS = {"usher_kafka_broker_rtt_seconds"}  # it may take a while until each was asked something
CALLS = "http_client_request_duration_seconds"


def rows(text):
    """{(name, labels): value}"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = ROW.match(line).groups()
        row = (name, labels or "")
        if row in found:
            raise AssertionError(f"twice: {line}")
        found[row] = float(value)
    return found


def label_sets(found):
    known, sets = observe.families(), {}
    for name, labels in found:
        family = observe.family_of(name, known) or name
        names = {label for label, _ in harness.LABEL.findall(labels)} - {"le"}
        sets.setdefault(family, set()).add(frozenset(names))
    return sets


class MetricsTest(harness.E2eCase):
    def scrape(self, worker):
        return rows(worker.get("/metrics")[1])

    def start(self, world):
        worker = world.worker()
        worker.wait_ready()
        processes.wait_until("librdkafka's statistics have come", lambda: (
            worker.metric("usher_kafka_broker_rtt_seconds") is not None), 20)
        world.wait_assigned([worker])
        return worker

    def garbage(self, maker, count):
        """Records that nobody would send: all known sorts, and bytes by chance in value and
        headers."""
        chance, made = maker.random, []
        sorts = [row for row in bad_input.ROWS
                 if row.name not in ("more than 1 MiB", "null ce_id")]
        for i in range(count):
            event = maker.bad(sorts[i % len(sorts)])
            if i >= len(sorts):
                noise = [(f"usher-{chance.randrange(99)}", chance.randbytes(9)),
                         ("traceparent", chance.randbytes(20)), ("tenant", chance.randbytes(5)),
                         ("kafka_replyTopic", b"topic-%d" % chance.randrange(9999))]
                event = dataclasses.replace(event, value=chance.randbytes(chance.randrange(200)),
                                            headers=event.headers + noise)
            made.append(event)
        return made

    def check_families(self, worker):
        text = worker.get("/metrics")[1]
        known, found = observe.families(), self.scrape(worker)
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        expected = {name for name in known if not name.startswith(OPTIONAL)}
        self.assertEqual(expected, set(types))
        for name, sets in label_sets(found).items():
            kind, labels = known[name]
            self.assertEqual(kind, types[name])
            must = {label for label, always in labels.items() if always}
            for names in sets:
                self.assertLessEqual(must, names, name)
                self.assertLessEqual(names, set(labels), name)
        if shutil.which("promtool"):
            code, said = observe.promtool("check", "metrics", text=text)
            self.assertEqual(0, code, said)
        return found

    def check_numbers(self, worker, sent):
        self.assertEqual(sent, worker.metric("usher_requests_total"))
        self.assertEqual(sent, worker.metric("usher_end_to_end_latency_seconds_count"))
        self.assertEqual(sent, worker.metric("messaging_process_duration_seconds_count"))
        self.assertEqual(sent, worker.metric(
            'messaging_client_consumed_messages_total{error_type=""}'))
        self.assertEqual(worker.metric("usher_dead_letters_total"), worker.metric(
            'messaging_client_sent_messages_total{messaging_destination_name="%s"}'
            % worker_settings(worker)["kafka"]["dead_letters_topic"]))
        self.assertEqual(4, worker.metric("usher_kafka_assigned_partitions"))
        self.assertEqual(0, worker.metric("usher_kafka_paused_partitions"))
        self.assertEqual(0, worker.metric("usher_kafka_consumer_lag"))
        self.assertEqual(0, worker.metric("usher_oldest_in_flight_timestamp_seconds"))
        self.assertEqual(0, worker.metric('usher_token_refreshes_total{result="failure"}'))
        self.assertLessEqual(1, worker.metric("usher_token_refreshes_total"))
        self.assertLess(worker.metric("usher_event_loop_lag_seconds_sum"), 5)
        self.assertAlmostEqual(time.time(), worker.metric("usher_last_success_timestamp_seconds"),
                               delta=60)

    def wait_counted(self, world, worker, sent):
        """A reply can be read a moment before the worker hears that it is committed."""
        world.wait_answers(sent, 60)
        processes.wait_until("all are counted", lambda: (
            worker.metric("usher_requests_total") or 0) >= sent)

    def test_whatever_is_sent_adds_no_row(self):
        world = self.world()
        worker = self.start(world)
        before = self.check_families(worker)
        maker = events.Maker(3, "garbage")
        garbage = self.garbage(maker, 400)
        world.send(garbage)
        self.wait_counted(world, worker, len(garbage))
        new = set(self.scrape(worker)) ^ set(before)
        self.assertEqual(set(), {row for row in new if row[0] not in BROKERS})
        self.assertEqual(len(garbage), worker.metric('usher_requests_total{outcome="rejected"}'))

        shares = [("submitted", 80), ("existing", 5), ("validated", 5)]
        good = events.mixture(300, 7, "good", shares)
        world.send(good)
        self.wait_counted(world, worker, len(garbage) + len(good))
        world.wait_committed()
        new = {row[0] for row in set(self.check_families(worker)) ^ set(before)}
        self.assertLessEqual({observe.family_of(name, observe.families()) for name in new},
                             {CALLS, *BROKERS})
        self.check_numbers(worker, len(garbage) + len(good))
        self.assertGreater(worker.metric('usher_dedupe_lookups_total{result="done"}'), 0)
        harness.figure("e2e metrics", f"{len(before)} rows, {len(self.scrape(worker))} after "
                                      f"{len(garbage)} bad and {len(good)} good records")


def worker_settings(worker):
    with open(worker.file, encoding="utf-8") as file:
        return yaml.safe_load(file)


class Prometheus:
    """A real one, which scrapes the worker every second."""

    def __init__(self, folder, worker):
        self.port = processes.free_port()
        config = os.path.join(folder, "prometheus.yaml")
        with open(config, "w", encoding="utf-8") as file:
            yaml.safe_dump({
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(observe.RULES)],
                "scrape_configs": [{"job_name": "usher", "static_configs": [
                    {"targets": [f"127.0.0.1:{worker.port}"], "labels": {"namespace": "e2e"}}]}],
            }, file)
        self.process = processes.start(
            ["prometheus", f"--config.file={config}",
             f"--storage.tsdb.path={os.path.join(folder, 'tsdb')}",
             f"--web.listen-address=127.0.0.1:{self.port}"], os.path.join(folder, "prometheus.log"))

    def ask(self, path, **arguments):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(arguments)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, text):
        return self.ask("/api/v1/query", query=text)["result"]

    def has(self, text, least):
        try:
            found = self.query(text)
        except OSError:
            return False
        return bool(found) and float(found[0]["value"][1]) >= least


class PrometheusTest(harness.E2eCase):
    # Of these there are none where nothing is wrong, or nothing at work.
    empty = re.compile(r"follow_|certificate_|write_rate_limit|oldest_in_flight")

    def test_every_query_has_an_answer(self):
        if shutil.which("prometheus") is None:
            self.skipTest("no prometheus here")
        world = self.world()
        worker = world.worker()
        worker.wait_ready()
        prometheus = Prometheus(world.folder, worker)
        self.addCleanup(processes.stop, prometheus.process)
        processes.wait_until("Prometheus looks at it", lambda: prometheus.has("up", 1), 60)
        sent = 0
        maker = events.Maker(9, "asked")
        for _ in range(12):  # rates need growth
            made = [maker.submitted() for _ in range(20)]
            world.send(made)
            sent += len(made)
            time.sleep(1)
        world.wait_answers(sent, 60)
        processes.wait_until("Prometheus has it all", lambda: prometheus.has(
            "sum(usher_requests_total)", sent), 30)
        for title, expression in test_dashboard.expressions():
            text = test_dashboard.filled_in(expression).replace("[5m]", "[30s]")
            found = prometheus.query(text)
            if not self.empty.search(text):
                self.assertTrue(found, f"{title}: {text}")
            for row in found:
                self.assertNotEqual("NaN", row["value"][1] if not text.startswith(
                    "histogram_quantile") else "", f"{title}: {text}")
        groups = prometheus.ask("/api/v1/rules")["groups"]
        loaded = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(test_alerts.NAMES, {rule["name"] for rule in loaded})
        for rule in loaded:
            self.assertEqual(("ok", "inactive"), (rule["health"], rule["state"]), rule["name"])
        harness.figure("e2e metrics with Prometheus",
                       f"{len(test_dashboard.expressions())} queries")


if __name__ == "__main__":
    harness.main()
