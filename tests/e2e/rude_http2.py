"""HTTP/2 over TLS, well behaved (the library h2) and not. ACTS: name -> what is done."""
import asyncio
import collections
import struct

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

PIECE = 64 << 10
MUCH = 100 << 20
ACTS = {}
HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, CONTINUATION = 1, 3, 4, 5, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4


def act(function):
    ACTS[function.__name__] = function
    return function


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


class Connection:
    """One connection: its streams are worked on side by side."""

    def __init__(self, graph, reader, writer):
        self.graph, self.reader, self.writer = graph, reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False))
        self.requests, self.bodies = {}, collections.defaultdict(bytes)
        self.opened = asyncio.Event()  # a window has grown
        self.tasks = set()

    def flush(self):
        data = self.h2.data_to_send()
        if data and not self.writer.is_closing():
            self.writer.write(data)

    async def say(self, data):
        """Frames that the library would not send."""
        self.flush()
        if self.writer.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    async def run(self):
        number = self.graph.connections
        self.h2.initiate_connection()
        if number <= self.graph.shut:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        self.flush()
        while True:
            data = await self.reader.read(PIECE)
            if not data:
                return
            await self.graph.thaw(number)
            try:
                events = self.h2.receive_data(data)
            except h2.exceptions.ProtocolError:
                return  # its answer to what it was sent
            for event in events:
                self.take(event)
            self.flush()

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = {n.decode(): v.decode() for n, v in event.headers}
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged,
                                h2.events.StreamReset)):
            self.opened.set()
        elif isinstance(event, h2.events.StreamEnded):
            task = asyncio.ensure_future(self.work(event.stream_id))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def work(self, stream):
        headers, body = self.requests.pop(stream), self.bodies.pop(stream, b"")
        request = headers[":method"], headers[":path"], headers, body
        _, fault = self.graph.hear(*request)
        try:
            answer = await self.graph.decide(fault, *request)
            await ACTS[fault.act if fault else "answer"](self, stream, answer)
            self.flush()
        except (OSError, h2.exceptions.ProtocolError):
            pass  # the other side, or the connection, is gone

    def send_head(self, stream, answer, more=(), end=False):
        pairs = [(":status", str(answer.status))]
        pairs += [(n.lower(), v) for n, v in [*answer.headers, *more]]
        self.h2.send_headers(stream, pairs, end_stream=end)
        self.flush()

    async def send_body(self, stream, data, end=True):
        """As far as the windows let it."""
        at = 0
        while at < len(data):
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size,
                       len(data) - at)
            if room <= 0:
                self.opened.clear()
                await self.opened.wait()
                continue
            self.h2.send_data(stream, data[at:at + room])
            at += room
            self.flush()
            await self.writer.drain()
        if end:
            self.h2.end_stream(stream)
            self.flush()

    def reset(self, stream, code):
        self.h2.reset_stream(stream, code)
        self.flush()

    def close(self):
        self.flush()
        self.writer.close()

    def goaway(self, last, code=h2.errors.ErrorCodes.NO_ERROR):
        return frame(GOAWAY, 0, struct.pack(">II", last, code))


async def serve(graph, reader, writer):
    connection = Connection(graph, reader, writer)
    try:
        await connection.run()
    finally:
        for task in connection.tasks:
            task.cancel()


# ---- of one stream: nobody else is hurt ----------------------------------------------------------


@act
async def answer(connection, stream, answer):
    length = [] if answer.status in (204, 304) else [("content-length", str(len(answer.body)))]
    connection.send_head(stream, answer, length, end=not answer.body)
    if answer.body:
        await connection.send_body(stream, answer.body)


@act
async def trailers(connection, stream, answer):
    connection.send_head(stream, answer)
    await connection.send_body(stream, answer.body, end=False)
    connection.h2.send_headers(stream, [("x-trailer", "1")], end_stream=True)


@act
async def hang(connection, stream, answer):
    await asyncio.sleep(60)


@act
async def hang_in_body(connection, stream, answer):
    connection.send_head(stream, answer)
    await connection.send_body(stream, answer.body[:1], end=False)
    await asyncio.sleep(60)


def resets(name, code):
    async def send(connection, stream, answer):
        connection.reset(stream, code)
    ACTS[name] = send


for ending in ("REFUSED_STREAM", "INTERNAL_ERROR", "CANCEL", "NO_ERROR", "ENHANCE_YOUR_CALM",
               "HTTP_1_1_REQUIRED"):
    resets("reset_" + ending.lower(), h2.errors.ErrorCodes[ending])


@act
async def reset_in_body(connection, stream, answer):
    connection.send_head(stream, answer)
    await connection.send_body(stream, answer.body[:5], end=False)
    await asyncio.sleep(0.05)
    connection.reset(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)


@act
async def no_status(connection, stream, answer):
    connection.h2.send_headers(stream, [("server", "x")], end_stream=True)


@act
async def length_of_more(connection, stream, answer):
    connection.send_head(stream, answer, [("content-length", str(len(answer.body) + 9))])
    await connection.send_body(stream, answer.body)


@act
async def length_of_less(connection, stream, answer):
    connection.send_head(stream, answer, [("content-length", "3")])
    await connection.send_body(stream, answer.body)


@act
async def body_of_100_mb(connection, stream, answer):
    connection.send_head(stream, answer)
    for _ in range(MUCH // PIECE):
        await connection.send_body(stream, b"x" * PIECE, end=False)


@act
async def body_byte_a_second(connection, stream, answer):
    connection.send_head(stream, answer)
    for byte in answer.body:
        await connection.send_body(stream, bytes([byte]), end=False)
        await asyncio.sleep(1)


# ---- of the whole connection ---------------------------------------------------------------------


@act
async def close(connection, stream, answer):
    connection.close()


@act
async def abort(connection, stream, answer):
    """Without TLS's own good-bye."""
    connection.writer.transport.abort()


@act
async def goaway_after(connection, stream, answer):
    """As a server does that is restarted: what has been taken is answered."""
    await ACTS["answer"](connection, stream, answer)
    await connection.say(connection.goaway(2 ** 31 - 1))


@act
async def goaway_not_this_one(connection, stream, answer):
    """Says of this stream that it was not carried out; true or not."""
    await connection.say(connection.goaway(max(0, stream - 2)))
    connection.close()


@act
async def goaway_none(connection, stream, answer):
    await connection.say(connection.goaway(0, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM))
    connection.close()


@act
async def flood_of_settings(connection, stream, answer):
    for _ in range(200):
        await connection.say(frame(SETTINGS, 0) * 500)
    await ACTS["answer"](connection, stream, answer)


@act
async def flood_of_pings(connection, stream, answer):
    for _ in range(20):
        await connection.say(frame(PING, 0, b"12345678") * 500)
    await ACTS["answer"](connection, stream, answer)


@act
async def headers_without_end(connection, stream, answer):
    await connection.say(frame(HEADERS, stream, b"\x48\x03400"))
    for _ in range(2000):
        await connection.say(frame(CONTINUATION, stream, b"\x00\x01a\x01b" * 100))
    await asyncio.sleep(60)


@act
async def bad_compression(connection, stream, answer):
    await connection.say(frame(HEADERS, stream, b"\xff\xff\xff\xff\xff\xff\xff", END_HEADERS))


@act
async def frame_too_large(connection, stream, answer):
    await connection.say(struct.pack(">I", 1 << 20)[1:] + b"\0\0" + struct.pack(">I", stream) +
                         bytes(1 << 16))


@act
async def data_before_headers(connection, stream, answer):
    await connection.say(frame(0, stream, b"{}", END_STREAM))


@act
async def push_promise(connection, stream, answer):
    await connection.say(frame(PUSH_PROMISE, stream, struct.pack(">I", 2) + b"\x82", END_HEADERS))


@act
async def garbage(connection, stream, answer):
    await connection.say(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3)


@act
async def zero_window_update(connection, stream, answer):
    await connection.say(frame(8, 0, bytes(4)))


@act
async def flood_of_1xx(connection, stream, answer):
    for _ in range(20000):
        await connection.say(frame(HEADERS, stream, b"\x48\x03103", END_HEADERS))
    await asyncio.sleep(60)
