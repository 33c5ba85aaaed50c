#!/usr/bin/env python3
"""A server that makes libcurl send a POST twice: it answers the first request on a connection,
carries out the second, and then ends the connection without a byte of an answer.

usage: guard_server.py http1 | http2 CERTIFICATE KEY
Prints its port. For each line on standard input it prints how often each body was carried out
since the last one, as JSON, and it ends when that ends. Connections end in all ways in turn: FIN,
RST and, over HTTP/2, REFUSED_STREAM and GOAWAY for a stream that was carried out.
"""
import collections
import json
import socket
import ssl
import struct
import sys
import threading

ledger = collections.Counter()
lock = threading.Lock()
ways = {"http1": ["fin", "rst"], "http2": ["fin", "rst", "refused", "goaway"]}[sys.argv[1]]
turn = 0


def carry_out(body):
    with lock:
        ledger[body.decode()] += 1


def next_way():
    global turn
    with lock:
        turn += 1
        return ways[turn % len(ways)]


def end(connection, way):
    if way == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_http1(stream):
    size = 0
    while True:
        line = stream.readline()
        if not line:
            return None
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
        if line == b"\r\n":
            return stream.read(size)


def serve_http1(connection):
    stream = connection.makefile("rb")
    for number in range(2):
        body = read_http1(stream)
        if body is None:
            break
        carry_out(body)
        if number == 0:
            connection.sendall(b"HTTP/1.1 201 x\r\nContent-Length: 2\r\n\r\n{}")
    stream.close()
    end(connection, next_way())


def serve_http2(connection):
    import h2.config
    import h2.connection
    import h2.errors
    import h2.events
    h2c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    h2c.initiate_connection()
    connection.sendall(h2c.data_to_send())
    bodies, served = collections.defaultdict(bytes), 0
    while True:
        data = connection.recv(65536)
        if not data:
            break
        for event in h2c.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
                h2c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if not isinstance(event, h2.events.StreamEnded):
                continue
            carry_out(bodies.pop(event.stream_id))
            served += 1
            if served == 1:
                h2c.send_headers(event.stream_id, [(":status", "201"), ("content-length", "2")])
                h2c.send_data(event.stream_id, b"{}", end_stream=True)
                continue
            way = next_way()
            if way == "refused":
                h2c.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
                served = 0
                continue
            if way == "goaway":
                h2c.close_connection(last_stream_id=0)
            connection.sendall(h2c.data_to_send())
            end(connection, way)
            return
        connection.sendall(h2c.data_to_send())
    connection.close()


def serve(connection, context):
    try:
        if context is None:
            serve_http1(connection)
        else:
            serve_http2(context.wrap_socket(connection, server_side=True))
    except (OSError, ssl.SSLError):
        connection.close()


def accept_all(listener, context):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


def main():
    context = None
    if sys.argv[1] == "http2":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept_all, args=(listener, context), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    for _ in sys.stdin:
        with lock:
            print(json.dumps(ledger), flush=True)
            ledger.clear()


main()
