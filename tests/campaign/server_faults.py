"""Faults of Kafka's broker and of Redis. All workers feel them at once."""
import time

READ_ONLY_OF = 1  # a port where nobody listens
AWAY_S = 1.5


def broker(run):
    """Half of them like a power cut, half as an operator does it; the same data, the same port."""
    for number in range(run.count):
        kill = number % 2 == 0
        fault = run.arena.begin("broker kill -9" if kill else "broker SIGTERM")
        run.kafka.stop(kill)
        run.kafka.start()
        fault.end()
        run.wait_flow(120)


def and_a_worker(run, number):
    """Each third time one who remembers what Redis forgets is killed in the same moment."""
    if number % 3 == 0:
        run.arena.kill(run.pick())


def redis_kill(run):
    for number in range(run.count):
        fault = run.arena.begin("redis kill -9")
        run.arena.redis.kill()
        and_a_worker(run, number)
        run.arena.redis.start()
        fault.end()
        run.pause(1.0, 1.6)


def flushall(run):
    for number in range(run.count):
        fault = run.arena.begin("FLUSHALL")
        run.arena.redis.client.flushall()
        and_a_worker(run, number)
        fault.end()
        run.pause(2.0, 4.0)


def read_only(client):
    client.replicaof("127.0.0.1", str(READ_ONLY_OF))
    time.sleep(AWAY_S)
    client.replicaof("no", "one")


def out_of_memory(client):
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    time.sleep(AWAY_S)
    client.config_set("maxmemory", 0)


def paused(client):
    client.client_pause(int(AWAY_S * 1000), all=True)
    time.sleep(AWAY_S)


def redis_refuses(run):
    """Redis is there and does not take what it is given, or says nothing; it forgets nothing."""
    kinds = [("READONLY", read_only), ("OOM", out_of_memory), ("CLIENT PAUSE", paused)]
    for number in range(run.count):
        name, act = kinds[number % len(kinds)]
        fault = run.arena.begin(name)
        act(run.arena.redis.client)
        fault.end()
        run.wait_flow(60)


def failover(run):
    """The replica that is promoted has missed what the primary said yes to last."""
    pair = run.arena.redis
    for number in range(run.count):
        pair.detach()
        run.pause(0.3, 1.0)
        fault = run.arena.begin("failover")
        pair.fail_over()
        and_a_worker(run, number)
        pair.rejoin()
        fault.end()
        run.wait_flow(60)
        run.pause(0.5, 1.0)
