"""A stand-in for an OpenTelemetry collector: takes OTLP over HTTP as JSON, and nothing that the
protocol does not allow.

json_format reads the ids as base64, of which hexadecimal digits are some: so their form is checked
here, by what OTLP says of JSON, and they are converted before the rest is parsed, strictly.
"""
import base64
import http.server
import json
import os
import re
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

import leaks

SIZES = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
HEX = re.compile(r"[0-9a-f]+")
NUMBER = re.compile(r"-?[0-9]+")
SIXTY_FOUR = ("startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue")
KINDS = {3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}


def convert(value, path=""):
    """The JSON as json_format wants it. ValueError: OTLP does not allow it."""
    if isinstance(value, list):
        return [convert(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    converted = {}
    for name, inner in value.items():
        where = f"{path}.{name}"
        if "_" in name:
            raise ValueError(f"{where}: no lowerCamelCase")
        if name in SIZES:
            if not isinstance(inner, str) or len(inner) != SIZES[name] or not HEX.fullmatch(inner):
                raise ValueError(f"{where}: {inner!r} is not {SIZES[name]} hexadecimal digits")
            if set(inner) == {"0"}:
                raise ValueError(f"{where}: all zeroes")
            inner = base64.b64encode(bytes.fromhex(inner)).decode()
        elif name in SIXTY_FOUR and not (isinstance(inner, str) and NUMBER.fullmatch(inner)):
            raise ValueError(f"{where}: {inner!r} is no 64-bit number as a text")
        elif name in ("kind", "code") and type(inner) is not int:
            raise ValueError(f"{where}: {inner!r} is no enum as a number")
        converted[name] = convert(inner, where)
    return converted


def value_of(any_value):
    return getattr(any_value, any_value.WhichOneof("value"))


def attributes_of(items):
    names = [item.key for item in items]
    if len(set(names)) != len(names) or "" in names:
        raise ValueError(f"attributes without a name, or twice: {names}")
    return {item.key: value_of(item.value) for item in items}


class Span:
    def __init__(self, span, resource):
        self.name, self.kind, self.resource = span.name, KINDS[span.kind], resource
        self.trace_id, self.span_id = span.trace_id.hex(), span.span_id.hex()
        self.parent_id, self.tracestate = span.parent_span_id.hex(), span.trace_state
        self.links = [(link.trace_id.hex(), link.span_id.hex()) for link in span.links]
        self.attributes = attributes_of(span.attributes)
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.failed, self.why = span.status.code == 2, span.status.message
        self.flags = span.flags
        if not 0 < self.start <= self.end:
            raise ValueError(f"{self.name}: from {self.start} to {self.end}")


def read(body):
    """The spans of a POST's body."""
    request = trace_service_pb2.ExportTraceServiceRequest()
    json_format.ParseDict(convert(json.loads(body)), request, ignore_unknown_fields=False)
    spans = []
    for resource_spans in request.resource_spans:
        resource = attributes_of(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            spans += [Span(span, resource) for span in scope_spans.spans]
    if not spans:
        raise ValueError("a POST without a span")
    return spans


def settings(folder):
    """Of a worker whose spans go to a new one, with all that there is to be set."""
    headers = leaks.give(os.path.join(folder, "traces-headers"), "x-key=s\n")
    return {"endpoint": f"{Collector().url}/v1/traces", "headers_file": headers,
            "interval": "50ms", "resource": "a=1"}


class Collector:
    """Listens on a free port of 127.0.0.1. `spans` is what came, `problems` what was wrong."""

    def __init__(self):
        self.spans, self.problems, self.heads, self.bodies = [], [], [], []
        self.answers = []  # (status, headers) for the next POSTs; then 200
        self.gate = threading.Event()  # closed: nothing is answered
        self.gate.set()
        self.lock = threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                collector.take(self)

            def log_message(self, *arguments):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.gate.wait()
        with self.lock:
            status, headers = self.answers.pop(0) if self.answers else (200, {})
            self.heads.append({"path": handler.path, **{name.lower(): value for name, value
                                                        in handler.headers.items()}})
            self.bodies.append(body.decode())
            if status == 200:
                self.judge(handler, body)
        answer = b"{}" if status == 200 else b"no"
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers,
                            "Content-Length": str(len(answer))}.items():
            handler.send_header(name, value)
        try:
            handler.end_headers()
            handler.wfile.write(answer)
        except OSError:  # the worker has gone
            handler.close_connection = True

    def judge(self, handler, body):
        if handler.headers["Content-Type"] != "application/json":
            self.problems.append(f"Content-Type: {handler.headers['Content-Type']}")
        try:
            self.spans += read(body)
        except (ValueError, KeyError, json_format.ParseError) as error:
            self.problems.append(f"{error!r} in {body[:2000]!r}")

    def of_trace(self, trace_id):
        with self.lock:
            return [span for span in self.spans if span.trace_id == trace_id]

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
