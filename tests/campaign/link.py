#!/usr/bin/env python3
"""TCP links that misbehave on order: one process with a port for each target.

    tests/campaign/link.py 127.0.0.1:9092 127.0.0.1:9093     says the ports that it listens on

and takes orders as JSON lines: {"links": [0, 1], "fault": "stall"}, or "none"; {"links": [0],
"target": "127.0.0.1:6380"} cuts them and leads elsewhere from now on. Each is answered "ok". In
Python: Links. With --watch FILE it writes a line for each POST of Graph that passes.
"""
import argparse
import asyncio
import json
import re
import socket
import struct
import subprocess
import sys
import time

FAULTS = ("cut", "reset", "latency", "slow", "slice", "stall", "slow-close")
LATENCY_S = 2.0
SLOW_BYTES = 1024  # a second
SLICE_MOST, SLICE_PAUSE_S = 7, 0.001
STALL_AFTER = 2000  # bytes, then nothing more comes, and nobody is told
SLOW_CLOSE_S = 3.0
TICK_S = 0.02
CHUNK = 1 << 16
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
TAG = re.compile(rb'"justification": ?"([^"]*)"')
ONLY = re.compile(rb'"isValidationOnly": ?true')


class Watch:
    """Writes down each POST that a worker sends: when, by which link, for which event, for real?"""

    def __init__(self, file):
        self.file = file

    def reader(self, link):
        kept = bytearray()

        def feed(data):
            kept.extend(data)
            while (end := kept.find(b"\r\n\r\n")) >= 0:
                found = LENGTH.search(kept, 0, end)
                whole = end + 4 + (int(found[1]) if found else 0)
                if len(kept) < whole:
                    return
                self.note(link, bytes(kept[:whole]))
                del kept[:whole]
        return feed

    def note(self, link, request):
        tag = TAG.search(request)
        if self.file and request.startswith(b"POST") and tag:
            line = {"time": time.time(), "link": link, "tag": tag[1].decode(),
                    "real": not ONLY.search(request)}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()


class Link:
    def __init__(self, number, target, watch):
        self.number, self.watch = number, watch
        self.target = target.rsplit(":", 1)
        self.fault = "none"
        self.writers = set()

    def order(self, fault=None, target=None):
        if target:
            self.target = target.rsplit(":", 1)
            self.drop(False)
        if fault:
            self.fault = fault
            if fault in ("cut", "reset"):
                self.drop(fault == "reset")

    def drop(self, reset):
        for writer in list(self.writers):
            if reset:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if reset else writer.close()

    async def serve(self, reader, writer):
        if self.fault in ("cut", "reset"):
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        try:
            await asyncio.gather(
                self.pump(reader, far_writer, self.watch.reader(self.number)),
                self.pump(far_reader, writer, lambda data: None))
        finally:
            self.writers -= {writer, far_writer}
            writer.close()
            far_writer.close()

    async def pump(self, reader, writer, feed):
        passed = 0  # since the fault began
        try:
            while data := await reader.read(CHUNK):
                feed(data)
                passed = passed + len(data) if self.fault == "stall" else 0
                while self.fault == "stall" and passed > STALL_AFTER:
                    await asyncio.sleep(TICK_S)
                await self.shape(data, writer)
            if self.fault == "slow-close":
                await asyncio.sleep(SLOW_CLOSE_S)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def shape(self, data, writer):
        """Writes `data` as the fault has it; the rest at once where the fault ends."""
        if self.fault == "latency":
            await self.rest(LATENCY_S)
        elif self.fault == "slow-close":  # nothing passes, and the end is told late
            await self.rest(SLOW_CLOSE_S)
            writer.close()
            return
        while data and self.fault in ("slow", "slice"):
            size = SLICE_MOST if self.fault == "slice" else int(SLOW_BYTES * TICK_S)
            writer.write(data[:size])
            await writer.drain()
            data = data[size:]
            await asyncio.sleep(SLICE_PAUSE_S if self.fault == "slice" else TICK_S)
        writer.write(data)
        await writer.drain()

    async def rest(self, seconds):
        end, fault = time.monotonic() + seconds, self.fault
        while self.fault == fault and time.monotonic() < end:
            await asyncio.sleep(TICK_S)


async def run(targets, file):
    watch = Watch(file)
    links = [Link(number, target, watch) for number, target in enumerate(targets)]
    servers = [await asyncio.start_server(link.serve, "127.0.0.1", 0) for link in links]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        for number in order.pop("links"):
            links[number].order(**order)
        print("ok", flush=True)


class Links:
    """The process, and orders to it."""

    def __init__(self, targets, watch=None):
        command = [sys.executable, __file__, *targets, *(["--watch", watch] if watch else [])]
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ports = [int(port) for port in self.process.stdout.readline().split()]
        self.count = len(targets)

    def order(self, links=None, **order):
        order["links"] = range(self.count) if links is None else links
        order["links"] = list(order["links"])
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", "the link process has ended"

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("targets", nargs="+", metavar="HOST:PORT")
    parser.add_argument("--watch", metavar="FILE")
    options = parser.parse_args()
    file = open(options.watch, "a", encoding="utf-8") if options.watch else None
    asyncio.run(run(options.targets, file))


if __name__ == "__main__":
    main()
