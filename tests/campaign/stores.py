"""The Redis servers of a part: one class for each way to keep, or not to keep, what was said yes to.
"""
import os
import subprocess

import harness
import processes


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


KINDS = {"always": Store, "nothing": Nothing, "rdb": Rdb, "everysec": Everysec, "valkey": Valkey}
