"""A Kafka that wants to know who is there, over SASL_SSL with SCRAM, and heeds ACLs; beside it a
plain listener for the tests, which may do everything."""
import os

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

import harness
import processes

MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def file_with(folder, name, content):
    """That only we may read."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, 0o600)
    return path


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def start(folder, certificate, key, passwords):
    """(Kafka, its secure port). `passwords`: {user: password}"""
    pem = file_with(folder, "kafka.pem", (content_of(key) + content_of(certificate)).decode())
    plain, secure, controller = (processes.free_port() for _ in range(3))
    listeners = f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://localhost:{secure}"
    kafka = harness.Kafka(plain, 4, directory=os.path.join(folder, "kafka"), settings={
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map":
            "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": MODULE,
        "ssl.keystore.type": "PEM", "ssl.keystore.location": pem}).start()
    admin = KafkaAdminClient(bootstrap_servers=kafka.brokers)
    admin.alter_user_scram_credentials([
        UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password, iterations=4096)
        for user, password in passwords.items()])
    admin.close()
    return kafka, secure
