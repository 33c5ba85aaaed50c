"""A worker made of nothing: builds, from what is expected, a world in which all went well.

Only to prove that the checker can fail: test_checker.py breaks such worlds one by one.
"""
import json

import checker
import events as e

STAGE = {"idConflict": "claim", "expired": "dry_run"}
NOW = "2026-11-21T10:00:00.000Z"


def data_of(event, topic, duplicate, first):
    data = {"requestId": event.request_id, "requestSource": e.SOURCE,
            "requestType": event.thing[0] if event.thing else None, "outcome": event.outcome,
            "duplicate": duplicate}
    if event.outcome in ("submitted", "validated"):
        data |= {"attempts": {"dryRun": 1, "submit": event.posts, "look": 0},
                 "graph": {"id": f"graph-{first}"}, "graphRequestId": "g", "clientRequestId": "c"}
    if event.outcome in ("rejected", "expired"):
        data["error"] = {"stage": STAGE.get(event.code, "admit"), "code": event.code,
                         "message": "it is wrong"}
    data |= {"receivedAt": NOW, "finishedAt": NOW,
             "origin": {"topic": topic, "partition": event.partition, "offset": event.offset}}
    return data


def reply_of(event, request, group, duplicate, first):
    data = data_of(event, request.topic, duplicate, first)
    attributes = {"specversion": "1.0", "type": "usher.accessRequestReply",
                  "source": "/usher/" + group, "time": NOW,
                  "id": f"{request.topic}/{request.partition}/{request.offset}/reply"}
    if event.good:
        attributes["subject"] = event.thing[1]
    if event.request_id is not None:
        attributes["correlationid"] = attributes["causationid"] = event.request_id
    if event.binary:
        headers = [("content-type", b"application/json")]
        headers += [("ce_" + name, value.encode()) for name, value in attributes.items()]
        value = json.dumps(data).encode()
    else:
        headers = [("content-type", b"application/cloudevents+json")]
        value = json.dumps({**attributes, "data": data}).encode()
    headers += [(n, v) for n, v in request.headers if n in ("kafka_correlationId", "traceparent")]
    headers.append(("usher-outcome", event.outcome.encode()))
    return headers, value


def letter_of(event, request, group):
    p, o, t = request.partition, request.offset, request.timestamp
    added = {"original-topic": request.topic.encode(), "original-partition": p.to_bytes(4, "big"),
             "original-offset": o.to_bytes(8, "big"), "original-timestamp": t.to_bytes(8, "big"),
             "original-timestamp-type": b"CreateTime",
             "original-consumer-group": group.encode(),
             "exception-fqcn": f"usher.{event.code}".encode(),
             "exception-message": b"it is wrong"}
    headers = request.headers + [("kafka_dlt-" + n, v) for n, v in added.items()]
    headers += [("usher-outcome", event.outcome.encode()), ("usher-error-stage", b"admit"),
                ("usher-error-code", event.code.encode()),
                ("usher-error-message", b"it is wrong"), ("usher-attempts", b"0")]
    return request._replace(topic="dead", headers=headers)


def perfect_world(events, group="usher"):
    """Fills the events' offsets, and answers each as it should be."""
    requests, replies, letters, ledger = [], [], [], []
    ends, reply_ends, seen = [0] * e.PARTITIONS, {}, {}
    for number, event in enumerate(events):
        event.offset = ends[event.partition]
        ends[event.partition] += 1
        request = checker.Record("requests", event.partition, event.offset, event.key, event.value,
                                 event.headers, 1000 + number)
        requests.append(request)
        repeated = event.group in seen and event.outcome != "expired"
        first = seen.setdefault(event.group, number)
        headers, value = reply_of(event, request, group, repeated, first)
        where = event.reply_topic or "replies", \
            event.partition if event.reply_partition is None else event.reply_partition
        reply_ends[where] = reply_ends.get(where, -1) + 1
        replies.append(checker.Record(*where, reply_ends[where], event.key, value, headers, 1))
        if event.dead:
            letters.append(letter_of(event, request, group))
        if event.posts and not repeated:
            for op in ("dry_run", "submit"):
                ledger.append({"sequence": len(ledger), "op": op, "justification": event.tag,
                               "applied": op == "submit"})
    return checker.World(requests, replies, letters, ledger, dict(enumerate(ends)), group)
