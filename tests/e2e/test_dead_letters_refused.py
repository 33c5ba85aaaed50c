#!/usr/bin/env python3
"""Only the topic of the dead letters takes nothing: no reply goes out without its dead letter, and
nothing is lost (acceptance row 55)."""
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

import events
import harness
import processes
from bad_input import ROWS

NO_EVENT = next(row for row in ROWS if row.dead)


class DeadLettersRefusedTest(harness.E2eCase):
    def configure(self, topic, **config):
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        values = {name.replace("_", "."): value for name, value in config.items()}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, values)])
        admin.close()

    def batch(self, world):
        """Some that are granted, and between them those that are no events: they are due there."""
        maker = events.Maker(55, world.name)
        return [maker.bad(NO_EVENT) if i % 4 == 1 else maker.submitted() for i in range(40)]

    def dead(self, made):
        return sum(event.dead for event in made)

    def check_all(self, world, made, follower):
        world.wait_answers(len(made), 60, follower)
        self.assert_good(world.check(made))
        self.assertEqual(self.dead(made), len(world.topics.read(world.dead)))

    def test_too_small(self):
        """Not even the shortened one fits: the worker ends and says what to raise; then all is
        answered."""
        world = self.world()
        follower, made = world.follow(), self.batch(world)
        self.configure(world.dead, max_message_bytes="256")
        worker = world.worker()
        worker.wait_ready()
        world.send(made)
        processes.wait_until("it has ended", lambda: worker.process.poll() is not None, 60)
        self.assertEqual(70, worker.process.returncode, worker.tail())
        self.assertIn("max.message.bytes", worker.tail())
        self.assertEqual([], world.topics.read(world.dead))
        self.configure(world.dead, max_message_bytes="1048588")
        worker.start()
        self.check_all(world, made, follower)


if __name__ == "__main__":
    harness.main()
