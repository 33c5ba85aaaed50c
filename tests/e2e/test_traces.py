#!/usr/bin/env python3
"""Traces: what a record carries goes on to Graph and into the reply, and with traces.endpoint our
spans stand in between, as a collector takes them (collector.py)."""
import json
import re
import signal
import time
import unittest

import collector
import events
import harness
import leaks
import processes
import rude_graph

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
TRACE, SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary-of-the-collector"


class TracesTest(harness.E2eCase):
    # ---- tools -----------------------------------------------------------------------------------

    def setUp(self):
        self.collector = collector.Collector()
        self.addCleanup(self.collector.close)

    def open(self, environment=None, **traces):
        """A worker, and before its Graph one that shows what it is told."""
        self.lane = self.world()
        self.rude = rude_graph.RudeGraph(self.lane.sandbox.port)
        self.addCleanup(lambda: self.judge_calls(self.rude.unheard))
        self.addCleanup(self.rude.close)
        self.follower = self.lane.follow()
        self.maker = events.Maker(3, self.lane.name)
        self.sent = []
        self.worker = self.lane.worker(environment=environment, traces=traces,
                                       graph={"base_url": self.rude.url})

    def open_traced(self, **traces):
        if "headers" in traces:
            traces["headers_file"] = ""  # every worker of these tests has one
        self.open(**{"endpoint": f"{self.collector.url}/v1/traces", "interval": "50ms", **traces})

    def ask(self, parent=None, state=None, correlation=None, extension=None, event=None):
        """Sends one event; (its reply, the calls to Graph for it)."""
        event = event or self.maker.submitted(events.ASSIGNMENT, binary=False)
        event.headers = [h for h in event.headers
                         if h[0] not in ("traceparent", "kafka_correlationId")]
        for name, value in (("traceparent", parent), ("tracestate", state),
                            ("kafka_correlationId", correlation)):
            if value is not None:
                event.headers.append((name, value if isinstance(value, bytes) else value.encode()))
        if extension:
            event.value = json.dumps({**json.loads(event.value), **extension}).encode()
        before = len(self.rude.calls)
        self.lane.send([event])
        self.sent.append(event)
        self.follower.wait_for(len(self.sent), 30, self.lane.alive)
        return dict(self.follower.records[-1].headers), self.rude.calls[before:]

    def spans_of(self, trace_id, count):
        processes.wait_until(f"{count} spans of {trace_id}",
                             lambda: len(self.collector.of_trace(trace_id)) >= count, 20)
        self.assertEqual(self.collector.problems, [])
        spans = self.collector.of_trace(trace_id)
        self.assertEqual(len(spans), count, [span.name for span in spans])
        return spans

    def one(self, spans, kind):
        found = [span for span in spans if span.kind == kind]
        self.assertEqual(len(found), 1, [span.name for span in spans])
        return found[0]

    # ---- off -------------------------------------------------------------------------------------

    def test_without_an_endpoint_it_goes_on_as_it_came(self):
        self.open({"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url,
                   "OTEL_TRACES_EXPORTER": "none"})
        parent = f"00-{TRACE}-{SENDER}-01"
        reply, calls = self.ask(parent, "a=1,b=2")
        self.assertEqual((reply["traceparent"], reply["tracestate"]), (parent.encode(), b"a=1,b=2"))
        self.assertEqual({(c.headers["traceparent"], c.headers["tracestate"]) for c in calls},
                         {(parent, "a=1,b=2")})
        later = f"cc-{TRACE}-{SENDER}-01-more"
        reply, calls = self.ask(later)
        self.assertEqual(reply["traceparent"], later.encode())
        # The extension where there is no header; the header where there are both.
        reply, calls = self.ask(extension={"traceparent": parent, "tracestate": "c=3"})
        self.assertEqual((reply["traceparent"], reply["tracestate"]), (parent.encode(), b"c=3"))
        other = f"00-{TRACE[::-1]}-{SENDER}-00"
        reply, calls = self.ask(other, extension={"traceparent": parent, "tracestate": "c=3"})
        self.assertEqual(reply["traceparent"], other.encode())
        self.assertNotIn("tracestate", reply)
        # None stays none; what is malformed begins a new trace.
        reply, calls = self.ask()
        self.assertNotIn("traceparent", reply)
        self.assertNotIn("traceparent", calls[0].headers)
        reply, calls = self.ask(f"00-{TRACE.upper()}-{SENDER}-01", "a=1")
        found = PARENT.fullmatch(reply["traceparent"].decode())
        self.assertTrue(found and found[1] != TRACE and found[3] == "00", reply)
        self.assertNotIn("tracestate", reply)
        self.assertEqual({c.headers["traceparent"] for c in calls}, {found[0]})
        self.assertEqual(self.collector.heads, [])
        self.assertEqual(self.worker.metric("usher_trace_spans_total"), 0)

    # ---- on --------------------------------------------------------------------------------------

    def test_one_trace_from_the_record_to_the_reply(self):
        self.open_traced(resource="deployment.environment.name=test")
        correlation = bytes(range(16))
        reply, calls = self.ask(f"00-{TRACE}-{SENDER}-01", "a=1", correlation)
        event = self.sent[-1]
        spans = self.spans_of(TRACE, 4)
        process, sent = self.one(spans, "CONSUMER"), self.one(spans, "PRODUCER")
        dry_run, submit = sorted((s for s in spans if s.kind == "CLIENT"), key=lambda s: s.start)

        # Who is whose parent, and that others were told of the spans that there are.
        self.assertEqual((process.parent_id, process.links), (SENDER, [(TRACE, SENDER)]))
        self.assertEqual({span.parent_id for span in (dry_run, submit, sent)}, {process.span_id})
        self.assertEqual([c.headers["traceparent"] for c in calls],
                         [f"00-{TRACE}-{span.span_id}-01" for span in (dry_run, submit)])
        self.assertEqual({c.headers["tracestate"] for c in calls}, {"a=1"})
        self.assertEqual(reply["traceparent"].decode(), f"00-{TRACE}-{sent.span_id}-01")
        self.assertEqual(reply["tracestate"], b"a=1")
        self.assertEqual({span.tracestate for span in spans}, {"a=1"})
        self.assertEqual((process.flags, submit.flags), (0x301, 0x101))
        for span in (dry_run, submit, sent):
            self.assertTrue(process.start <= span.start <= span.end <= process.end, span.name)

        self.assertEqual(process.name, f"process {self.lane.requests}")
        conversation = "00010203-0405-0607-0809-0a0b0c0d0e0f"
        self.assertEqual(process.attributes, {
            "messaging.system": "kafka", "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": self.lane.requests,
            "messaging.destination.partition.id": str(event.partition),
            "messaging.kafka.offset": event.offset,
            "messaging.consumer.group.name": self.lane.group,
            "messaging.message.id": event.request_id, "cloudevents.event_id": event.request_id,
            "cloudevents.event_source": events.SOURCE,
            "cloudevents.event_type": event.thing[0],
            "messaging.message.conversation_id": conversation, "usher.outcome": "submitted"})
        self.assertEqual(sent.name, f"send {self.lane.replies}")
        self.assertEqual(sent.attributes, {
            "messaging.system": "kafka", "messaging.operation.name": "send",
            "messaging.operation.type": "send", "messaging.destination.name": self.lane.replies,
            "messaging.message.conversation_id": conversation})
        path = "/beta/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"
        self.assertEqual({dry_run.name, submit.name}, {f"POST {path}"})
        graph_id = submit.attributes.pop("azure.service.request.id")
        self.assertEqual(graph_id, json.loads(self.follower.records[-1].value)["data"]
                         ["graphRequestId"])
        self.assertEqual(submit.attributes, {
            "http.request.method": "POST", "server.address": "127.0.0.1",
            "server.port": self.rude.port, "url.template": path,
            "url.full": f"http://127.0.0.1:{self.rude.port}{path}",
            "http.response.status_code": 201, "usher.stage": "submit",
            "usher.client_request_id": calls[1].headers["client-request-id"]})
        self.assertEqual(dry_run.attributes["usher.stage"], "dry_run")
        self.assertFalse(any(span.failed for span in spans))
        resource = dict(process.resource)
        self.assertRegex(resource.pop("service.version"), r"\d+\.\d+\.\d+")
        self.assertEqual(resource, {"service.name": "usher", "service.instance.id": "w1",
                                    "deployment.environment.name": "test"})
        # Its log line is found by the same trace; and what is of no business there is not there.
        answered = [line for line in harness.log_lines(self.worker.log)
                    if line.get("event.action") == "request.answered"]
        self.assertEqual([line["trace.id"] for line in answered], [TRACE])
        self.assertNotIn(event.tag, "".join(self.collector.bodies))  # the justification
        # What its own headers say, and never Graph's token.
        self.assertEqual({f"Bearer {leaks.CANARIES['trace-headers']}"},
                         {head.get("authorization") for head in self.collector.heads})

    def test_a_new_trace_begins_here(self):
        self.open_traced()
        for parent in (None, "nonsense"):
            reply, _ = self.ask(parent, "a=1")
            trace_id = PARENT.fullmatch(reply["traceparent"].decode())[1]
            self.assertNotIn("tracestate", reply)
            process = self.one(self.spans_of(trace_id, 4), "CONSUMER")
            self.assertEqual((process.parent_id, process.links, process.flags), ("", [], 0x101))
        # The sender's trace is not recorded, so ours is not, and everybody is told so.
        reply, calls = self.ask(f"00-{TRACE}-{SENDER}-00")
        self.assertRegex(reply["traceparent"].decode(), f"^00-{TRACE}-[0-9a-f]{{16}}-00$")
        self.assertRegex(calls[0].headers["traceparent"], f"^00-{TRACE}-[0-9a-f]{{16}}-00$")
        self.assertEqual(self.worker.stop(), 0)
        self.assertEqual(self.collector.of_trace(TRACE), [])

    def test_links_where_they_are_asked_for(self):
        self.open_traced(join="link")
        reply, _ = self.ask(f"00-{TRACE}-{SENDER}-00", "a=1")
        trace_id = PARENT.fullmatch(reply["traceparent"].decode())[1]
        self.assertNotEqual(trace_id, TRACE)
        self.assertNotIn("tracestate", reply)
        process = self.one(self.spans_of(trace_id, 4), "CONSUMER")
        self.assertEqual((process.parent_id, process.links), ("", [(TRACE, SENDER)]))

    def test_what_fails_is_an_error_and_a_refusal_is_none(self):
        self.open_traced()
        event = self.maker.submitted(events.ASSIGNMENT, binary=False)
        self.rude.script[int(event.thing[1][:8], 16)] = [rude_graph.Fault("dry_run")]
        self.ask(f"00-{TRACE[::-1]}-{SENDER}-01", event=event)
        spans = self.spans_of(TRACE[::-1], 3)
        call, process = self.one(spans, "CLIENT"), self.one(spans, "CONSUMER")
        self.assertEqual((call.failed, call.attributes["error.type"]), (True, "400"))
        self.assertEqual(call.attributes["http.response.status_code"], 400)
        self.assertEqual((process.failed, process.attributes["usher.outcome"]),
                         (False, "rejected"))
        # A dead letter: its headers stay as they were.
        event = self.maker.submitted(events.ASSIGNMENT, binary=False)
        event.value = b"no event at all"
        parent = f"00-{TRACE}-{SENDER}-01"
        reply, _ = self.ask(parent, "a=1", event=event)
        self.assertNotEqual(reply["traceparent"], parent.encode())
        dead = self.lane.topics.read(self.lane.dead)
        self.assertEqual([(n, v) for n, v in dead[0].headers if n.startswith("trace")],
                         [("traceparent", parent.encode()), ("tracestate", b"a=1")])
        process = self.one(self.spans_of(TRACE, 2), "CONSUMER")
        self.assertTrue(process.failed)
        self.assertEqual(process.attributes["error.type"], process.why)

    # ---- the collector ---------------------------------------------------------------------------

    def test_otel_variables(self):
        self.open({"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url,
                   "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={CANARY}", "OTEL_SERVICE_NAME": "access",
                   "OTEL_RESOURCE_ATTRIBUTES": "team=iam", "OTEL_BSP_SCHEDULE_DELAY": "50",
                   "http_proxy": "http://127.0.0.1:9"}, headers_file="")
        self.ask(f"00-{TRACE}-{SENDER}-01")
        spans = self.spans_of(TRACE, 4)
        self.assertEqual({(s.resource["service.name"], s.resource["team"]) for s in spans},
                         {("access", "iam")})
        self.assertEqual({(h["path"], h["x-key"]) for h in self.collector.heads},
                         {("/v1/traces", CANARY)})
        text = "".join(self.worker.get(page)[1] for page in ("/metrics", "/status"))
        self.assertNotIn(CANARY, text + self.worker.tail(10000))
        # Its count goes up when the collector's answer has come, after the spans have.
        processes.wait_until("they count as exported", lambda: (
            self.worker.metric('usher_trace_spans_total{result="exported"}') == 4))

    def test_no_event_waits_for_a_collector(self):
        self.open_traced(batch=2, queue=4, timeout="30s", headers=f"x-key={CANARY}")
        self.collector.gate.clear()
        for _ in range(5):
            self.ask()
        self.assertEqual(self.worker.metric("usher_trace_spans_queued"), 4)
        self.assertGreater(self.worker.metric('usher_trace_spans_total{result="dropped"}'), 10)
        log = self.worker.tail(10000)
        self.assertEqual(log.count("traces.dropped"), 1)
        # A drain does not wait for it either: two seconds, and nothing else is late. Its parts are
        # closed meanwhile, and what is asked for now must not reach for them.
        self.worker.signal(signal.SIGTERM)
        processes.wait_until("its listener is closed",
                             lambda: self.worker.get("/livez")[0] == 0, 10)
        time.sleep(0.5)
        self.worker.write(harness.merged(self.worker.settings(),
                                         {"kafka": {"reply_topics_allowed": ["another"]}}))
        self.worker.signal(signal.SIGHUP)
        self.assertEqual(self.worker.process.wait(10), 0)
        self.assertIn("traces.lost", self.worker.tail(10000))
        self.assertNotIn("config.reloaded", self.worker.tail(10000))
        self.assertNotIn(CANARY, self.worker.tail(10000))

    def test_a_drain_sends_what_there_is(self):
        self.open_traced(interval="10m")
        self.collector.answers = [(503, {"Retry-After": "0"})]
        self.ask(f"00-{TRACE}-{SENDER}-01")
        self.assertEqual(self.collector.heads, [])
        self.assertEqual(self.worker.stop(), 0)
        self.assertEqual(len(self.spans_of(TRACE, 4)), 4)
        self.assertEqual(len(self.collector.heads), 2)
        self.assertEqual(self.collector.bodies[0], self.collector.bodies[1])
        self.assertEqual(self.worker.tail(1000).count("traces.failed"), 1)


class CollectorTest(unittest.TestCase):
    """That the stand-in sees what is wrong."""

    def test_refuses_what_otlp_does_not_allow(self):
        span = {"traceId": TRACE, "spanId": SENDER, "name": "x", "kind": 3,
                "startTimeUnixNano": "1", "endTimeUnixNano": "2",
                "attributes": [{"key": "a", "value": {"intValue": "1"}}]}

        def read(**changes):
            spans = [{**span, **changes}]
            return collector.read(json.dumps(
                {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}))
        self.assertEqual(read()[0].trace_id, TRACE)
        for changes in ({"traceId": TRACE[:30]}, {"traceId": TRACE.upper()},
                        {"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}, {"spanId": "0" * 16},
                        {"parentSpanId": ""}, {"kind": "SPAN_KIND_CLIENT"}, {"kind": 9},
                        {"startTimeUnixNano": 1}, {"endTimeUnixNano": "0"}, {"trace_id": TRACE},
                        {"unknown": 1}, {"flags": "x"}, {"status": {"code": "STATUS_CODE_ERROR"}},
                        {"attributes": [{"key": "a", "value": {"intValue": 1}}]},
                        {"attributes": [{"key": "a", "value": {"text": "1"}}]},
                        {"attributes": 2 * span["attributes"]}):
            with self.assertRaises((ValueError, KeyError, collector.json_format.ParseError),
                                   msg=changes):
                read(**changes)


if __name__ == "__main__":
    harness.main()
