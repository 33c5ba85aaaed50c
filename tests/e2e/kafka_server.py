#!/usr/bin/env python3
"""A real Kafka broker (KRaft, one JVM) for tests, the bench and people.

    tests/e2e/kafka_server.py --port 19092 [--topics a,b] [--partitions 4] [--scram] [--dir DIR]

runs until SIGTERM or SIGINT and says "ready <port>" when it listens. Needs $USHER_DEPS/kafka, which
deploy/install-deps --tests puts there. In Python:

    with KafkaServer(partitions=4) as kafka:
        kafka.create_topics(["access-requests"])
        kafka.stop(kill=True)     # like a power cut
        kafka.start()             # the same data, the same port
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import processes

DEPS = Path(os.environ.get("USHER_DEPS", "/opt/usher-deps"))
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
START_S = 60
USER, PASSWORD = "usher", "usher-secret"  # of --scram


class KafkaServer:
    def __init__(self, port=None, partitions=1, scram=False, directory=None, settings=None):
        self.port = port or processes.free_port()
        self.controller_port = processes.free_port()
        self.scram = scram
        self.settings = {"num.partitions": partitions, **(settings or {})}
        self.keeps_directory = directory is not None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="usher-kafka-"))
        self.process = None

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    # ---- files ----

    def listener(self):
        return "SASL_SSL" if self.scram else "PLAINTEXT"

    def properties(self):
        name = self.listener()
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "listeners": f"{name}://{self.brokers},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"{name}://127.0.0.1:{self.port}",
            "inter.broker.listener.name": name,
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": f"{name}:{name},CONTROLLER:PLAINTEXT",
            "log.dirs": self.directory / "data",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
        }
        if self.scram:
            login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
            settings.update({
                "sasl.enabled.mechanisms": "SCRAM-SHA-256",
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
                f"listener.name.{name.lower()}.scram-sha-256.sasl.jaas.config":
                    f'{login} username="{USER}" password="{PASSWORD}";',
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": self.directory / "keystore.pem",
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": self.ca_file,
            })
        settings.update(self.settings)
        return "".join(f"{name}={value}\n" for name, value in settings.items())

    @property
    def ca_file(self):
        """What a client of --scram trusts: ssl.ca.location."""
        return self.directory / "ca.pem"

    def client_properties(self):
        """What a client needs beside the brokers, as librdkafka's properties."""
        if not self.scram:
            return {}
        return {"security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-256",
                "sasl.username": USER, "sasl.password": PASSWORD,
                "ssl.ca.location": str(self.ca_file)}

    def make_certificate(self):
        key, certificate = self.directory / "key.pem", self.ca_file
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", key, "-out", certificate],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.directory / "keystore.pem").write_text(key.read_text() + certificate.read_text())

    def java(self, *arguments, archive=False):
        share = [f"-XX:SharedArchiveFile={DEPS}/kafka/app.jsa"] if archive else []
        return ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j.configuration=file:{DEPS}/kafka/log4j.properties", *share,
                "-cp", f"{DEPS}/kafka/libs/*", *arguments]

    def format(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.scram:
            self.make_certificate()
        (self.directory / "server.properties").write_text(self.properties())
        user = f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"
        scram = ["--add-scram", user] if self.scram else []
        subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c",
                      str(self.directory / "server.properties"), *scram),
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ---- life ----

    def start(self):
        """Starts it (again) and waits until it listens."""
        if not (self.directory / "data").exists():
            self.format()
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                self.java("kafka.Kafka", str(self.directory / "server.properties"), archive=True),
                stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while not processes.is_listening(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                log = (self.directory / "server.log").read_text(errors="replace")
                self.stop(kill=True)
                raise RuntimeError(f"Kafka does not start:\n{log[-4000:]}")
            time.sleep(0.05)
        return self

    def stop(self, kill=False):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait()
        self.process = None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.stop(kill=True)
        if not self.keeps_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # ---- topics ----

    @staticmethod
    def has_leaders(topics, count):
        leaders = [part.get("leader", part.get("leader_id", -1))
                   for topic in topics for part in topic["partitions"]]
        return len(leaders) == count and min(leaders) >= 0

    def create_topics(self, names, partitions=None, config=None):
        """Needs kafka-python, which is in $USHER_DEPS/venv. Waits until the topics have leaders."""
        from kafka.admin import KafkaAdminClient, NewTopic
        options = {}
        if self.scram:
            options = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256",
                       "sasl_plain_username": USER, "sasl_plain_password": PASSWORD,
                       "ssl_cafile": str(self.ca_file)}
        admin = KafkaAdminClient(bootstrap_servers=self.brokers, **options)
        count = partitions or self.settings["num.partitions"]
        topics = [NewTopic(name, count, 1, topic_configs=config or {}) for name in names]
        admin.create_topics(topics)
        end = time.monotonic() + START_S
        while not self.has_leaders(admin.describe_topics(list(names)), count * len(names)):
            if time.monotonic() > end:
                raise RuntimeError(f"topics {names} get no leader")
            time.sleep(0.05)
        admin.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int)
    parser.add_argument("--partitions", type=int, default=1, help="of the topics")
    parser.add_argument("--topics", default="", help="made at start, with commas between them")
    parser.add_argument("--scram", action="store_true",
                        help=f"SASL_SSL with {USER}:{PASSWORD} and DIR/ca.pem")
    parser.add_argument("--dir", help="data and log; kept. Default: a temporary one")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    kafka = KafkaServer(options.port, options.partitions, options.scram, options.dir)
    try:
        kafka.start()
        names = [name for name in options.topics.split(",") if name]
        if names:
            kafka.create_topics(names)
        print(f"ready {kafka.port}", flush=True)
        kafka.process.wait()
        sys.exit("Kafka has ended by itself")
    finally:
        kafka.close()


if __name__ == "__main__":
    main()
