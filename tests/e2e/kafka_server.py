"""A real Kafka of one node for the time of a test: KRaft, one JVM, listening after about 1.5 s."""
import os
import signal

import processes

DEPS = os.environ.get("USHER_DEPS", "/opt/usher-deps")
KAFKA = os.path.join(DEPS, "kafka")
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"
JAVA = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        f"-Dlog4j.configuration=file:{KAFKA}/log4j.properties"]
LIBS = ["-cp", f"{KAFKA}/libs/*"]  # word for word as the class archive was made
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


class Secure:
    """A second listener, SASL_SSL with SCRAM-SHA-512: `pem` holds key and certificate."""

    def __init__(self, pem, user, password):
        self.pem, self.user, self.password = pem, user, password

    def properties(self):
        module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return ("ssl.keystore.type=PEM\n"
                f"ssl.keystore.location={self.pem}\n"
                "sasl.enabled.mechanisms=SCRAM-SHA-512\n"
                f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={module}\n")


class Kafka:
    """`bootstrap` is plain; `secure_port` is the one of `secure`."""

    def __init__(self, folder, secure=None, log=None):
        self.folder, self.secure = folder, secure
        self.log = log or os.path.join(folder, "kafka.log")
        self.port, self.controller, self.secure_port = (processes.free_port() for _ in range(3))
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.properties = os.path.join(folder, "server.properties")
        self.write_properties()
        self.format()
        self.process = None
        self.start()

    def write_properties(self):
        listeners = [("PLAINTEXT", "PLAINTEXT", self.port)]
        if self.secure:
            listeners.append(("SASL_SSL", "SASL_SSL", self.secure_port))
        advertised = ",".join(f"{n}://127.0.0.1:{port}" for n, _, port in listeners)
        protocols = ",".join(f"{n}:{protocol}" for n, protocol, _ in listeners)
        with open(self.properties, "w", encoding="utf-8") as file:
            file.write(PROPERTIES)
            file.write(f"listeners={advertised},CONTROLLER://127.0.0.1:{self.controller}\n"
                       f"advertised.listeners={advertised}\n"
                       f"listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT\n"
                       "inter.broker.listener.name=PLAINTEXT\n"
                       f"controller.quorum.voters=1@127.0.0.1:{self.controller}\n"
                       f"log.dirs={self.folder}/broker\n")
            if self.secure:
                file.write(self.secure.properties())

    def format(self):
        command = [*JAVA, *LIBS, "kafka.tools.StorageTool", "format", "-t", CLUSTER,
                   "-c", self.properties]
        if self.secure:
            user = f"name={self.secure.user},password={self.secure.password}"
            command += ["--add-scram", f"SCRAM-SHA-512=[{user}]"]
        if processes.start(command, self.log).wait(60) != 0:
            raise RuntimeError(f"Kafka's storage could not be formatted; see {self.log}")

    def start(self):
        archive = f"-XX:SharedArchiveFile={KAFKA}/app.jsa"
        self.process = processes.start([JAVA[0], archive, *JAVA[1:], *LIBS, "kafka.Kafka",
                                        self.properties], self.log)
        processes.wait_until("Kafka listens", self.is_up, 60)

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Kafka ended by itself; see {self.log}")
        return processes.is_listening(self.port)

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        processes.stop(self.process)
