"""Events/s, CPU an event, memory and latency of the worker, and h2load on the same server.

The way of a record is the whole one: real Kafka, real Redis, exactly-once; only Graph is a server
that answers at once (fastgraph.c), over plain HTTP/1.1. All of it shares this machine, so keep the
ratio, not the digits: the worker's CPU for its whole way, a POST, divided by h2load's own CPU a
POST against the same server in the same run.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from kafka_server import KafkaServer  # noqa: E402
from processes import free_port  # noqa: E402
from topics import Topics  # noqa: E402

BUILD = os.path.join(ROOT, "build", "release")
TICKS = os.sysconf("SC_CLK_TCK")
SHORT_TOKEN, LONG_TOKEN = 4, 1500


def event(run, number):
    target = str(uuid.uuid5(uuid.NAMESPACE_OID, "target-%d" % number))
    return target, json.dumps(
        {
            "specversion": "1.0",
            "id": "%s-%d" % (run, number),
            "source": "/bench",
            "type": "microsoft.graph.accessPackageAssignmentRequest",
            "subject": target,
            "data": {
                "requestType": "AdminAdd",
                "justification": "New hire",
                "accessPackageAssignment": {
                    "targetId": target,
                    "assignmentPolicyId": "2264bf65-76ba-417b-a27d-54d291f0cbc8",
                    "accessPackageId": "a914b616-e04e-476b-aa37-91038f0b165b",
                },
            },
        }
    )


def produce(bootstrap, topic, run, events):
    """kcat, because a producer in Python takes longer than the bench itself. Its batches are those
    of Kafka's own producers, 16 KiB: a broker sends a batch whole, so larger ones are memory of
    the reader's (batches of 1 MiB cost the worker 8 MiB)."""
    lines = "".join("%s\t%s\n" % event(run, number) for number in range(events))
    command = ["kcat", "-P", "-b", bootstrap, "-t", topic, "-K", "\t"]
    command += ["-X", "linger.ms=5", "-X", "batch.size=16384"]
    subprocess.run(command, input=lines.encode(), check=True, stdout=subprocess.DEVNULL)


def start_server():
    server = subprocess.Popen(
        [os.path.join(BUILD, "usher-fastgraph")], stdout=subprocess.PIPE, text=True
    )
    return server, int(server.stdout.readline())


def measure_h2load(port, posts, token_bytes):
    """CPU of h2load itself, in µs a POST, and POSTs/s."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write(
            json.dumps({"isValidationOnly": True, **json.loads(event("h2load", 0)[1])["data"]})
        )
        body.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        subprocess.run(
            [
                "h2load",
                "--h1",
                "-n",
                str(posts),
                "-c",
                "32",
                "-d",
                body.name,
                "-H",
                "content-type: application/json",
                "-H",
                "authorization: Bearer " + "x" * token_bytes,
                "http://127.0.0.1:%d/beta/bench" % port,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        took = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu / posts * 1e6, posts / took


def scrape(port):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=5) as answer:
        return answer.read().decode()


def answered(text):
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("usher_requests_total{")
    )


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid):
    for line in open("/proc/%d/status" % pid):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")


def wait_until(condition, limit_s, what):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise SystemExit("bench: %s took longer than %d s" % (what, limit_s))


def start_worker(bootstrap, redis_socket, ports, topics, token_bytes, log):
    environment = dict(
        os.environ,
        USHER_KAFKA_BROKERS=bootstrap,
        USHER_KAFKA_GROUP=topics["group"],
        USHER_KAFKA_REQUESTS_TOPIC=topics["requests"],
        USHER_KAFKA_REPLIES_TOPIC=topics["replies"],
        USHER_KAFKA_DEAD_LETTERS_TOPIC=topics["dead"],
        USHER_KAFKA_INSTANCE_ID="bench",
        USHER_REDIS_URL="unix://" + redis_socket,
        USHER_GRAPH_BASE_URL="http://127.0.0.1:%d/beta" % ports["graph"],
        USHER_GRAPH_AUTH="token",
        USHER_GRAPH_TOKEN="x" * token_bytes,
        USHER_GRAPH_WRITES_PER_SECOND="0",
        USHER_ADMIN_LISTEN="127.0.0.1:%d" % ports["admin"],
        USHER_LOG_LEVEL="warn",
    )
    return subprocess.Popen([os.path.join(BUILD, "usher"), "run"], env=environment, stderr=log)


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def latencies_ms(bootstrap, topic):
    """receivedAt to finishedAt of every reply, as the replies themselves say."""
    text = subprocess.run(
        [
            "kcat",
            "-C",
            "-b",
            bootstrap,
            "-t",
            topic,
            "-e",
            "-q",
            "-X",
            "isolation.level=read_committed",
        ],
        check=True,
        capture_output=True,
    ).stdout
    took = []
    for line in text.splitlines():
        data = json.loads(line)["data"]
        took.append((parse_ms(data["finishedAt"]) - parse_ms(data["receivedAt"])))
    return sorted(took)


def parse_ms(text):
    clock = text[11:].rstrip("Z").split(":")
    return int((int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])) * 1000)


def measure_worker(kafka, redis_socket, graph_port, events, token_bytes):
    run = uuid.uuid4().hex[:8]
    topics = {name: "%s-%s" % (name, run) for name in ("group", "requests", "replies", "dead")}
    Topics(kafka.brokers).create([topics[name] for name in ("requests", "replies", "dead")])
    produce(kafka.brokers, topics["requests"], run, events)
    admin_port = free_port()
    ports = {"graph": graph_port, "admin": admin_port}
    with tempfile.TemporaryFile("w+") as log:
        worker = start_worker(kafka.brokers, redis_socket, ports, topics, token_bytes, log)
        try:
            wait_until(lambda: answered(scrape(admin_port)) >= 1, 60, "the first answer")
            start, first = time.monotonic(), answered(scrape(admin_port))
            wait_until(lambda: answered(scrape(admin_port)) >= events, 300, "%d answers" % events)
            took = time.monotonic() - start
            figures = {
                "events_per_s": (events - first) / took,
                "cpu_us": cpu_seconds(worker.pid) / events * 1e6,
                "mib": peak_mib(worker.pid),
            }
        finally:
            worker.terminate()
            code = worker.wait(60)
            log.seek(0)
            sys.stderr.write(log.read()[-4000:])
        if code != 0:
            raise SystemExit("bench: the worker ended with %d" % code)
    took_ms = latencies_ms(kafka.brokers, topics["replies"])
    if len(took_ms) != events:
        raise SystemExit("bench: %d replies to %d events" % (len(took_ms), events))
    figures.update(p50=percentile(took_ms, 0.5), p99=percentile(took_ms, 0.99))
    return figures


def report(name, figures, h2load_us):
    ratio = figures["cpu_us"] / 2 / h2load_us
    print(
        "FIGURE bench, %s: %.0f events/s, %.1f µs CPU an event, peak %.1f MiB, "
        "p50 %d ms, p99 %d ms; h2load %.1f µs CPU a POST; ratio a POST %.2f"
        % (
            name,
            figures["events_per_s"],
            figures["cpu_us"],
            figures["mib"],
            figures["p50"],
            figures["p99"],
            h2load_us,
            ratio,
        ),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description="events/s, CPU an event, memory, latency")
    parser.add_argument("--events", type=int, default=60000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as folder:
        kafka = KafkaServer(directory=os.path.join(folder, "kafka")).start()
        socket = os.path.join(folder, "redis.sock")
        redis = subprocess.Popen(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                socket,
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder,
            ],
            stdout=subprocess.DEVNULL,
        )
        server, port = start_server()
        try:
            wait_until(lambda: os.path.exists(socket), 10, "redis-server")
            for run in range(arguments.runs):
                for token_bytes in (SHORT_TOKEN, LONG_TOKEN):
                    h2load_us, posts_per_s = measure_h2load(port, 2 * arguments.events, token_bytes)
                    figures = measure_worker(kafka, socket, port, arguments.events, token_bytes)
                    report("run %d, token of %d bytes" % (run + 1, token_bytes), figures, h2load_us)
                    print("  h2load alone: %.0f POSTs/s" % posts_per_s, flush=True)
        finally:
            for process in (server, redis):
                process.terminate()
                process.wait(10)
            kafka.close()


if __name__ == "__main__":
    main()
