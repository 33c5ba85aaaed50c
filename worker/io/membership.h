#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Joining the group, and as whom we hold our partitions. A part of worker/io/source.h; on the
 * loop's thread.
 *
 * The group drops a member that was silent for a whole session, and gives its partitions to others.
 * librdkafka hears of it and says that they are lost; but not where it was about to join again
 * anyway (frozen in the middle of a rebalance). Then it joins as a new member, names what it held
 * as its own, and may get it back without a word to us. Others have answered it meanwhile, so our
 * ledgers are worth nothing, and the new member's commits would be taken: second replies. What
 * shows it is the member id, which a member keeps for as long as the group knows it. */
bool membership_join(rd_kafka_t *rk, const struct settings *settings, struct error *error);

struct membership {
    uint64_t member; /* hash of the id of who holds what is held; 0: nobody yet */
};

/* The group offers partitions, and none are held: from now on they are held as this member. */
void membership_note(struct membership *membership,
                     const rd_kafka_consumer_group_metadata_t *group);

/* Is it still the same member? NULL and metadata without an id (it is joining) say nothing: true.
 * The group metadata of a commit must be asked, not newer one. */
bool membership_is_kept(const struct membership *membership,
                        const rd_kafka_consumer_group_metadata_t *group);
