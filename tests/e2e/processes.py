"""Child processes that cannot outlive the test, ports that nobody has, waiting with a limit."""
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# Above 32767 a connect in a loop may take the port it asks for, and connect to itself.
PORTS = range(20000, 32000)
_given = []  # an abstract socket for each port: another test's process does not get it as well


def free_port():
    """A port that stays this process's own, also while the server on it is down."""
    for i in range(len(PORTS)):
        port = PORTS[(os.getpid() * 37 + len(_given) * 11 + i) % len(PORTS)]
        given = socket.socket(socket.AF_UNIX)
        try:
            given.bind(f"\0usher-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            given.close()
            continue
        _given.append(given)
        return port
    raise RuntimeError("no port is free")


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, log=None, environment=None, **more):
    """Starts a program; `log` is the path of a file for what it says."""
    with open(log or os.devnull, "ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                env={**os.environ, **(environment or {})},
                                preexec_fn=die_with_parent, **more)


def stop(process, seconds=20):
    """SIGTERM, then SIGKILL. The exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what, condition, seconds=20, pause=0.02):
    """Calls `condition` until it is true, and returns what it said."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(pause)
