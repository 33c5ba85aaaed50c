"""One reply against its request: mode, headers, key, members (contract 2 and 3), JSON Schema."""
import functools
import json
import os
import re

import jsonschema

OUTCOMES = {"submitted", "existing", "validated", "rejected", "expired", "failed", "unknown"}
STAGES = {"admit", "claim", "dry_run", "mark", "submit", "look"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ALWAYS = ("requestId", "requestSource", "requestType", "outcome", "duplicate", "receivedAt",
          "finishedAt", "origin")


def header(record, name):
    found = [value for n, value in record.headers if n == name]
    return found[-1] if found else None


def is_binary(reply):
    return header(reply, "ce_specversion") is not None


@functools.lru_cache(maxsize=50000)
def parse(value):
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def reply_data(reply):
    """The members of `data`, or None."""
    whole = parse(reply.value)
    if whole is None or is_binary(reply):
        return whole
    return whole.get("data")


@functools.lru_cache
def validator(name):
    path = os.path.join(os.environ.get("USHER_SOURCE", "."), "config", "schemas", name)
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    return jsonschema.validators.validator_for(schema)(schema)


def as_event(record_headers, value):
    """A message in the structured form, whatever its mode, for the schema."""
    attributes = {n[3:]: v.decode() for n, v in record_headers if n.startswith("ce_") and v}
    if not attributes:
        return json.loads(value)
    return {**attributes, "data": json.loads(value)}


def asked_correlation(request):
    """The request's own `correlationid`, where it is one that can be echoed."""
    found = header(request, "ce_correlationid")
    if found is None:
        event = parse(request.value or b"")
        found = event.get("correlationid") if isinstance(event, dict) else None
    return found.decode() if isinstance(found, bytes) else found


class ReplyChecker:
    """Writes what is wrong into the report; `group` is the worker's. One in `schema_share` messages
    is held against its JSON Schema, which takes a millisecond."""

    schema_share = 1
    traced = False  # the workers have traces.endpoint

    def __init__(self, report, group):
        self.report, self.group = report, group
        self.schema_checked = self.schema_asked = 0

    def say(self, event, what, *values):
        self.report.problem(f"reply of {event.group} at {event.place}: " + what, *values)

    def expect(self, event, what, found, wanted):
        if found != wanted:
            self.say(event, "%s is %r, not %r", what, found, wanted)

    def validate(self, event, name, instance):
        self.schema_asked += 1
        if self.schema_asked % self.schema_share:
            return
        self.schema_checked += 1
        error = next(validator(name).iter_errors(instance), None)
        if error is not None:
            self.say(event, "%s: %s", name, error.message[:300])

    def check_request(self, event):
        self.validate(event, "request-event.schema.json", as_event(event.headers, event.value))

    def check(self, event, request, reply):
        data = reply_data(reply)
        self.check_attributes(event, request, reply, data)
        self.check_headers(event, request, reply, data)
        self.check_members(event, request, data)
        self.check_address(event, reply)
        self.validate(event, "reply.schema.json", as_event(reply.headers, reply.value))

    def check_attributes(self, event, request, reply, data):
        self.expect(event, "mode", "binary" if is_binary(reply) else "structured",
                    "binary" if event.binary else "structured")
        if is_binary(reply):
            attributes = {n[3:]: v.decode() for n, v in reply.headers if n.startswith("ce_")}
            self.expect(event, "content-type", header(reply, "content-type"), b"application/json")
        else:
            attributes = {k: v for k, v in parse(reply.value).items() if k != "data"}
            self.expect(event, "content-type", header(reply, "content-type"),
                        b"application/cloudevents+json")
        wanted = {"specversion": "1.0", "type": "usher.accessRequestReply",
                  "source": "/usher/" + self.group,
                  "id": f"{request.topic}/{request.partition}/{request.offset}/reply"}
        if event.good:
            wanted["subject"] = event.thing[1]
        wanted["causationid"] = event.request_id
        wanted["correlationid"] = asked_correlation(request) or event.request_id
        for name, value in wanted.items():
            self.expect(event, name, attributes.get(name), value)

    def check_headers(self, event, request, reply, data):
        self.expect(event, "key", reply.key, request.key)
        self.expect(event, "usher-outcome", header(reply, "usher-outcome"),
                    data["outcome"].encode())
        self.expect(event, "kafka_correlationId", header(reply, "kafka_correlationId"),
                    header(request, "kafka_correlationId"))
        came, goes = header(request, "traceparent"), header(reply, "traceparent")
        if self.traced and came:  # the same trace, and a span of ours
            came, goes = came[3:35], (goes or b"")[3:35]
        elif self.traced:
            came = goes or b"a new one"
        self.expect(event, "traceparent", goes, came)

    def check_members(self, event, request, data):
        missing = [name for name in ALWAYS if name not in data]
        if missing:
            self.say(event, "has no %s", missing)
        if data["outcome"] not in event.outcome.split("|"):
            self.say(event, "outcome is %s (%s), not %s", data["outcome"], data.get("error"),
                     event.outcome)
        self.expect(event, "requestId", data.get("requestId"), event.request_id)
        self.expect(event, "origin", data.get("origin"), {
            "topic": request.topic, "partition": request.partition, "offset": request.offset})
        for name in ("receivedAt", "finishedAt"):
            if not TIME.fullmatch(data.get(name) or ""):
                self.say(event, "%s is %r", name, data.get(name))
        self.check_error(event, data)
        self.check_graph(event, data)

    def check_error(self, event, data):
        error = data.get("error")
        if data["outcome"] in ("submitted", "existing", "validated"):
            if error and data["outcome"] != "existing":
                self.say(event, "a success has an error: %s", error)
            return
        if not error or error.get("stage") not in STAGES or not error.get("message"):
            self.say(event, "error is %s", error)
        elif event.code and error["code"] != event.code:
            self.say(event, "code is %s (%s), not %s", error["code"], error["message"], event.code)

    def check_graph(self, event, data):
        attempts = data.get("attempts")
        if data["outcome"] in ("submitted", "validated"):
            if not attempts or not data.get("graphRequestId") or not data.get("clientRequestId"):
                self.say(event, "does not say how Graph was called: %s", attempts)
        if data["outcome"] == "submitted" and not (data.get("graph") or {}).get("id"):
            self.say(event, "has no graph.id")

    def check_address(self, event, reply):
        if event.reply_topic:
            self.expect(event, "topic", reply.topic, event.reply_topic)
        if event.reply_partition is not None:
            self.expect(event, "partition", reply.partition, event.reply_partition)
