#!/usr/bin/env python3
"""The search for canaries (leaks.py) itself: one is put wherever a secret may come to stand, and
each is found; where none was put, none is."""
import http.server
import os
import subprocess
import threading

import events
import harness
import leaks

SECRET = leaks.CANARIES["client-secret"]


class Talker(http.server.BaseHTTPRequestHandler):
    """A page that tells the secret; its error page does so too."""

    def do_GET(self):
        self.send_response(200 if self.path == "/status" else 404)
        self.end_headers()
        self.wfile.write(f"<p>{SECRET}</p>".encode())

    def log_message(self, *arguments):
        pass


class LeaksTest(harness.E2eCase):
    def found(self):
        return leaks.take()

    def search(self, world):
        """What the end of a test finds."""
        try:
            self.look_for_leaks(world)
        except AssertionError as error:
            return str(error)
        return ""

    def run_world(self, name):
        world = self.world(name)
        worker = world.worker()
        made = events.mixture(30, 71, world.name)
        world.send(made)
        world.wait_answers(len(made), 60)
        return world, worker

    def test_nothing_is_found_where_nothing_is(self):
        world, worker = self.run_world("clean")
        before = leaks._seen["texts"]
        self.assertEqual(0, worker.stop())
        self.assertEqual(len(leaks.PAGES), leaks._seen["texts"] - before)
        self.assertEqual("", self.search(world))

    def test_all_is_found(self):
        world, worker = self.run_world("planted")
        self.assertEqual(0, worker.stop())
        with open(worker.log, "a", encoding="utf-8") as log:
            log.write('{"message":"the secret is %s"}\n' % SECRET)
        self.assertIn(f"client-secret in {worker.log}", self.search(world))
        self.cut(worker.log)
        with open(worker.log, "a", encoding="utf-8") as log:
            log.write('{"message":"Bearer %sabc"}\n' % leaks.TOKEN)
        self.assertIn(f"access-token in {worker.log}", self.search(world))
        self.cut(worker.log)
        for name, canary in leaks.PERSONAL.items():
            with open(worker.log, "a", encoding="utf-8") as log:
                log.write(f'{{"message":"{canary}"}}\n')
            self.assertIn(f"{name} in {worker.log}", self.search(world))
            self.cut(worker.log)
        self.assertEqual("", self.search(world))

    @staticmethod
    def cut(path):
        """Takes the last line away."""
        with open(path, "rb") as file:
            lines = file.readlines()
        with open(path, "wb") as file:
            file.writelines(lines[:-1])

    def test_in_redis(self):
        world, _ = self.run_world("in-redis")
        world.redis.client.set(f"{world.name}:x", f"a {leaks.CANARIES['redis-password']} b")
        world.redis.client.delete(f"{world.name}:x")  # it was there
        self.assertIn("redis-password in ", self.search(world))
        for path, _, names in os.walk(os.path.join(world.folder, "appendonlydir")):
            for name in names:
                if name.endswith(".incr.aof"):
                    os.truncate(os.path.join(path, name), 0)
        self.assertEqual("", self.search(world))

    def test_in_kafka(self):
        world, _ = self.run_world("in-kafka")
        topics = world.topics.producer()
        topics.send(world.replies, value=b"{}", headers=[
            ("x", leaks.CANARIES["kafka-password"].encode())])
        topics.close()
        self.assertIn("kafka-password in ", self.search(world))
        # The class' own search would find it too, at its end.
        partitions = [os.path.join(self.folder, "kafka", "data", f"{world.replies}-{p}")
                      for p in range(world.partitions)]
        for path in partitions:
            for name in os.listdir(path):
                if name.endswith(".log"):
                    leaks._given.add(os.path.join(path, name))

    def test_on_a_page(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Talker)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            worker = harness.Worker.__new__(harness.Worker)
            worker.port, worker.log = server.server_port, "talker"
            for path in ("/status", "/nothing"):
                worker.get(path)
                self.assertEqual([(f"{path} of talker", "client-secret")], self.found())
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def test_in_what_a_program_says(self):
        for to in ("", " >&2"):
            subprocess.run(["sh", "-c", f'echo "$SECRET"{to}'], capture_output=True, check=True,
                           env={**os.environ, "SECRET": SECRET})
            (place, what), = self.found()
            self.assertEqual("client-secret", what)
            self.assertIn("echo", place)

    def test_commands_that_read_the_secrets(self):
        world, worker = self.run_world("commands")
        for arguments, word in (
                (("config", "print"), "sasl.password"), (("config", "check"), "ok: "),
                (("doctor",), "token"), (("audit", "--json"), "records")):
            done = subprocess.run([harness.BIN, *arguments, "-c", worker.file], timeout=60,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertIn(word, done.stdout)
        self.assertEqual("", self.search(world))

    def test_settings_that_come_later_are_known(self):
        """Each secret of the option table is handed out, or named here with the reason."""
        not_handed_out = {
            "graph.client_secret": "its file is", "redis.password": "its file is",
            "graph.identity_header": "of another auth; tests/e2e/test_credentials.py",
            "graph.token": "of another auth; the sandbox's tokens are looked for",
            "graph.proxy_password": "needs a proxy; tests/e2e/test_doctor.py",
        }
        text = subprocess.run([harness.BIN, "config", "schema"], check=True, capture_output=True,
                              text=True).stdout
        handed = {".".join(path).removesuffix("_file") for path, _, _ in leaks.MORE_SECRETS}
        names = set()
        for group, content in leaks.json.loads(text)["properties"].items():
            members = content.get("properties", {})
            names |= {f"{group}.{key.removesuffix('_file')}" for key in members
                      if key.endswith("_file") and key.removesuffix("_file") in members}
        self.assertGreaterEqual(names, set(not_handed_out))
        self.assertEqual(set(), names - set(not_handed_out) - handed)


if __name__ == "__main__":
    harness.main()
