#!/usr/bin/env python3
"""A proxy that knows CONNECT and nothing else, and remembers all that it hears from its callers.

usage: proxy_server.py [USER:PASSWORD | - [CERTIFICATE KEY]]
With a certificate TLS is spoken with it. Prints its port. For each line on standard input it
prints, since the last one, as JSON: the heads of the CONNECTs that it carried out and of those that
it refused, and whether it has heard a word that starts with "canary", or "Bearer". It ends when
that ends.
"""
import asyncio
import base64
import json
import ssl
import sys

WORDS = [word for word in sys.argv[1:2] if word != "-"]
LOGIN = base64.b64encode(WORDS[0].encode()).decode() if WORDS else None
heard = bytearray()
done, refused = [], []


async def carry(reader, writer, keep):
    while data := await reader.read(65536):
        if keep:
            heard.extend(data)
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def serve(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.extend(head)
        text = head.decode("latin-1")
        method, where = text.split()[:2]
        login = f"Proxy-Authorization: Basic {LOGIN}\r\n"
        if method != "CONNECT" or (LOGIN and login not in text):
            refused.append(text)
            writer.write(b"HTTP/1.1 407 x\r\nrequest-id: of-the-proxy\r\n"
                         b"Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        host, port = where.rsplit(":", 1)
        there = await asyncio.open_connection(host.strip("[]"), int(port))
        done.append(text)
        writer.write(b"HTTP/1.1 200 Connection established\r\nrequest-id: of-the-proxy\r\n\r\n")
        await asyncio.gather(carry(reader, there[1], True), carry(there[0], writer, False))
    except (OSError, EOFError):
        pass
    finally:
        writer.close()


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if len(sys.argv) > 2 else None
    if tls:
        tls.load_cert_chain(*sys.argv[2:4])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        told = {"done": done, "refused": refused, "canary": b"canary" in heard,
                "bearer": b"Bearer" in heard or b"authorization: b" in heard}
        print(json.dumps(told), flush=True)
        heard.clear(), done.clear(), refused.clear()


asyncio.run(main())
