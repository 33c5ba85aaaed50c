#!/usr/bin/env python3
"""A worker that is wrong on purpose, to show that the campaign fails it. It keeps to the interface
of this folder's README, and does what a first version does: no transaction, no memory.

    wrong_worker.py eager run -c FILE       works, replies, then commits: twice after a crash
    wrong_worker.py careless run -c FILE    commits what it has read, then works: loses some
"""
import http.client
import json
import signal
import sys
import urllib.parse

import yaml
from kafka import KafkaConsumer, KafkaProducer

PATHS = {"microsoft.graph.accessPackageAssignmentRequest": "accessPackageAssignmentRequests",
         "microsoft.graph.accessPackageResourceRequest": "accessPackageResourceRequests"}
COMMIT_EVERY = 100


class Graph:
    def __init__(self, settings):
        url = urllib.parse.urlsplit(settings["base_url"])
        self.root = url.path + "/identityGovernance/entitlementManagement/"
        self.connection = http.client.HTTPConnection(url.netloc, timeout=10)

    def post(self, kind, body):
        headers = {"Authorization": "Bearer T", "Content-Type": "application/json"}
        self.connection.request("POST", self.root + PATHS[kind], json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def read_event(message):
    """(attributes, data), or None where it is no event that this one can read."""
    attributes = {name[3:]: value.decode() for name, value in message.headers
                  if name.startswith("ce_")}
    try:
        event = {**attributes, "data": json.loads(message.value)} if attributes else json.loads(
            message.value)
        return event if event["type"] in PATHS and isinstance(event["data"], dict) else None
    except (ValueError, KeyError, TypeError):
        return None


def answer(message, event, graph):
    data = {"requestId": event and event["id"], "outcome": "rejected", "duplicate": False,
            "origin": {"topic": message.topic, "partition": message.partition,
                       "offset": message.offset}}
    if event:
        dry_run, _ = graph.post(event["type"], {**event["data"], "isValidationOnly": True})
        if dry_run < 300:
            status, data["graph"] = graph.post(event["type"], event["data"])
            data["outcome"] = "submitted" if status < 300 else "failed"
    return json.dumps({"specversion": "1.0", "type": "usher.accessRequestReply", "data": data})


def work(mode, settings):
    kafka, graph = settings["kafka"], Graph(settings["graph"])
    consumer = KafkaConsumer(kafka["requests_topic"], bootstrap_servers=kafka["brokers"],
                             group_id=kafka["group"], enable_auto_commit=False,
                             group_instance_id=kafka["instance_id"],
                             auto_offset_reset="earliest", session_timeout_ms=6000,
                             max_poll_records=COMMIT_EVERY)
    producer = KafkaProducer(bootstrap_servers=kafka["brokers"], linger_ms=0)
    while True:
        for batch in consumer.poll(timeout_ms=100).values():
            if mode == "careless":
                consumer.commit()
            for message in batch:
                reply = answer(message, read_event(message), graph)
                producer.send(kafka["replies_topic"], key=message.key, value=reply.encode(),
                              headers=[("usher-outcome", b"submitted")])
            producer.flush()
            if mode == "eager":
                consumer.commit()


def main():
    mode, _, _, path = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, encoding="utf-8") as file:
        work(mode, yaml.safe_load(file))


if __name__ == "__main__":
    main()
