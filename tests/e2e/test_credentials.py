#!/usr/bin/env python3
"""A worker proves who it is in each way that the sandbox can play, while it works: what proves it
is replaced, tokens are withdrawn, Graph challenges for claims; every event is answered once."""
import os
import shutil
import time

import certificates
import events
import harness
import leaks
import processes

COUNT = 120
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1791201600"}}}'


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)


class CredentialsTest(harness.E2eCase):
    def run_job(self, name, options, change, graph, environment=None):
        """Half of the events, a change, withdrawn tokens, the other half. Returns the worker."""
        world = self.world(name, sandbox_options=(
            "--tenant", "e2e", "--client-id", "e2e-client", *options))
        world.settings["graph"] = {
            key: value for key, value in world.settings["graph"].items() if key not in
            ("client_secret_file", *(("tenant_id", "client_id", "authority_host")
                                     if environment else ()))} | graph
        if environment:
            environment["AZURE_AUTHORITY_HOST"] = world.sandbox.url.removesuffix("/beta")
        made = events.mixture(COUNT, 31, world.name)
        follower = world.follow()
        worker = world.worker(environment=environment)
        world.send(made[:COUNT // 2])
        world.wait_answers(COUNT // 2, 30, follower)
        change(world)
        world.sandbox.call("DELETE", "/sandbox/tokens")
        world.send(made[COUNT // 2:])
        world.wait_answers(COUNT, 30, follower)
        report = world.check(made)
        self.assert_good(report)
        harness.figure(f"e2e {name}", report.line())
        return worker

    def test_certificate(self):
        """Key apart; both are replaced while it works, and only the new certificate counts."""
        old, new = (certificates.Authority(self.folder, name) for name in ("old", "new"))
        certificate, key, registered = (os.path.join(self.folder, name) for name in (
            "client.pem", "client.key", "registered.pem"))

        def install(authority):
            shutil.copy(authority.file, certificate)
            shutil.copy(authority.key, key)
            shutil.copy(authority.file, registered)

        install(old)
        worker = self.run_job(
            "certificate", ("--client-certificate-file", registered),
            lambda _: install(new),
            {"auth": "certificate", "certificate_file": certificate, "private_key_file": key})
        self.assertGreater(worker.metric("usher_certificate_expiry_timestamp_seconds"), time.time())

    def test_workload_identity(self):
        """From the four AZURE_ variables; the cluster writes another token."""
        token = os.path.join(self.folder, "federated-token")
        write(token, "first-token")
        self.run_job("federated", ("--federated-token-file", token),
                     lambda _: write(token, "second-token"), {"auth": "workload-identity"},
                     {"AZURE_TENANT_ID": "e2e", "AZURE_CLIENT_ID": "e2e-client",
                      "AZURE_FEDERATED_TOKEN_FILE": token})

    def test_a_role_alone_is_enough(self):
        """No permission in the token, and a role for one package: dry runs, real requests, and the
        look-ups after lost answers."""
        world = self.world()
        made = [event for event in events.mixture(COUNT * 3, 32, world.name, [("submitted", 100)])
                if event.thing[0] == events.ASSIGNMENT]
        package = made[0].thing[2]
        made = [event for event in made if event.thing[2] == package]
        world.sandbox.settings(roles="", managed_package=package)
        world.sandbox.faults({"match": {"op": "submit", "times": 5},
                              "action": {"close_after_apply": True}})
        world.worker()
        world.send(made)
        world.wait_answers(len(made), 30)
        self.assert_good(world.check(made))
        summary = world.sandbox.call("GET", "/sandbox/ledger?summary=1").json["answers"]
        self.assertEqual({"200"}, set(summary["look"]), summary)

    def test_claims_challenge(self):
        """Graph wants a token with claims: it is asked for once, and the work goes on."""
        secret = leaks.give(os.path.join(self.folder, "plain-secret"), harness.SECRET)
        worker = self.run_job(
            "claims", ("--client-secret-file", secret),
            lambda world: world.sandbox.settings(claims=CLAIMS), {"client_secret_file": secret})
        processes.wait_until("it is ready", worker.is_ready)


if __name__ == "__main__":
    harness.main()
