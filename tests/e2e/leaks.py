"""Canaries: secrets that the harness hands to every worker, and looks for at the end of every test
in all that a test leaves behind. What is found fails the test.

Looked through: every file in the folders of the test, so all logs, outputs that went to a file, the
calls that the sandbox recorded, all that Redis was ever told (its append-only file) and all of
Kafka's topics, as the broker has them on disk; each page of a worker that a test reads, and the
last ones before it ends; what the programs say that a test runs to their end. Not looked through:
the files that give the secrets to the programs.
"""
import json
import os
import subprocess

CANARIES = {name: f"canary-{name}-q8Vt2mXw4Zr6" for name in (
    "client-secret", "redis-password", "kafka-password", "admin-token", "trace-headers")}
# Every access token of the sandbox begins so, its head as base64.
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0."
SECRETS = {**CANARIES, "access-token": TOKEN}
# What people write and who they are: may be in topics, Redis and calls, and in no log.
REASON, ANSWER, UPN = "canary-reason-h5Kd", "canary-answer-p7Ws", "canary.upn@n3Gy.example"
PERSONAL = {"justification": REASON, "answer": ANSWER, "user principal name": UPN}

PAGES = ("/", "/metrics", "/status", "/readyz?verbose", "/livez?verbose", "/nothing-there")
# Settings with secrets that not every build has: the setting, its canary, what stands around it.
MORE_SECRETS = ((("admin", "token_file"), "admin-token", "{}"),
                (("traces", "headers_file"), "trace-headers", "authorization=Bearer {}"))

_given = set()  # paths of files that hold canaries by right
_found = []  # (place, what), since take()
_seen = {"files": 0, "texts": 0, "bytes": 0}
_schemas = {}


def look(content, place, wanted=None):
    """Notes each canary that is in it; bytes or text."""
    content = content.encode(errors="replace") if isinstance(content, str) else content or b""
    _seen["bytes"] += len(content)
    for name, canary in (wanted or SECRETS).items():
        if canary.encode() in content:
            _found.append((place, name))


def look_at_text(text, place):
    _seen["texts"] += 1
    look(text, place)


def look_at_file(path, wanted=None):
    if path in _given:
        return
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, OSError):  # removed meanwhile, or a socket
        return
    _seen["files"] += 1
    look(content, path, wanted)


def look_at_tree(folder, wanted=None):
    """Of Kafka's data only what has been sent: the rest are indexes, 10 MiB of nothing each."""
    for path, _, names in os.walk(folder):
        for name in names:
            if not name.endswith((".index", ".timeindex")):
                look_at_file(os.path.join(path, name), wanted)


def look_at_topics(kafka_folder, prefix):
    """Topics whose name begins so."""
    data = os.path.join(kafka_folder, "data")
    for name in os.listdir(data) if os.path.isdir(data) else ():
        if name.startswith(prefix):
            look_at_tree(os.path.join(data, name))


def take():
    """All that was found since the last time."""
    found, _found[:] = sorted(set(_found)), []
    return found


def figure():
    return (f"{_seen['files']} files and {_seen['texts']} pages and outputs, "
            f"{_seen['bytes'] / 1e6:.1f} MB looked through for {len(SECRETS)} secrets")


def give(path, text):
    """A file of mode 0600 that may hold canaries."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    _given.add(path)
    return path


def settings_of(program, folder):
    """The secrets of MORE_SECRETS that this program has a setting for, each in a file."""
    if program not in _schemas:
        _schemas[program] = json.loads(subprocess.run(
            [program, "config", "schema"], check=True, stdout=subprocess.PIPE, timeout=60).stdout)
    settings = {}
    for (group, key), name, around in MORE_SECRETS:
        known = _schemas[program]["properties"].get(group, {}).get("properties", {})
        if key in known:
            settings.setdefault(group, {})[key] = give(
                os.path.join(folder, name), around.format(CANARIES[name]) + "\n")
    return settings


_communicate = subprocess.Popen.communicate


def _look_at_output(process, *arguments, **more):
    """In the place of Popen.communicate(), which subprocess.run() calls too."""
    said = _communicate(process, *arguments, **more)
    for text in said:
        if text:
            look_at_text(text, f"output of {process.args}")
    return said


subprocess.Popen.communicate = _look_at_output
