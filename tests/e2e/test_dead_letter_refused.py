#!/usr/bin/env python3
"""Only the dead letter topic refuses writes: the source record is not lost, and nothing is said of
it before it stands on both topics."""
import os

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

import bad_input
import events
import harness
import processes

# A transaction's marker of 78 bytes fits, or the broker itself could not go on; a dead letter's
# headers alone are longer.
MARKER_ONLY = 300
NO_EVENT = next(row for row in bad_input.ROWS if row.name == "a text")


class RefusedTest(harness.E2eCase):
    def admin(self, call):
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.brokers)
        try:
            return call(admin)
        finally:
            admin.close()

    def largest_dead_letter(self, world, size):
        self.admin(lambda admin: admin.alter_configs([ConfigResource(
            ConfigResourceType.TOPIC, world.dead, configs={"max.message.bytes": str(size)})]))

    def events_around(self, world):
        """One that has to be dead-lettered, in the midst of others, on its partition too."""
        maker = events.Maker(55, world.name)
        made = [maker.submitted() for _ in range(30)]
        bad = maker.bad(NO_EVENT)
        self.assertTrue(bad.dead)
        self.assertIn(bad.partition, {event.partition for event in made})
        return [*made[:15], bad, *made[15:]], bad

    def check_waits(self, world, bad):
        """The offset stays before it, and it has neither reply nor dead letter."""
        committed = world.topics.committed(world.group, world.requests)
        self.assertLessEqual(committed.get(bad.partition, 0), bad.offset)
        replies = world.topics.read(world.replies)
        self.assertNotIn(bad.key, {record.key for record in replies})
        return len(replies)

    def finish(self, world, made):
        world.wait_answers(len(made), 40)
        report = world.check(made)
        self.assert_good(report)
        self.assertEqual(1, len(world.topics.read(world.dead)))
        return report.line()

    def test_too_large_for_the_topic(self):
        """It takes not even the smallest: the worker ends and says what to do, the record waits."""
        world = self.world()
        made, bad = self.events_around(world)
        worker = world.worker()
        worker.wait_ready()
        self.largest_dead_letter(world, MARKER_ONLY)
        world.send(made)
        self.assertEqual(70, worker.process.wait(30))
        self.assertIn("max.message.bytes of kafka.replies_topic and of kafka.dead_letters_topic",
                      worker.tail(1))
        self.check_waits(world, bad)
        self.largest_dead_letter(world, 1 << 20)
        worker.start()
        harness.figure("e2e dead letters too large", self.finish(world, made))

    def test_topic_deleted(self):
        """It is gone for a while: the record waits, with those of its transaction, and all go on by
        themselves."""
        world = self.world()
        made, bad = self.events_around(world)
        worker = world.worker()
        worker.wait_ready()
        self.admin(lambda admin: admin.delete_topics([world.dead]))
        # The broker hears of it later than we of its success, and takes writes until then.
        data = os.path.join(self.folder, "kafka", "data")
        self.assertTrue(os.path.isdir(os.path.join(data, f"{world.requests}-0")))
        processes.wait_until("its partitions are gone", lambda: not any(
            os.path.exists(os.path.join(data, f"{world.dead}-{p}"))
            for p in range(world.partitions)))
        world.send(made)
        processes.wait_until("a transaction fails for it", lambda: any(
            line.get("event.action") == "kafka.transaction_failed"
            for line in harness.log_lines(worker.log)), 20)
        self.check_waits(world, bad)
        world.topics.create([world.dead], world.partitions)
        harness.figure("e2e dead letters away", self.finish(world, made))


if __name__ == "__main__":
    harness.main()
