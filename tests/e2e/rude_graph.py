"""A Graph that misbehaves as it is told: between the worker and the sandbox, in a thread.

What is well behaved is handed to the sandbox, so that the ledger stays the sandbox's. Each event of
a test has a number, which stands in its target and its package (guid_of()); the script says what
becomes of which call of that number. rude_http1.py and rude_http2.py know how to misbehave.
"""
import asyncio
import collections
import json
import re
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field, replace

import rude_http1
import rude_http2
from events import guid

NUMBER = re.compile(rb"([0-9a-f]{8})-(?:aaaa|0001)-4000-8000-000000000000")
DRY_RUN = b'"isValidationOnly":true'
REFUSAL = "TestRefusal"
QUIET = 0.3  # seconds in which all calls that are under way arrive


def guids_of(number):
    """(target, package) by which the calls of an event are known."""
    return guid(number, 0xAAAA), guid(number, 0x0001)


def error_body(code=REFUSAL, detail=None):
    details = [{"code": detail, "message": "more"}] if detail else []
    return json.dumps({"error": {"code": code, "message": "as the test says",
                                 "details": details}}).encode()


@dataclass
class Answer:
    status: int
    headers: list  # of (name, value); without the length
    body: bytes


@dataclass
class Fault:
    """What becomes of the first `times` calls of that sort; -1: of all."""
    call: str  # dry_run, submit or look
    act: str = "answer"  # a name of rude_http1.ACTS or rude_http2.ACTS
    times: int = 1
    apply: bool = False  # the sandbox carries it out first
    answer: Answer = None  # in the place of the sandbox's; None: that one, or a refusal
    status: int = None  # in the place of its status only
    barrier: object = None  # a Barrier: all of them are answered together
    alone: bool = False  # everyone else's answers wait for a moment, and follow this one
    met: int = 0  # so many calls
    fired: list = field(default_factory=list)  # when each of them was answered

    def __post_init__(self):
        self.first = self.times

    def again(self):
        return replace(self, times=self.first, met=0, fired=[])


@dataclass
class Call:
    """One that has arrived."""
    time: float
    number: int
    name: str
    headers: dict


class Barrier:
    """Holds answers back until so many calls have come, or until it has waited too long."""

    def __init__(self, count, seconds=5):
        self.count, self.seconds = count, seconds
        self.event = asyncio.Event()

    async def wait(self):
        self.count -= 1
        if self.count <= 0:
            self.event.set()
        try:
            await asyncio.wait_for(self.event.wait(), self.seconds)
        except asyncio.TimeoutError:
            self.event.set()


def recorded(method, path, headers, body):
    """A call as the line that `usher-sandbox --record` writes of it."""
    url = urllib.parse.urlsplit(path)
    call = {"method": method, "path": urllib.parse.unquote(url.path),
            "query": urllib.parse.parse_qsl(url.query, keep_blank_values=True),
            "headers": {name: value for name, value in headers.items() if name in
                        ("authorization", "content-type", "client-request-id")}}
    if body:
        call["body"] = body.decode()
    return json.dumps(call) + "\n"


class RudeGraph:
    """Serves http://127.0.0.1:port, or https with HTTP/2 where there is a certificate."""

    def __init__(self, sandbox_port, certificate=None, shut=0):
        self.sandbox_port = sandbox_port
        self.shut = shut  # so many connections at first take no byte of a body (HTTP/2)
        self.script = collections.defaultdict(list)  # number: [Fault]
        self.calls = []
        self.unheard = []  # those that the sandbox is not told of, as it records them
        self.connections = self.frozen = 0
        self.errors = []
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
            self.tls.set_alpn_protocols(["h2"])
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self.on_trouble)
        self.answers = asyncio.Event()
        self.answers.set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.run(asyncio.start_server(
            self.serve, "127.0.0.1", 0, limit=1 << 20, ssl=self.tls, backlog=512))
        self.port = self.server.sockets[0].getsockname()[1]
        scheme, host = ("https", "localhost") if certificate else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self.port}/beta"

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def on_trouble(self, loop, context):
        """A broken connection is what this is about; anything else is a fault of the test's."""
        error = context.get("exception")
        if not isinstance(error, (OSError, ssl.SSLError, asyncio.IncompleteReadError)):
            self.errors.append(repr(error or context))

    def close(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # ---- serving ---------------------------------------------------------------------------------

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            if self.tls:
                await rude_http2.serve(self, reader, writer)
            else:
                await rude_http1.serve(self, reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(repr(error))
        finally:
            writer.close()

    def hear(self, method, path, headers, body):
        """(Call, the Fault that is due to it or None)."""
        found = NUMBER.search(path.encode() + b" " + body)
        number = int(found.group(1), 16) if found else None
        name = "look" if method == "GET" else "dry_run" if DRY_RUN in body else "submit"
        call = Call(time.monotonic(), number, name, headers)
        self.calls.append(call)
        for fault in self.script.get(number, ()):
            if fault.call == name and fault.times != 0:
                fault.times -= 1
                fault.met += 1
                if not fault.apply:
                    self.unheard.append(recorded(method, path, headers, body))
                return call, fault
        return call, None

    async def decide(self, fault, method, path, headers, body):
        """The Answer to give; the sandbox hears of the call if it is carried out."""
        answer = None
        if fault is None or fault.apply:
            answer = await self.forward(method, path, headers, body)
        if fault is None or not fault.alone:
            await self.answers.wait()
        if fault is None:
            return answer
        if fault.barrier:
            await fault.barrier.wait()
        if fault.alone:
            self.answers.clear()
            await asyncio.sleep(QUIET)
            self.loop.call_later(QUIET, self.answers.set)
        fault.fired.append(time.monotonic())
        given = fault.answer or answer or Answer(400, [("Content-Type", "application/json")],
                                                 error_body())
        return replace(given, status=fault.status or given.status)

    async def forward(self, method, path, headers, body):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.sandbox_port)
        kept = "".join(f"{name}: {value}\r\n" for name, value in headers.items()
                       if name in ("authorization", "content-type", "client-request-id"))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n{kept}"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        rest = await reader.read()
        writer.close()
        lines = [tuple(line.split(": ", 1)) for line in head[1:] if line]
        kept = [(name, value) for name, value in lines
                if name.lower() not in ("connection", "content-length", "transfer-encoding")]
        return Answer(int(head[0].split()[1]), kept, rest)

    def freeze(self):
        """From now on the connections that there are take and give nothing, without a word."""
        self.frozen = self.connections

    async def thaw(self, number):
        """Never returns to a connection that is frozen."""
        while number <= self.frozen:
            await asyncio.sleep(60)
