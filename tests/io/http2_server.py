#!/usr/bin/env python3
"""A TLS server that speaks HTTP/2 and HTTP/1.1 and answers each POST after some milliseconds with
{"connection": n, "protocol": "h2"}, and a token, as if it were Entra.

usage: http2_server.py CERTIFICATE KEY MILLISECONDS [busy]
busy: over HTTP/2 every call on the first connection is answered 503.
Prints its port. For each line on standard input it prints how many connections there were since
the last one, and how many calls with a bearer token, and ends when that ends.
"""
import asyncio
import json
import ssl
import sys

import h2.config
import h2.connection
import h2.events

connections = bearers = 0
pause_s = int(sys.argv[3]) / 1000
busy = 1 if "busy" in sys.argv else 0  # the number of the connection that is


def body_of(number, protocol):
    return json.dumps({"connection": number, "protocol": protocol, "expires_in": 3599,
                       "access_token": "canary-token-5d1c"}).encode()


def note_header(name, value):
    global bearers
    bearers += name.lower() == "authorization" and value.startswith("Bearer canary")


async def serve_http1(number, reader, writer):
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        for name, value in [line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2]]:
            note_header(name, value)
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
        await asyncio.sleep(pause_s)
        body = body_of(number, "http/1.1")
        writer.write(b"HTTP/1.1 201 x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()


async def answer_http2(number, h2c, stream, writer):
    await asyncio.sleep(pause_s)
    h2c.send_headers(stream, [(":status", "503" if number == busy else "201")])
    h2c.send_data(stream, body_of(number, "h2"), end_stream=True)
    writer.write(h2c.data_to_send())


async def serve_http2(number, reader, writer):
    h2c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    h2c.initiate_connection()
    answers = set()  # else they may be collected before they are done
    while True:
        writer.write(h2c.data_to_send())
        data = await reader.read(65536)
        if not data:
            return
        for event in h2c.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                h2c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, h2.events.RequestReceived):
                for name, value in event.headers:
                    note_header(name.decode(), value.decode())
            if isinstance(event, h2.events.StreamEnded):
                answers.add(asyncio.create_task(answer_http2(number, h2c, event.stream_id, writer)))


async def serve(reader, writer):
    global connections
    connections += 1
    protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    try:
        await (serve_http2 if protocol == "h2" else serve_http1)(connections, reader, writer)
    except (OSError, EOFError):
        pass
    writer.close()


async def main():
    global connections, bearers
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(connections, bearers, flush=True)
        connections = bearers = 0


asyncio.run(main())
