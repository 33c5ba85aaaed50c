#!/usr/bin/env python3
"""The pages that change something: replay of dead letters, pause and resume; and who may not."""
import json
import os
import signal
import subprocess

import actions_client
import events
import harness
import processes
from reply_checker import reply_data

BUSY = {"status": {"code": 500, "body": "graph", "error": "UnknownError"}}
TOKEN = "canary-of-actions-8f2e77c1d0a94b5e"


class ActionsTest(harness.E2eCase):
    def start(self, name=None, **settings):
        world = self.world(name, graph={"retry_attempts": 2, "eventual": "1s", "settle": "1s"})
        self.port = processes.free_port()
        self.token_file = os.path.join(world.folder, "actions-token")
        self.write_token(TOKEN)
        self.worker = world.worker(admin={"actions_listen": f"127.0.0.1:{self.port}",
                                          "token_file": self.token_file}, **settings)
        self.worker.wait_ready()
        self.addCleanup(self.check_canary, world)
        return world

    def write_token(self, token):
        with open(self.token_file, "w", encoding="utf-8") as file:
            file.write(token + "\n")
        os.chmod(self.token_file, 0o600)

    def check_canary(self, world):
        """The token is in no file that a worker, Redis or the sandbox wrote."""
        for folder, _, names in os.walk(world.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    if path != self.token_file and TOKEN.encode() in file.read():
                        self.fail(f"the token is in {path}")

    def log_in(self):
        browser = actions_client.Browser(self.port)
        self.assertEqual((303, "/"), self.place(browser.log_in(TOKEN)))
        return browser

    def place(self, page):
        return page.status, page.headers["Location"]

    def wait_page(self, browser, path, what):
        """The list is read off the loop, so it comes a moment later."""
        def look():
            page = browser.get(path)
            return what(page) and page
        return processes.wait_until("the page shows it", look, 20)

    def wait_order(self, script, sent, refused=0):
        def ended():
            order = json.loads(script.order().text)
            return not order["running"] and order
        processes.wait_until("the replay has ended", ended, 20)
        order = ended()
        self.assertEqual((sent, refused, 0),
                         (order["sent"], order["refused"], order["left"]), order)

    def lines(self, action):
        return [line["message"] for line in harness.log_lines(self.worker.log)
                if line.get("event.action") == action]

    def outcomes(self, world, event):
        return [reply_data(reply)["outcome"] for reply in world.topics.read(world.replies)
                if reply_data(reply)["requestId"] == event.request_id]

    # ---- replay ----------------------------------------------------------------------------------

    def make_letters(self, world):
        """Three that failed, and one that was granted but nobody could look it up."""
        follower, maker = world.follow(), events.Maker(6, world.name)
        made = [maker.submitted(events.ASSIGNMENT) for _ in range(4)]
        world.sandbox.faults(
            *({"match": {"op": "dry_run", "justification": event.tag, "times": -1}, "action": BUSY}
              for event in made[:3]),
            {"match": {"op": "submit", "justification": made[3].tag},
             "action": {"close_after_apply": True}},
            {"match": {"op": "look", "times": -1}, "action": BUSY})
        world.send(made)
        world.wait_answers(4, 40, follower)
        world.sandbox.call("DELETE", "/sandbox/faults")
        return follower, made

    def test_replay(self):
        world = self.start()
        follower, made = self.make_letters(world)
        browser, script = self.log_in(), actions_client.Script(self.port, TOKEN)
        page = self.wait_page(browser, "/", lambda page: len(page.boxes()) == 4)
        for event in made:
            self.assertIn(event.request_id, page.text)
            self.assertNotIn(event.thing[1], page.text)  # whom it is about

        # One, from its own page.
        letters = {dict(record.headers)["usher-outcome"]: record
                   for record in world.topics.read(world.dead)}
        unknown = letters[b"unknown"]
        page = browser.get(f"/letters/{unknown.partition}/{unknown.offset}")
        self.assertIn(made[3].request_id, page.text)
        self.assertEqual((303, "/"), self.place(browser.post("/replay", page.form("/replay"))))
        world.wait_answers(5, 30, follower)
        self.wait_order(script, 1)
        self.assertEqual(["unknown", "submitted"], self.outcomes(world, made[3]))
        record = next(r for r in world.topics.read(world.requests)
                      if "usher-replay" in dict(r.headers))
        self.assertEqual((unknown.key, unknown.value), (record.key, record.value))
        self.assertEqual([*unknown.headers, ("usher-replay", "/".join(
            [world.dead, str(unknown.partition), str(unknown.offset)]).encode())], record.headers)
        self.assertEqual(made[3].partition, record.partition)

        # All that match, after a page that asks.
        self.wait_page(browser, "/", lambda page: ">replayed<" in page.text)
        page = browser.get("/?outcome=failed")
        self.assertEqual(3, len(page.boxes()))
        asked = browser.post("/replay", page.form("/replay", 1))
        self.assertIn("<strong>3 dead letters</strong>", asked.text)
        self.assertEqual(5, follower.poll())  # nothing before it is confirmed
        self.assertEqual(303, browser.post("/replay", asked.form("/replay")).status)
        world.wait_answers(8, 30, follower)
        self.wait_order(script, 3)
        for event in made[:3]:
            self.assertEqual(["failed", "submitted"], self.outcomes(world, event))
        applied = [entry["justification"] for entry in world.sandbox.ledger() if entry["applied"]
                   and entry["op"] == "submit"]
        self.assertEqual(sorted(event.tag for event in made), sorted(applied))

        said = self.lines("letter.replayed")
        self.assertEqual(4, len(said))
        for event in made:
            self.assertEqual(1, sum(f" {event.request_id} " in line for line in said), said)
        self.assertTrue(all(line.startswith("127.0.0.1, logged in,") for line in said), said)
        # What was replayed is not one of "all" any more.
        self.wait_page(browser, "/", lambda page: page.text.count(">replayed<") == 4)
        self.assertEqual(409, script.post("/replay", [("all", "yes")]).status)

    def test_replay_of_what_redis_keeps_no_more(self):
        """Graph is asked first, and what it did for the first record is the answer."""
        world = self.start()
        follower, made = self.make_letters(world)
        keys = list(world.redis.client.scan_iter(f"{world.name}:event:*"))
        self.assertEqual(4, len(keys))
        world.redis.client.delete(*keys)  # as redis.keep would, and Redis has lost nothing else
        letter = next(record for record in world.topics.read(world.dead)
                      if dict(record.headers)["usher-outcome"] == b"unknown")
        script = actions_client.Script(self.port, TOKEN)
        place = f"/{letter.partition}/{letter.offset}"
        self.assertEqual(200, script.post("/replay", [("letter", place)]).status)
        world.wait_answers(5, 30, follower)
        self.wait_order(script, 1)
        told = [reply_data(reply) for reply in world.topics.read(world.replies)
                if reply_data(reply)["requestId"] == made[3].request_id][-1]
        self.assertEqual("submitted", told["outcome"], told)
        self.assertEqual((0, 0), (told["attempts"]["dryRun"], told["attempts"]["submit"]))
        self.assertLess(0, told["attempts"]["look"])
        self.assertEqual(1, sum(entry["op"] == "submit" and entry["justification"] == made[3].tag
                                for entry in world.sandbox.ledger()))

    def test_what_cannot_be_replayed(self):
        world = self.start()
        follower = world.follow()
        producer = world.topics.producer()
        for number in range(3):
            headers = [("usher-outcome", b"failed"), ("usher-error-code", b"<b>&\"'")]
            if number == 0:
                headers.append(("usher-truncated", b"true"))
            producer.send(world.dead, key=b"k", value=b"<script>", headers=headers, partition=1)
        producer.flush()
        producer.close()
        browser, script = self.log_in(), actions_client.Script(self.port, TOKEN)
        page = self.wait_page(browser, "/", lambda page: len(page.boxes()) == 3)
        self.assertEqual({"/1/0": False, "/1/1": True, "/1/2": True}, page.boxes())
        self.assertNotIn("<b>", page.text)
        refused = script.post("/replay", [("letter", "/1/0")])
        self.assertEqual(409, refused.status)
        self.assertIn("too large", refused.text)
        for bad in ("1/0", "/1/x", "/1", "", "/99999999999/1", "/1/-1"):
            self.assertEqual(400, script.post("/replay", [("letter", bad)]).status, bad)

        # Several: one is good, one is truncated, one is not there; only after a page that asks.
        several = [("letter", "/1/0"), ("letter", "/1/1"), ("letter", "/1/77"), ("letter", "/88/1")]
        self.assertEqual(409, script.post("/replay", several).status)
        asked = browser.post("/replay", [*page.form("/logout"), *several])
        self.assertIn("<strong>4 dead letters</strong>", asked.text)
        self.assertEqual(200, script.post("/replay", [*several, ("confirm", "yes")]).status)
        self.wait_order(script, 1, 3)
        world.wait_answers(1, 30, follower)
        self.assertEqual(3, len(self.lines("letter.not_replayed")))
        # The filter.
        self.assertEqual(0, len(browser.get("/?outcome=unknown").boxes()))
        self.assertEqual(3, len(browser.get("/?code=%3Cb%3E%26%22%27").boxes()))

    # ---- who may not -----------------------------------------------------------------------------

    def test_doors(self):
        world = self.start()
        stranger, browser = actions_client.Browser(self.port), self.log_in()
        for path in ("/", "/letters/0/0", "/order"):
            self.assertEqual((303, "/login"), self.place(stranger.get(path)))
        for path in ("/replay", "/pause", "/resume", "/logout"):
            self.assertEqual(401, stranger.post(path, []).status)
        self.assertEqual(404, stranger.get("/metrics").status)
        self.assertEqual(404, stranger.send("DELETE", "/").status)
        self.assertEqual(405, stranger.get("/pause").status)
        for page in (browser.get("/"), stranger.get("/login")):
            self.assertIn("frame-ancestors 'none'", page.headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", page.headers["Content-Security-Policy"])
            self.assertEqual(("nosniff", "no-store"), (page.headers["X-Content-Type-Options"],
                                                       page.headers["Cache-Control"]))
        cookie = stranger.get("/login").headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict"):
            self.assertIn(part, cookie)

        # A form that is not from this page, or that another site made the browser send.
        good = browser.get("/").form("/pause")
        for fields in ([], [("csrf", "")], [("csrf", "0" * 64)],
                       stranger.get("/login").form("/login")):
            self.assertEqual(403, browser.post("/pause", fields).status, fields)
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
            self.assertEqual(403, browser.post("/pause", good, **headers).status, headers)
        self.assertEqual(0, self.worker.metric("usher_paused"))
        self.assertEqual(403, stranger.post("/login", [("token", TOKEN)]).status)
        self.assertEqual(413, browser.post("/pause", b"csrf=" + b"x" * 70000).status)
        self.assertEqual(400, browser.post("/pause", b"csrf=%zz").status)

        # The other listener has none of it.
        for path in ("/replay", "/pause", "/resume", "/login"):
            reader = actions_client.Script(self.worker.port, TOKEN)
            self.assertIn(reader.post(path, []).status, (404, 405))
            self.assertEqual(404, reader.get(path).status)

        # Another token ends the sessions of the old one.
        self.write_token("another-token-that-is-long-enough")
        self.assertEqual((303, "/login"), self.place(browser.get("/")))
        self.assertEqual(401, browser.log_in(TOKEN).status)
        self.write_token("short")
        self.assertEqual(500, stranger.log_in("short").status)
        self.assertIn("shorter than 24", " ".join(self.lines("actions.no_token")))
        self.write_token(TOKEN)
        self.assertEqual(303, browser.log_in(TOKEN).status)
        self.assertEqual((303, "/login"), self.place(browser.post(
            "/logout", browser.get("/").form("/logout"))))
        self.assertEqual((303, "/login"), self.place(browser.get("/")))

    def test_guessing(self):
        self.start()
        script = actions_client.Script(self.port, "wrong")
        codes = [script.get("/").status for _ in range(7)]
        self.assertEqual([401] * 5 + [429] * 2, codes)
        answer = actions_client.Script(self.port, TOKEN).get("/order")  # the right one waits too
        self.assertEqual(429, answer.status)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 10)
        self.assertEqual(5, len(self.lines("actions.refused")))

    def test_settings(self):
        world = self.start()
        short = os.path.join(world.folder, "short")
        with open(short, "w", encoding="utf-8") as file:
            file.write("tooshort\n")
        for admin, why in (({"token_file": ""}, "needs admin.token_file"),
                           ({"token_file": short}, "shorter than 24"),
                           ({"token_file": short + "-not-there"}, "not-there"),
                           ({"actions_listen": f"127.0.0.1:{self.port}"}, "in use")):
            admin = {"actions_listen": "127.0.0.1:0", "token_file": self.token_file, **admin}
            other = world.worker("w2", admin=admin)
            world.workers.remove(other)
            processes.wait_until("it has ended", lambda w=other: w.process.poll() is not None, 20)
            self.assertEqual((78, True), (other.process.returncode, why in other.tail()),
                             other.tail())
        done = subprocess.run([self.worker.program, "config", "print", "-c", self.worker.file],
                              capture_output=True, text=True, check=True)
        self.assertNotIn(TOKEN, done.stdout)

    # ---- pause -----------------------------------------------------------------------------------

    def test_pause(self):
        world = self.start()
        follower, maker = world.follow(), events.Maker(9, world.name)
        script = actions_client.Script(self.port, TOKEN)
        world.sandbox.process.send_signal(signal.SIGSTOP)  # so that none of them ends before
        try:
            world.send([maker.submitted(events.ASSIGNMENT) for _ in range(5)])
            processes.wait_until("they are at work",
                                 lambda: self.worker.in_flight("dry_run") == 5, 20)
            self.assertEqual(200, script.post("/pause", []).status)
            self.assertEqual(409, script.post("/pause", []).status)
        finally:
            world.sandbox.process.send_signal(signal.SIGCONT)
        world.wait_answers(5, 20, follower)  # what is at work finishes
        world.send([maker.submitted(events.ASSIGNMENT) for _ in range(20)])

        taken = self.worker.metric("messaging_client_consumed_messages_total")
        follower.poll(2)
        self.assertEqual(5, follower.poll())
        self.assertEqual(taken, self.worker.metric("messaging_client_consumed_messages_total"))
        self.assertEqual(1, self.worker.metric("usher_paused"))
        self.assertEqual(4, self.worker.metric("usher_kafka_paused_partitions"))
        self.assertEqual((200, "ok\n"), self.worker.get("/readyz"))
        self.assertIn("[+]intake ok: paused", self.worker.get("/readyz?verbose")[1])
        self.assertTrue(json.loads(self.worker.get("/status")[1])["paused"])
        self.assertTrue(json.loads(script.order().text)["paused"])

        self.assertEqual(200, script.post("/resume", []).status)
        self.assertEqual(409, script.post("/resume", []).status)
        world.wait_answers(25, 20, follower)
        self.assertEqual(0, self.worker.metric("usher_paused"))
        self.assertNotIn("intake", self.worker.get("/readyz?verbose")[1])
        for action in ("worker.paused", "worker.resumed"):
            self.assertEqual(1, len(self.lines(action)))
            self.assertTrue(self.lines(action)[0].startswith("127.0.0.1, with the token, "))
        # Paused, it drains like any other, and a new start takes records in.
        self.assertEqual(200, script.post("/pause", []).status)
        world.send([maker.submitted(events.ASSIGNMENT)])
        self.assertEqual(0, self.worker.stop())
        self.worker.start()
        world.wait_answers(26, 30, follower)


if __name__ == "__main__":
    harness.main()
