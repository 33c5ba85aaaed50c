"""Every sort of bad input there is a rule for, as a table: what is sent, and what has to come back.

Each row is a Bad: `make(frame)` gives (value, headers) of a record, where frame is a Frame for an
event that would be good but for the one mistake.
"""
import gzip
import json
from dataclasses import dataclass
from typing import Callable

JSON_TYPE = ("content-type", b"application/cloudevents+json; charset=utf-8")
MIB = 1 << 20


@dataclass
class Frame:
    """A good event. `attributes` are those of CloudEvents, `data` is the body for Graph."""
    attributes: dict
    data: dict

    def structured(self, **changes):
        """Its bytes, with members of the event replaced (None: left out)."""
        event = {"specversion": "1.0", **self.attributes, "data": self.data, **changes}
        return json.dumps({k: v for k, v in event.items() if v is not None}).encode()

    def binary(self, **changes):
        """Its headers, with attributes replaced (None: left out)."""
        attributes = {"specversion": "1.0", **self.attributes, **changes}
        headers = [("content-type", b"application/json")]
        return headers + [("ce_" + k, v.encode() if isinstance(v, str) else v)
                          for k, v in attributes.items() if v is not None]

    def body(self, **changes):
        data = {**self.data, **changes}
        return json.dumps({k: v for k, v in data.items() if v is not None}).encode()


@dataclass
class Bad:
    name: str
    code: str
    dead: bool  # no event at all: dead-lettered as well
    make: Callable
    binary: bool = False  # the mode of the reply
    knows_id: bool = True  # the reply can say id, source and type


def value(name, code, make, dead=True, knows_id=False):
    """One that is wrong in the bytes of a structured event."""
    return Bad(name, code, dead, lambda f: (make(f), [JSON_TYPE]), False, knows_id)


def headers(name, code, make, dead=False, knows_id=True):
    """One that is wrong in the headers of a binary event."""
    return Bad(name, code, dead, lambda f: (f.body(), make(f)), not dead, knows_id)


def member(name, code, data=None, **changes):
    """An event, but with members that are not as they must be: reply only."""
    def make(frame):
        changed = {**frame.data, **(data or {})}
        changed = {k: v for k, v in changed.items() if v is not Ellipsis}
        return Frame(frame.attributes, changed).structured(**changes), [JSON_TYPE]
    return Bad(name, code, False, make)


def nested(**changes):
    """accessPackageAssignment of a good body, with members replaced (Ellipsis: left out)."""
    inner = {"targetId": "0000beef-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
             "assignmentPolicyId": "00000002-0000-4000-8000-000000000000",
             "accessPackageId": "00000001-0000-4000-8000-000000000000", **changes}
    inner = {k: v for k, v in inner.items() if v is not Ellipsis}
    return {"requestType": "AdminAdd", "accessPackageAssignment": inner, "catalogId": ...,
            "accessPackageResource": ...}


ASSIGNMENT = {"type": "microsoft.graph.accessPackageAssignmentRequest"}
BRACES = "{46184453-e63b-4f20-86c2-c557ed5d5df9}"


def insert(frame, text, name="justification"):
    """A structured event whose data has one more member, written as raw JSON."""
    raw = frame.structured()
    return raw.replace(b'"data": {', b'"data": {"' + name.encode() + b'_": ' + text + b", ", 1)


def twice(frame, name):
    return frame.binary() + [(name, b"again")]


def with_header(frame, name, content):
    return [(n, v) for n, v in frame.binary() if n != name] + [(name, content)]


FRAMING = [
    value("tombstone", "nullValue", lambda f: None),
    value("empty value", "emptyValue", lambda f: b""),
    value("white space only", "notJson", lambda f: b" \n\t "),
    value("schema-registry frame", "schemaRegistryFrame",
          lambda f: b"\x00\x00\x00\x00\x07" + f.structured()),
    value("schema-registry frame, binary id", "schemaRegistryFrame",
          lambda f: b"\x00\x00\x01\x86\xa0" + f.structured()),
    value("schema-registry frame with a GUID", "schemaRegistryFrame",
          lambda f: b"\x01" + bytes(range(16)) + f.structured()),
    value("byte order mark", "byteOrderMark", lambda f: b"\xef\xbb\xbf" + f.structured()),
    value("trailing garbage", "trailingData", lambda f: f.structured() + b" xyz"),
    value("two events", "trailingData", lambda f: f.structured() * 2),
    value("gzip", "compressed", lambda f: gzip.compress(f.structured(), mtime=0)),
    value("Avro container", "notJson", lambda f: b"Obj\x01\x04\x14avro.codec\x08null"),
    value("Protobuf", "notJson", lambda f: b"\x0a\x24\x12onb-2026-000123"),
    value("more than 1 MiB", "tooLarge", lambda f: insert(f, b'"' + b"x" * MIB + b'"')),
]

JSON_RULES = [
    value("cut off", "notJson", lambda f: f.structured()[:-7]),
    value("single quotes", "notJson", lambda f: f.structured().replace(b'"', b"'")),
    value("wrong UTF-8", "invalidUtf8", lambda f: insert(f, b'"\xc3\x28"')),
    value("Latin-1", "invalidUtf8", lambda f: insert(f, '"Zoë"'.encode("latin-1"))),
    value("raw control character", "controlCharacter", lambda f: insert(f, b'"a\x01b"')),
    value("escaped NUL", "nulEscape", lambda f: insert(f, b'"a\\u0000b"')),
    value("half a surrogate pair", "loneSurrogate", lambda f: insert(f, b'"\\ud800"')),
    value("leading zero", "invalidNumber", lambda f: insert(f, b"01")),
    value("NaN", "invalidNumber", lambda f: insert(f, b"NaN")),
    value("integer beyond 2^53", "unsafeInteger", lambda f: insert(f, b"9007199254740993")),
    value("2,000 nested lists", "tooDeep", lambda f: insert(f, b"[" * 2000 + b"]" * 2000)),
    value("a list", "notObject", lambda f: b"[" + f.structured() + b"]"),
    value("a text", "notObject", lambda f: b'"hello"'),
    value("a number", "notObject", lambda f: b"42"),
    value("null", "notObject", lambda f: b"null"),
    value("one member twice", "duplicateMember", dead=False, knows_id=True,
          make=lambda f: insert(f, b'1, "justification_": 2')),
]

ENVELOPE = [
    value("no specversion", "missingAttribute", lambda f: f.structured(specversion=None),
          dead=False, knows_id=True),
    value("no id", "missingAttribute", lambda f: f.structured(id=None)),
    value("empty source", "missingAttribute", lambda f: f.structured(source=""), knows_id=True),
    value("no type", "missingAttribute", lambda f: f.structured(type=None), knows_id=True),
    value("id is a number", "wrongType", lambda f: f.structured(id=7)),
    value("id of 257 bytes", "invalidAttribute", lambda f: f.structured(id="x" * 257)),
    Bad("Avro event", "contentType", True, lambda f: (
        b"Obj\x01\x04\x14avro.codec\x08null",
        [("content-type", b"application/cloudevents+avro")]), knows_id=False),
    Bad("JSON as plain text", "contentType", False, lambda f: (
        f.structured(), [("content-type", b"text/plain")])),
    member("specversion 0.3", "specVersion", specversion="0.3"),
    member("unknown type", "unknownType", type="com.example.hello"),
    member("data_base64", "dataBase64", data_base64="e30="),
    member("expirytime without zone", "invalidTime", expirytime="2036-01-01T00:00:00"),
    member("time that is none", "invalidTime", time="yesterday"),
    member("an attribute in capitals", "memberCase", Subject="x"),
    headers("no ce_id", "missingAttribute", lambda f: f.binary(id=None), True, False),
    headers("empty ce_id", "missingAttribute", lambda f: with_header(f, "ce_id", b""), True, False),
    headers("null ce_id", "missingAttribute", lambda f: with_header(f, "ce_id", None), True, False),
    headers("ce_id twice", "duplicateAttribute", lambda f: twice(f, "ce_id"), True, False),
    headers("ce_specversion 2.0", "specVersion", lambda f: f.binary(specversion="2.0")),
    headers("ce_subject twice", "duplicateAttribute",
            lambda f: twice(f, "ce_subject") + [("ce_subject", b"x")]),
    headers("ce_expirytime without zone", "invalidTime",
            lambda f: f.binary(expirytime="2036-01-01 00:00:00")),
    Bad("binary tombstone", "nullValue", True, lambda f: (None, f.binary())),
]


DATA = [
    Bad("no data", "missingMember", False, lambda f: (f.structured(data=None), [JSON_TYPE])),
    Bad("data is a text", "wrongType", False, lambda f: (f.structured(data="{}"), [JSON_TYPE])),
    member("no requestType", "missingMember", {"requestType": ...}),
    member("requestType is a list", "wrongType", {"requestType": ["AdminAdd"]}),
    member("requestType of the service", "requestType", {"requestType": "SystemAdd"}),
    member("requestType of v1.0", "requestType", {"requestType": "adminAdd"}),
    member("a user's own request", "delegatedOnly",
           {**nested(), "requestType": "UserAdd"}, **ASSIGNMENT),
    member("isValidationOnly is a text", "wrongType", {"isValidationOnly": "true"}),
    member("isValidationOnly is null", "wrongType", {"isValidationOnly": None}),
    member("a member in another case", "memberCase", {"IsValidationOnly": True}),
    member("GUID in braces", "invalidGuid", nested(targetId=BRACES), **ASSIGNMENT),
    member("no target", "missingMember", nested(targetId=...), **ASSIGNMENT),
    member("no policy", "missingMember", nested(assignmentPolicyId=...), **ASSIGNMENT),
    member("two persons", "contradiction",
           nested(target={"objectId": "0000cafe-aaaa-4aaa-8aaa-aaaaaaaaaaaa"}), **ASSIGNMENT),
    member("expirationDateTime without zone", "invalidTime",
           {"expirationDateTime": "2036-01-01T00:00:00"}),
]

ROWS = FRAMING + JSON_RULES + ENVELOPE + DATA
