#!/usr/bin/env python3
"""The described contract: config/asyncapi.yaml and config/schemas are sound, every example in them
and in the pages is valid, and what must not pass does not. No network, no program of ours runs."""
import copy
import json
import os
import re
import unittest
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(os.environ.get("USHER_SOURCE", Path(__file__).resolve().parents[2]))
CONFIG = ROOT / "config"
ASYNCAPI_FILE = CONFIG / "asyncapi.yaml"
ASYNCAPI = yaml.safe_load(ASYNCAPI_FILE.read_text("utf-8"))
EVENT = json.loads((CONFIG / "schemas/request-event.schema.json").read_text("utf-8"))
REPLY = json.loads((CONFIG / "schemas/reply.schema.json").read_text("utf-8"))
STATUS = json.loads((CONFIG / "schemas/status.schema.json").read_text("utf-8"))
BASE = "file:///config/"
DOCUMENT = BASE + "asyncapi.yaml"
REGISTRY = Registry().with_resources(
    [(DOCUMENT, Resource(ASYNCAPI, DRAFT202012))] +
    [(BASE + "schemas/request-event.schema.json", Resource(EVENT, DRAFT202012)),
     (BASE + "schemas/reply.schema.json", Resource(REPLY, DRAFT202012)),
     (BASE + "schemas/status.schema.json", Resource(STATUS, DRAFT202012))])
FENCE = re.compile(r"^```json\n(.*?)^```", re.M | re.S)
GUID = "46184453-e63b-4f20-86c2-c557ed5d5df9"


def validator(reference):
    return Draft202012Validator({"$ref": reference}, registry=REGISTRY)


EVENTS = validator(BASE + "schemas/request-event.schema.json")
REPLIES = validator(BASE + "schemas/reply.schema.json")


def problems(checker, value):
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(value)]


def at(pointer, document=ASYNCAPI):
    for step in pointer.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def references(node, path=""):
    """(path, target) of each $ref below a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield path, node["$ref"]
        for name, inner in node.items():
            yield from references(inner, f"{path}/{name}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from references(inner, f"{path}/{index}")


def messages_of(node):
    return {message["$ref"] for message in node}


class Schemas(unittest.TestCase):
    def test_are_schemas(self):
        for schema in (EVENT, REPLY, STATUS):
            Draft202012Validator.check_schema(schema)
            self.assertTrue(schema["$id"] and schema["title"] and schema["description"])

    def test_refer_to_what_is_there(self):
        for schema in (EVENT, REPLY, STATUS):
            for path, target in references(schema):
                self.assertTrue(target.startswith("#/$defs/"), path)
                self.assertTrue(at(target, schema), path)

    def test_name_the_outcomes_and_stages_of_the_worker(self):
        source = (ROOT / "worker/core/stage.c").read_text("utf-8")
        names = re.findall(r"\[ANSWER_\w+\] = \"(\w+)\"", source)
        outcomes = REPLY["$defs"]["data"]["properties"]["outcome"]["enum"]
        self.assertEqual(sorted(outcomes + ["none"]), sorted(names))
        stages = re.findall(r"\[STAGE_\w+\] = \"(\w+)\"", source)
        named = REPLY["$defs"]["error"]["properties"]["stage"]["enum"]
        self.assertEqual(sorted(named + ["record", "reply", "done"]), sorted(stages))


    def test_name_the_words_of_a_status(self):
        source = (ROOT / "worker/core/follow.c").read_text("utf-8")
        words = re.findall(r"\[FOLLOW_WORD_\w+\] = \"(\w+)\"", source)
        self.assertEqual(words, STATUS["$defs"]["data"]["properties"]["status"]["enum"])


class Codes(unittest.TestCase):
    def test_are_all_in_the_list(self):
        listed = (ROOT / "worker/core/fault_codes.c").read_text("utf-8")
        listed = set(re.findall(r"^    \{\"(\w+)\",", listed, re.M))
        self.assertGreater(len(listed), 30)
        calls = re.compile(r"\b(?:fault_set|json_fault_set|refuse)\((.*?)\);", re.S)
        code = re.compile(r"\"([a-z]+[A-Z]\w+)\"")
        used = set()
        for file in (ROOT / "worker").rglob("*.c"):
            for call in calls.findall(file.read_text("utf-8")):
                used |= {(name, file.name) for name in code.findall(call)}
        self.assertGreater(len(used), 30)
        self.assertEqual({name for name in used if name[0] not in listed}, set())


class Asyncapi(unittest.TestCase):
    def test_has_the_parts_of_version_3(self):
        self.assertEqual(ASYNCAPI["asyncapi"], "3.0.0")
        self.assertTrue(ASYNCAPI["info"]["title"] and ASYNCAPI["info"]["version"])
        allowed = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels",
                   "operations", "components"}
        self.assertLessEqual(set(ASYNCAPI), allowed)
        for server in ASYNCAPI["servers"].values():
            self.assertTrue(server["host"])
            self.assertEqual(server["protocol"], "kafka")

    def test_refers_to_what_is_there(self):
        found = list(references(ASYNCAPI))
        self.assertGreater(len(found), 40)
        for path, target in found:
            file, _, pointer = target.partition("#")
            if file:
                self.assertTrue((CONFIG / file).is_file(), path)
                schema = json.loads((CONFIG / file).read_text("utf-8"))
                at("#" + (pointer or "/$schema"), schema)
            else:
                at(target)

    def test_topics_are_the_defaults(self):
        topics = {channel["address"] for channel in ASYNCAPI["channels"].values()} - {None}
        kafka = yaml.safe_load((CONFIG / "usher.yaml").read_text("utf-8"))["kafka"]
        names = ("requests_topic", "replies_topic", "dead_letters_topic", "status_topic")
        self.assertEqual(topics, {kafka[name] for name in names})

    def test_operations_use_messages_of_their_channels(self):
        for name, operation in ASYNCAPI["operations"].items():
            self.assertIn(operation["action"], ("send", "receive"), name)
            for part in (operation, operation.get("reply")):
                if part:
                    self.check_part(name, part)
        actions = {operation["action"] for operation in ASYNCAPI["operations"].values()}
        self.assertEqual(actions, {"send", "receive"})

    def check_part(self, name, part):
        channel = part["channel"]["$ref"]
        offered = {f"{channel}/messages/{message}" for message in at(channel)["messages"]}
        self.assertEqual(messages_of(part["messages"]), offered)
        if "address" in part:
            self.assertIsNone(at(channel)["address"], "the requester says the address")
            self.check_location(part["address"]["location"], operation_headers(name))

    def test_every_channel_is_used(self):
        found = references(ASYNCAPI["operations"])
        used = {target for _, target in found if target.count("/") == 2}
        self.assertEqual(used, {f"#/channels/{name}" for name in ASYNCAPI["channels"]})

    def test_every_message_says_what_it_is(self):
        for name, message in ASYNCAPI["components"]["messages"].items():
            for member in ("name", "title", "contentType", "headers", "payload", "examples"):
                self.assertIn(member, message, name)
            if "correlationId" in message:
                location = at(message["correlationId"]["$ref"])["location"]
                self.check_location(location, [message["headers"]])

    def check_location(self, location, headers):
        start, pointer = location.split("#/")
        self.assertEqual(start, "$message.header")
        for header in headers:
            self.assertIn(pointer, properties_of(header))


def operation_headers(name):
    channel = at(ASYNCAPI["operations"][name]["channel"]["$ref"])
    return [at(message["$ref"])["headers"] for message in channel["messages"].values()]


def properties_of(schema):
    """The names of all properties of a headers schema."""
    while "$ref" in schema:
        schema = at(schema["$ref"])
    names = set(schema.get("properties", {}))
    return names.union(*(properties_of(part) for part in schema.get("allOf", [])))


class Examples(unittest.TestCase):
    def test_of_messages_are_valid(self):
        count = 0
        for name, message in ASYNCAPI["components"]["messages"].items():
            for example in message["examples"]:
                for part in ("headers", "payload"):
                    if part in example:
                        checker = validator(f"{DOCUMENT}#/components/messages/{name}/{part}")
                        self.assertEqual(problems(checker, example[part]), [], example["name"])
                        count += 1
        self.assertGreater(count, 15)
        print(f"FIGURE examples of config/asyncapi.yaml that are valid: {count} of {count}")

    def test_of_pages_are_valid(self):
        pages = [page for folder in (ROOT, CONFIG, ROOT / "deploy") for page in folder.glob("*.md")]
        self.assertTrue(pages)
        for page in pages:
            for block in FENCE.findall(page.read_text("utf-8")):
                value = json.loads(block)
                if "specversion" in value:
                    is_reply = value.get("type") == "usher.accessRequestReply"
                    checker = REPLIES if is_reply else EVENTS
                    self.assertEqual(problems(checker, value), [], page.name)


def example(message, name):
    examples = ASYNCAPI["components"]["messages"][message]["examples"]
    return copy.deepcopy(next(e["payload"] for e in examples if e["name"] == name))


def changed(value, path, new):
    """With the member at `path` replaced; Ellipsis takes it out."""
    *outer, last = path.split(".")
    node = value
    for step in outer:
        node = node[step]
    if new is Ellipsis:
        del node[last]
    else:
        node[last] = new
    return value


A = "data.accessPackageAssignment"
R = "data.accessPackageResource"
# By example: a member and what it becomes. What the worker refuses, the schema refuses too.
BAD_EVENTS = {
    "addPerson": [
        ("specversion", "0.3"), ("specversion", ...), ("id", ""), ("id", "x" * 257), ("id", 7),
        ("id", "a\nb"), ("source", ...), ("type", "com.example.other"), ("data", ...),
        ("data", "{}"), ("data_base64", "e30="), ("expirytime", "2026-03-01T08:30:00"),
        ("data.requestType", "adminAdd"), ("data.requestType", "SystemAdd"),
        ("data.requestType", ...), ("data.isValidationOnly", "true"),
        ("data.isValidationOnly", None), ("data.IsValidationOnly", True),
        ("data.ISVALIDATIONONLY", True), ("data.expirationDateTime", "2026-12-31"),
        ("data.justification", 5), (A, ...), (A + ".accessPackageId", ...),
        (A + ".assignmentPolicyId", None), (A + ".targetId", ...),
        (A + ".targetId", "{" + GUID + "}"),
    ],
    "addGuest": [
        (A + ".target", {}), (A + ".schedule", 1), (A + ".target.connectedOrganization", GUID),
    ],
    "tryRemoval": [(A + ".id", ...), (A + ".id", "7")],
    "addGroup": [
        ("data.catalogId", ...), ("data.executeImmediately", "yes"),
        ("data.requestType", "UserAdd"),
        (R + ".originId", "sales"), (R + ".originSystem", ...),
    ],
    "removeSite": [(R + ".originSystem", ...)],
    "addPersonAsV1": [
        ("data.requestType", "AdminAdd"), ("data.requestType", "userExtend"),
        ("data.requestType", ...), ("data.assignment", ...),
        ("data.accessPackageAssignment", {}), ("data.requestState", 1),
        ("data.expirationDateTime", "2027-01-01T00:00:00Z"), ("data.isValidationOnly", None),
        ("data.ISVALIDATIONONLY", True), ("data.assignment.assignmentPolicyId", ...),
        ("data.assignment.catalogId", GUID), ("data.assignment.targetId", ...),
    ],
    "addGroupAsV1": [
        ("data.catalog", ...), ("data.catalog", {}), ("data.catalogId", GUID),
        ("data.resource.originId", "sales"), ("data.resource.originSystem", ...),
        ("data.justification", "x"), ("data.requestType", "userAdd"),
    ],
}
GOOD_EVENTS = {
    "addPerson": [
        ("data.unknownMember", {"a": [1]}), ("data.justification", None), ("sequence", "5"),
        ("data.expirationDateTime", "2026-12-31T22:59:59.1234567+01:00"), ("data.id", 5),
        ("data.requestType", "UserAdd"), (A + ".targetId", GUID.upper()),
    ],
    "removeSite": [(R, {"id": GUID})],
    "addPersonAsV1": [
        ("data.isValidationOnly", True), ("data.state", "x"), ("data.justification", None),
        ("data.requestType", "userAdd"),
    ],
    "addGroupAsV1": [("data.requestType", "adminUpdate"), ("data.isValidationOnly", False)],
}
BAD_REPLIES = {
    "submitted": [
        ("data.outcome", "done"), ("data.error", {"stage": "look", "code": "x", "message": "y"}),
        ("data.requestId", ...), ("data.origin", ...), ("data.origin.offset", "41"),
        ("data.attempts.look", ...), ("data.receivedAt", "2026-03-02T08:00:01Z"), ("data.more", 1),
        ("id", "41/reply"), ("data.graph", None),
    ],
    "rejected": [
        ("data.error", ...), ("data.error.stage", "reply"), ("data.error.code", ""),
        ("data.error.details", {}), ("data.duplicate", "false"),
    ],
}


class Judgement(unittest.TestCase):
    def judge(self, message, checker, table):
        """Yields whether each row of the table is valid."""
        for name, rows in table.items():
            for path, new in rows:
                with self.subTest(name, path=path, new=new):
                    value = changed(example(message, name), path, new)
                    yield problems(checker, value) == []

    def test_refuses_bad_events(self):
        for is_valid in self.judge("structuredRequest", EVENTS, BAD_EVENTS):
            self.assertFalse(is_valid)

    def test_takes_good_events(self):
        for is_valid in self.judge("structuredRequest", EVENTS, GOOD_EVENTS):
            self.assertTrue(is_valid)

    def test_refuses_bad_replies(self):
        for is_valid in self.judge("structuredReply", REPLIES, BAD_REPLIES):
            self.assertFalse(is_valid)


if __name__ == "__main__":
    unittest.main()
