#!/usr/bin/env python3
"""Shows that the campaign can fail: a worker that is wrong on purpose takes usher's place, and has
to be found out by the counts that are its fault. And links do what they say."""
import re
import socket
import subprocess
import sys
import threading
import time

import arena  # noqa: F401  finds tests/e2e
import link
import processes

HERE = "tests/campaign/"
DUE = {"eager": ("answered twice", "granted twice"), "careless": ("lost",)}


def fail(text):
    sys.exit(f"FAILED: {text}")


def run_wrong(mode):
    """kill-9 with a wrong worker: it must fail, and with these counts."""
    found = subprocess.run(
        [sys.executable, HERE + "system.py", "kill-9", "--count", "10", "--rate", "60",
         "--patience", "15", "--folder", f"build/campaign/wrong-{mode}",
         "--worker", f"{sys.executable} {HERE}wrong_worker.py {mode}"],
        capture_output=True, text=True, timeout=300, check=False)
    figures = re.search(r"^FIGURE (.*)$", found.stdout, re.M)
    if found.returncode != 1 or not figures:
        fail(f"{mode}: exit {found.returncode}: {found.stdout[-2000:]} {found.stderr[-2000:]}")
    counts = {name: int(re.search(rf"{name} (\d+)", figures[1])[1]) for name in (
        "lost", "answered twice", "granted twice")}
    for name in DUE[mode]:
        if not counts[name]:
            fail(f"{mode}: the campaign has not seen that it is wrong: {figures[1]}")
    print(f"FIGURE a worker that is {mode}: {counts}", flush=True)


# ---- links ---------------------------------------------------------------------------------------


def echo(server):
    while True:
        client, _ = server.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def answer(client):
    try:
        while data := client.recv(65536):
            client.sendall(data)
    except OSError:
        pass
    client.close()


def exchange(client, size, seconds):
    """(bytes that came back, seconds, how it ended)"""
    began, got, ended = time.monotonic(), 0, "whole"
    try:
        client.sendall(b"x" * size)
        while got < size:
            client.settimeout(max(0.01, began + seconds - time.monotonic()))
            data = client.recv(65536)
            if not data:
                ended = "closed"
                break
            got += len(data)
    except TimeoutError:
        ended = "silent"
    except ConnectionResetError:
        ended = "reset"
    return got, time.monotonic() - began, ended


# fault: (bytes sent, seconds waited at most, is the exchange as it should be?)
LINK_CASES = {
    "none": (10000, 10, lambda got, took, ended: ended == "whole"),
    "cut": (100, 10, lambda got, took, ended: ended in ("closed", "reset")),
    "reset": (100, 10, lambda got, took, ended: ended == "reset"),
    "latency": (100, 20, lambda got, took, ended: ended == "whole" and took >= 2 * link.LATENCY_S),
    "slow": (3000, 40, lambda got, took, ended: ended == "whole" and took >= 2.5),
    "slice": (1000, 20, lambda got, took, ended: ended == "whole" and took >= 0.1),
    "stall": (3 * link.STALL_AFTER, 2, lambda got, took, ended: ended == "silent"),
    "slow-close": (100, 20, lambda got, took, ended: got == 0 and took >= link.SLOW_CLOSE_S),
}


def check_links():
    server = socket.create_server(("127.0.0.1", processes.free_port()))
    threading.Thread(target=echo, args=(server,), daemon=True).start()
    links = link.Links([f"127.0.0.1:{server.getsockname()[1]}"])
    for fault, (size, seconds, is_right) in LINK_CASES.items():
        with socket.create_connection(("127.0.0.1", links.ports[0])) as client:
            exchange(client, 1, 10)  # it stands before the fault begins
            links.order(fault=fault)
            found = exchange(client, size, seconds)
            links.order(fault="none")
        if not is_right(*found):
            fail(f"a link with fault {fault}: {found}")
    links.close()
    print(f"FIGURE links: {len(LINK_CASES) - 1} faults do what they say", flush=True)


def main():
    check_links()
    for mode in DUE:
        run_wrong(mode)


if __name__ == "__main__":
    main()
