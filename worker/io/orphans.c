#include "worker/io/orphans.h"

#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOON_MS = 5000,       /* the second phase follows the first within a heartbeat, 3 s */
    SOON_MAX_MS = 300000, /* where joining again is of no use, it shall not be a plague */
    SELDOM_MS = 60000,
    TOPIC_MS = 5000, /* a request's time-out */
    /* The most there is. A question to the group that times out while librdkafka still looks for
       the coordinator is answered twice when that is found, and the second answer is an assertion
       of librdkafka (2.14.2). So it waits until Kafka is back. */
    GROUP_MS = 3600000,
    LOOKS = 2,        /* once is a rebalance under way */
    NAMES_SIZE = 200, /* enough of them to know what is meant */
};

void orphans_init(struct orphans *orphans, rd_kafka_t *rk, const struct settings *settings,
                  void (*on_event)(rd_kafka_t *rk, void *context), void *context)
{
    *orphans =
        (struct orphans){.rk = rk, .settings = settings, .due_ms = INT64_MAX, .soon_ms = SOON_MS};
    orphans->queue = rd_kafka_queue_new(rk);
    rd_kafka_queue_cb_event_enable(orphans->queue, on_event, context);
}

static void forget(struct orphans *orphans)
{
    if (orphans->missing != NULL)
        rd_kafka_topic_partition_list_destroy(orphans->missing);
    orphans->missing = NULL;
    orphans->looks = 0;
}

static void drop_unowned(struct orphans *orphans)
{
    if (orphans->unowned != NULL)
        rd_kafka_topic_partition_list_destroy(orphans->unowned);
    orphans->unowned = NULL;
}

void orphans_finish(struct orphans *orphans)
{
    forget(orphans);
    drop_unowned(orphans);
    if (orphans->queue != NULL) {
        rd_kafka_queue_cb_event_enable(orphans->queue, NULL, NULL);
        rd_kafka_queue_destroy(orphans->queue);
    }
    *orphans = (struct orphans){0};
}

void orphans_expect(struct orphans *orphans, int64_t now_ms)
{
    forget(orphans);
    orphans->due_ms = now_ms + orphans->soon_ms;
}

/* ---- questions ---------------------------------------------------------------------------------
 */

static rd_kafka_AdminOptions_t *options_new(struct orphans *orphans, rd_kafka_admin_op_t op,
                                            int timeout_ms)
{
    char reason[ERROR_TEXT_SIZE];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(orphans->rk, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof reason);
    return options;
}

static void ask_topic(struct orphans *orphans)
{
    const char *name = orphans->settings->kafka.requests_topic;
    rd_kafka_AdminOptions_t *options =
        options_new(orphans, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, TOPIC_MS);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&name, 1);
    rd_kafka_DescribeTopics(orphans->rk, topics, options, orphans->queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
    orphans->state = ORPHANS_ASK_TOPIC;
}

static void ask_group(struct orphans *orphans)
{
    const char *name = orphans->settings->kafka.group;
    rd_kafka_AdminOptions_t *options =
        options_new(orphans, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, GROUP_MS);
    rd_kafka_DescribeConsumerGroups(orphans->rk, &name, 1, options, orphans->queue);
    rd_kafka_AdminOptions_destroy(options);
    orphans->state = ORPHANS_ASK_GROUP;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

/* All partitions of the topic, for the caller to destroy; NULL: no answer. */
static rd_kafka_topic_partition_list_t *list_all(const struct orphans *orphans,
                                                 rd_kafka_event_t *event)
{
    size_t count = 0, partitions = 0;
    const rd_kafka_DescribeTopics_result_t *result = rd_kafka_event_DescribeTopics_result(event);
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    const rd_kafka_TopicDescription_t **topics =
        rd_kafka_DescribeTopics_result_topics(result, &count);
    if (count != 1 || rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0])) !=
                          RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    (void)rd_kafka_TopicDescription_partitions(topics[0], &partitions);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new((int)partitions);
    rd_kafka_topic_partition_list_add_range(all, orphans->settings->kafka.requests_topic, 0,
                                            (int32_t)partitions - 1);
    return all;
}

/* The group, if it is at rest; else NULL. */
static const rd_kafka_ConsumerGroupDescription_t *group_of(rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    bool at_rest =
        count == 1 && rd_kafka_ConsumerGroupDescription_error(groups[0]) == NULL &&
        rd_kafka_ConsumerGroupDescription_state(groups[0]) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE;
    return at_rest ? groups[0] : NULL;
}

static const rd_kafka_topic_partition_list_t *partitions_of(
    const rd_kafka_MemberDescription_t *member)
{
    return rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
}

static void strike_out(rd_kafka_topic_partition_list_t *all,
                       const rd_kafka_ConsumerGroupDescription_t *group)
{
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(group); i++) {
        const rd_kafka_topic_partition_list_t *owned =
            partitions_of(rd_kafka_ConsumerGroupDescription_member(group, i));
        for (int j = 0; j < owned->cnt; j++)
            (void)rd_kafka_topic_partition_list_del(all, owned->elems[j].topic,
                                                    owned->elems[j].partition);
    }
}

static bool is_same(const rd_kafka_topic_partition_list_t *a,
                    const rd_kafka_topic_partition_list_t *b)
{
    bool same = a != NULL && a->cnt == b->cnt;
    for (int i = 0; same && i < a->cnt; i++)
        same = a->elems[i].partition == b->elems[i].partition;
    return same;
}

/* How many members come before us: they have fewer partitions, or as many and a lesser name. */
static size_t rank(const struct orphans *orphans, const rd_kafka_ConsumerGroupDescription_t *group)
{
    char self[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(orphans->settings, self);
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(group), before = 0;
    int own = -1;
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, i);
        const char *name = rd_kafka_MemberDescription_group_instance_id(member);
        if (name != NULL && strcmp(name, self) == 0)
            own = partitions_of(member)->cnt;
    }
    if (own < 0)
        return count; /* not one of them (any more) */
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, i);
        const char *name = rd_kafka_MemberDescription_group_instance_id(member);
        int its = partitions_of(member)->cnt;
        if (name != NULL && (its < own || (its == own && strcmp(name, self) < 0)))
            before++;
    }
    return before;
}

static void tell(const struct orphans *orphans)
{
    char names[NAMES_SIZE] = "";
    size_t length = 0;
    const rd_kafka_topic_partition_list_t *missing = orphans->missing;
    for (int i = 0; i < missing->cnt && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%" PRId32,
                                   i > 0 ? ", " : "", missing->elems[i].partition);
    log_write(LOG_WARN, "kafka.orphaned",
              "%d of the partitions of %s belong to no worker, though the group is at rest: %s; "
              "joining the group again, so that they are handed out",
              missing->cnt, orphans->settings->kafka.requests_topic, names);
}

/* ---- a look ------------------------------------------------------------------------------------
 */

/* What the group's members do not have is left in `unowned`. True: it is for us to join again. */
static bool compare(struct orphans *orphans, const rd_kafka_ConsumerGroupDescription_t *group)
{
    strike_out(orphans->unowned, group);
    unsigned looks = is_same(orphans->missing, orphans->unowned) ? orphans->looks + 1 : 1;
    forget(orphans);
    if (orphans->unowned->cnt == 0) {
        orphans->soon_ms = SOON_MS;
        return false;
    }
    orphans->looks = looks;
    orphans->missing = orphans->unowned;
    orphans->unowned = NULL;
    return looks >= LOOKS + rank(orphans, group);
}

/* Is it for us to join again? False where there is another question first, or no answer. */
static bool read_answer(struct orphans *orphans, rd_kafka_event_t *event)
{
    if (orphans->state == ORPHANS_ASK_TOPIC) {
        orphans->unowned = list_all(orphans, event);
        if (orphans->unowned != NULL)
            ask_group(orphans);
        else
            orphans->state = ORPHANS_AT_REST;
        return false;
    }
    orphans->state = ORPHANS_AT_REST;
    const rd_kafka_ConsumerGroupDescription_t *group = group_of(event);
    bool stale = orphans->due_ms != INT64_MAX;
    bool rejoin = !stale && group != NULL && compare(orphans, group);
    drop_unowned(orphans);
    return rejoin;
}

bool orphans_turn(struct orphans *orphans, int64_t now_ms)
{
    if (orphans->state == ORPHANS_AT_REST) {
        if (now_ms < orphans->due_ms)
            return false;
        orphans->due_ms = INT64_MAX;
        ask_topic(orphans);
        return false;
    }
    rd_kafka_event_t *event = rd_kafka_queue_poll(orphans->queue, 0);
    if (event == NULL)
        return false;
    bool rejoin = read_answer(orphans, event);
    rd_kafka_event_destroy(event);
    if (rejoin) {
        tell(orphans);
        orphans->soon_ms = orphans->soon_ms * 2 < SOON_MAX_MS ? orphans->soon_ms * 2 : SOON_MAX_MS;
        orphans_expect(orphans, now_ms);
    } else if (orphans->state == ORPHANS_AT_REST && orphans->due_ms == INT64_MAX) {
        orphans->due_ms = now_ms + (orphans->looks > 0 ? orphans->soon_ms : SELDOM_MS);
    }
    return rejoin;
}
