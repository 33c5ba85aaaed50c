"""An authority of the test's own, and certificates that it signs."""
import contextlib
import os
import socket
import ssl
import subprocess
import threading


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=30)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key, self.file = self.path("key"), self.path("pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.file)

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def sign(self, host):
        """A certificate for one host name: (certificate file, key file)."""
        base = os.path.join(self.folder, f"{self.name}-{host}")
        key, request, certificate, names = (base + s for s in (".key", ".csr", ".pem", ".ext"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", key,
                "-out", request)
        with open(names, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-days", "2",
                "-CAcreateserial", "-extfile", names, "-out", certificate)
        return certificate, key


@contextlib.contextmanager
def one_hand_shake(certificate, key):
    """TLS with the first who comes; whoever comes after that finds nobody."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        taken, _ = server.accept()
        server.close()
        with contextlib.suppress(OSError), context.wrap_socket(taken, server_side=True) as tls:
            tls.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    thread.join(10)
