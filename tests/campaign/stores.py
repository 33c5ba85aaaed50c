"""The Redis servers of a part: a class for each way to keep what was said yes to, or not to."""
import os
import subprocess

import harness
import processes
from link import Links


def spawn(command, log, environment=None):
    """As processes.start(), but runs nothing of Python in the child: other threads are at work."""
    with open(log, "ab") as out:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                env={**os.environ, **(environment or {})})


class Store(harness.Redis):
    program = "redis-server"
    keeping = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    forgetful = False  # a kill may lose what it has said yes to

    def command(self):
        return [self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir",
                self.folder, *self.keeping, *self.options]

    def start(self):
        self.process = spawn(self.command(), self.log)
        processes.wait_until("Redis answers", self.is_up, 60)


class Nothing(Store):
    keeping = ["--appendonly", "no", "--save", ""]
    forgetful = True


class Rdb(Store):
    keeping = ["--appendonly", "no", "--save", "1 1"]
    forgetful = True


class Everysec(Store):
    keeping = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    forgetful = True


class Valkey(Everysec):
    """The intent waits for WAITAOF: what counts is never lost, the rest may be."""
    program = "valkey-server"


class Pair:
    """A primary and its replica, behind one link for all, which leads to the primary."""

    def __init__(self, folder):
        self.servers = []
        for name in ("a", "b"):
            os.mkdir(os.path.join(folder, name))
            self.servers.append(Store(os.path.join(folder, name),
                                      "--repl-diskless-sync-delay", "0"))
        self.links = Links([f"127.0.0.1:{self.primary.port}"])
        self.port = self.links.ports[0]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.follow()

    @property
    def primary(self):
        return self.servers[0]

    def follow(self):
        """The replica takes all that the primary has, and what comes."""
        replica = self.servers[1].client
        replica.replicaof("127.0.0.1", str(self.primary.port))
        processes.wait_until("the replica is in step", lambda: replica.info("replication").get(
            "master_link_status") == "up", 60)

    def detach(self):
        """From now on the replica misses what the primary says yes to."""
        self.servers[1].client.replicaof("no", "one")

    def fail_over(self):
        """The primary dies, and all go on with the replica."""
        self.primary.kill()
        self.servers.reverse()
        self.links.order(target=f"127.0.0.1:{self.primary.port}")

    def rejoin(self):
        """Who has died comes back as the replica."""
        self.servers[1].start()
        self.follow()

    def resume(self):
        for server in self.servers:
            server.resume()

    def stop(self):
        self.links.close()
        for server in self.servers:
            server.stop()


KEEPING = {"nothing": Nothing, "rdb": Rdb, "everysec": Everysec, "always": Store, "valkey": Valkey}
KINDS = {"pair": Pair, **KEEPING}
