#!/usr/bin/env python3
"""Who is not Graph is told nothing: no byte, and so no token, leaves the worker before the server
has shown a certificate that is good, for its name, over TLS 1.2 at least (guarantee I14)."""
import socket
import ssl
import threading
import time

import certificates
import events
import harness
import processes


class Impostor:
    """Serves TLS, and remembers what it was sent."""

    def __init__(self, certificate, key, most=None):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.set_ciphers("ALL:@SECLEVEL=0")
        self.tls.load_cert_chain(certificate, key)
        if most:
            self.tls.minimum_version, self.tls.maximum_version = ssl.TLSVersion.TLSv1, most
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.tries, self.heard = 0, b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.tries += 1
            try:
                connection.settimeout(5)
                with self.tls.wrap_socket(connection, server_side=True) as channel:
                    self.heard += channel.recv(1 << 16)
            except OSError:
                pass

    def is_real(self):
        """It serves whoever believes anything."""
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.minimum_version = ssl.TLSVersion.TLSv1
        client.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", self.port), 5) as plain:
            with client.wrap_socket(plain) as channel:
                channel.sendall(b"hello")
        processes.wait_until("the impostor hears", lambda: self.heard == b"hello", 5)
        self.tries, self.heard = 0, b""
        return True


def expired(authority):
    """A certificate that was good until yesterday."""
    certificate, key = authority.sign("localhost")
    request, old = certificate[:-4] + ".csr", certificate[:-4] + "-old.pem"
    names = certificate[:-4] + ".ext"
    certificates.openssl("x509", "-req", "-in", request, "-CA", authority.file, "-CAkey",
                         authority.key, "-days", "-1", "-CAcreateserial", "-extfile", names,
                         "-out", old)
    return old, key


class GraphTlsTest(harness.E2eCase):
    def impostors(self):
        ours = certificates.Authority(self.folder, "ours")
        stranger = certificates.Authority(self.folder, "stranger")
        alone = certificates.Authority(self.folder, "localhost")  # its own authority
        return ours.file, {
            "good": Impostor(*ours.sign("localhost")),
            "expired": Impostor(*expired(ours)),
            "other-host": Impostor(*ours.sign("graph.example")),
            "stranger": Impostor(*stranger.sign("localhost")),
            "self-signed": Impostor(alone.file, alone.key),
            "tls-1-0": Impostor(*ours.sign("localhost"), ssl.TLSVersion.TLSv1),
            "tls-1-1": Impostor(*ours.sign("localhost"), ssl.TLSVersion.TLSv1_1)}

    def test_impostors(self):
        ca_file, impostors = self.impostors()
        world = self.world()
        world.send([events.Maker(3, world.name).submitted()])
        workers = {}
        for name, impostor in impostors.items():
            self.addCleanup(impostor.listener.close)
            self.assertTrue(impostor.is_real())
            workers[name] = world.worker(
                name, kafka={"group": name}, redis={"key_prefix": name},
                graph={"base_url": f"https://localhost:{impostor.port}/beta",
                       "tls_ca_file": ca_file})
        for name, impostor in impostors.items():
            processes.wait_until(f"{name} is tried", lambda i=impostor: i.tries > 1, 40)
        time.sleep(0.5)
        self.assertIn(b"POST /beta", impostors["good"].heard)  # it would have been told
        self.assertIn(b"Bearer ", impostors["good"].heard)
        for name, impostor in impostors.items():
            if name != "good":
                self.assertEqual(b"", impostor.heard, f"{name} was told something")
        self.assertEqual([], world.topics.read(world.replies))  # not sent, so it waits
        tries = {name: impostor.tries for name, impostor in impostors.items()}
        harness.figure("e2e Graph's TLS", f"{len(tries) - 1} impostors, told nothing; "
                       f"tries {tries}")


if __name__ == "__main__":
    harness.main()
