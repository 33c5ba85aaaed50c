"""HTTP/1.1 by hand, well behaved and not. ACTS: name -> what is done with the answer."""
import asyncio
import functools
import http.client
import socket
import struct
import zlib

PIECE = 64 << 10
MUCH = 100 << 20  # bytes of a body that no one should read
FLOOD = 8 << 20  # of what curl takes note of piece by piece
ACTS = {}


def act(function):
    ACTS[function.__name__] = function
    return function


class Stream:
    """One connection. Acts return True where it stays open."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def say(self, data):
        if self.writer.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    def reset(self):
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return False

    async def gone(self):
        """Until the other side leaves."""
        while await self.reader.read(PIECE):
            pass
        return False


def first_line(answer):
    reason = http.client.responses.get(answer.status, "Whatever")
    return f"HTTP/1.1 {answer.status} {reason}\r\n".encode()


def lines(answer, *more):
    pairs = [*answer.headers, *more]
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in pairs)


def head(answer, length=None, *more):
    length = len(answer.body) if length is None else length
    if answer.status not in (204, 304):
        more = [("Content-Length", length), *more]
    return first_line(answer) + lines(answer, *more) + b"\r\n"


def whole(answer):
    return head(answer) + answer.body


def chunked_head(answer):
    return first_line(answer) + lines(answer, ("Transfer-Encoding", "chunked")) + b"\r\n"


async def read_request(reader):
    """(method, path, headers, body); None at the end."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = text[0].split()
    headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in text[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return method, path, headers, body


async def serve(graph, reader, writer):
    stream, number = Stream(reader, writer), graph.connections
    while True:
        request = await read_request(reader)
        if request is None:
            return
        await graph.thaw(number)
        _, fault = graph.hear(*request)
        answer = await graph.decide(fault, *request)
        if not await ACTS[fault.act if fault else "answer"](stream, answer):
            return


# ---- well behaved, some of them just -------------------------------------------------------------


@act
async def answer(stream, answer):
    await stream.say(whole(answer))
    return True


@act
async def chunked(stream, answer):
    size = b"%x\r\n" % len(answer.body) if answer.body else b""
    await stream.say(chunked_head(answer) + size + answer.body + b"\r\n" * bool(size) +
                     b"0\r\nX-Trailer: 1\r\n\r\n")
    return True


@act
async def until_close(stream, answer):
    """HTTP/1.0: the body ends with the connection."""
    await stream.say(first_line(answer).replace(b"/1.1", b"/1.0") + lines(answer) + b"\r\n" +
                     answer.body)
    return False


@act
async def hints_first(stream, answer):
    await stream.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20 + whole(answer))
    return True


@act
async def byte_by_byte(stream, answer):
    for byte in whole(answer):
        await stream.say(bytes([byte]))
        await asyncio.sleep(0)
    return True


@act
async def close_after_answer(stream, answer):
    """Without a word of it."""
    await stream.say(whole(answer))
    return False


@act
async def two_answers(stream, answer):
    await stream.say(whole(answer) * 2)
    return await stream.gone()


@act
async def second_answer_later(stream, answer):
    """It lies in wait for the next request, which is never heard."""
    await stream.say(whole(answer))
    await asyncio.sleep(0.15)
    await stream.say(whole(answer))
    return await stream.gone()


# ---- the connection ends -------------------------------------------------------------------------


@act
async def close(stream, answer):
    return False


@act
async def reset(stream, answer):
    return stream.reset()


@act
async def cut_status(stream, answer):
    await stream.say(b"HTTP/1.1 20")
    return False


@act
async def cut_header(stream, answer):
    await stream.say(first_line(answer) + b"Content-Type: appl")
    return False


@act
async def cut_header_reset(stream, answer):
    await stream.say(first_line(answer) + lines(answer))
    await asyncio.sleep(0.05)
    return stream.reset()


@act
async def cut_body(stream, answer):
    await stream.say(head(answer) + answer.body[:len(answer.body) // 2])
    return False


@act
async def cut_body_reset(stream, answer):
    await stream.say(head(answer) + answer.body[:len(answer.body) // 2])
    await asyncio.sleep(0.05)
    return stream.reset()


@act
async def cut_chunk(stream, answer):
    await stream.say(chunked_head(answer) + b"%x\r\n" % len(answer.body) + answer.body[:-1])
    return False


@act
async def no_last_chunk(stream, answer):
    await stream.say(chunked_head(answer) + b"%x\r\n" % len(answer.body) + answer.body + b"\r\n")
    return False


# ---- time ----------------------------------------------------------------------------------------


@act
async def hang(stream, answer):
    return await stream.gone()


@act
async def hang_in_body(stream, answer):
    await stream.say(head(answer) + answer.body[:1])
    return await stream.gone()


@act
async def length_too_long(stream, answer):
    await stream.say(head(answer, len(answer.body) + 1) + answer.body)
    return await stream.gone()


@act
async def byte_a_second(stream, answer):
    for byte in whole(answer):
        await stream.say(bytes([byte]))
        await asyncio.sleep(1)
    return False


# ---- lies ----------------------------------------------------------------------------------------


@act
async def length_too_short(stream, answer):
    await stream.say(head(answer, 10) + answer.body)
    return await stream.gone()


@act
async def bad_length(stream, answer):
    await stream.say(head(answer, "sixteen") + answer.body)
    return await stream.gone()


@act
async def hex_length(stream, answer):
    """Which may be read as 0."""
    await stream.say(head(answer, "0x10") + answer.body)
    return await stream.gone()


@act
async def negative_length(stream, answer):
    await stream.say(head(answer, -5) + answer.body)
    return await stream.gone()


@act
async def two_lengths(stream, answer):
    await stream.say(head(answer, None, ("Content-Length", len(answer.body) + 7)) + answer.body)
    return await stream.gone()


@act
async def bad_chunk(stream, answer):
    await stream.say(chunked_head(answer) + b"zz\r\n" + answer.body)
    return await stream.gone()


@act
async def absurd_chunk(stream, answer):
    await stream.say(chunked_head(answer) + b"F" * 20 + b"\r\n" + answer.body)
    return await stream.gone()


@act
async def negative_chunk(stream, answer):
    await stream.say(chunked_head(answer) + b"-1\r\n" + answer.body)
    return await stream.gone()


@act
async def garbage(stream, answer):
    await stream.say(bytes(range(256)) * 4 + b"\r\n\r\n")
    return await stream.gone()


@act
async def other_protocol(stream, answer):
    await stream.say(b"220 smtp.example ESMTP\r\n\r\n")
    return await stream.gone()


@act
async def no_head(stream, answer):
    """HTTP/0.9."""
    await stream.say(answer.body)
    return False


@act
async def wrong_version(stream, answer):
    await stream.say(whole(answer).replace(b"HTTP/1.1", b"HTTP/7.3", 1))
    return await stream.gone()


@act
async def bad_status(stream, answer):
    await stream.say(b"HTTP/1.1 2O1 Created\r\nContent-Length: 0\r\n\r\n")
    return await stream.gone()


@act
async def switching_protocols(stream, answer):
    await stream.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
    return await stream.gone()


# ---- floods --------------------------------------------------------------------------------------


async def flood(stream, piece, most):
    for _ in range(most // len(piece)):
        await stream.say(piece)
    return await stream.gone()


@functools.cache
def bomb(bits):
    """100 MB of zeros in a tenth of a percent of that."""
    packer = zlib.compressobj(6, zlib.DEFLATED, bits)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()


@act
async def gzip_bomb(stream, answer):
    packed = bomb(31)
    await stream.say(head(answer, len(packed), ("Content-Encoding", "gzip")) + packed)
    return True


@act
async def deflate_bomb(stream, answer):
    packed = bomb(15)
    await stream.say(head(answer, len(packed), ("Content-Encoding", "deflate")) + packed)
    return True


@act
async def body_of_100_mb(stream, answer):
    await stream.say(head(answer, MUCH))
    return await flood(stream, b"x" * PIECE, MUCH)


@act
async def endless_chunks(stream, answer):
    await stream.say(chunked_head(answer))
    return await flood(stream, b"8000\r\n" + b"x" * 0x8000 + b"\r\n", MUCH)


@act
async def flood_of_1xx(stream, answer):
    return await flood(stream, b"HTTP/1.1 100 Continue\r\n\r\n" * 400, FLOOD)


@act
async def flood_of_headers(stream, answer):
    await stream.say(first_line(answer))
    return await flood(stream, b"X-Flood: 0123456789\r\n" * 400, FLOOD)


@act
async def huge_header(stream, answer):
    await stream.say(first_line(answer) + b"X-Huge: ")
    return await flood(stream, b"x" * PIECE, FLOOD)
