#include "worker/doctor_kafka.h"

#include "worker/core/topic_view.h"
#include "worker/io/kafka_conf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TRY_MS = 500, PAUSE_MS = 100 };

/* ---- asking ---- */

rd_kafka_AdminOptions_t *doctor_kafka_options(const struct doctor_kafka *kafka,
                                              rd_kafka_admin_op_t op, bool rights)
{
    char reason[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->rk, op);
    if (options == NULL)
        return NULL;
    int patience_ms = doctor_patience_ms(kafka->job, DOCTOR_KAFKA_MS);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, patience_ms, reason, sizeof reason);
    if (rights)
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(options, 1));
    return options;
}

rd_kafka_event_t *doctor_kafka_answer(struct doctor_kafka *kafka, struct diagnosis *ret)
{
    /* librdkafka's own limit comes first; this is in case that it does not. */
    int patience_ms = doctor_patience_ms(kafka->job, DOCTOR_KAFKA_MS + TRY_MS);
    rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->queue, patience_ms);
    if (event == NULL) {
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "the brokers do not answer; are all of them "
                          "up?");
        return NULL;
    }
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    doctor_kafka_explain(kafka, rd_kafka_event_error(event), rd_kafka_event_error_string(event),
                         ret);
    rd_kafka_event_destroy(event);
    return NULL;
}

bool doctor_kafka_rights(const rd_kafka_AclOperation_t *operations, size_t count, unsigned *ret)
{
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        if (operations[i] == RD_KAFKA_ACL_OPERATION_READ)
            *ret |= KAFKA_RIGHT_READ;
        if (operations[i] == RD_KAFKA_ACL_OPERATION_WRITE)
            *ret |= KAFKA_RIGHT_WRITE;
    }
    return operations != NULL && count > 0;
}

void doctor_kafka_explain(const struct doctor_kafka *kafka, rd_kafka_resp_err_t code,
                          const char *reason, struct diagnosis *ret)
{
    const char *brokers = kafka->settings->kafka.brokers;
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        diagnosis_missing(ret, DIAGNOSIS_REFUSED,
                          "this user may not even see it (%s); give it the right, or set another "
                          "user in kafka.librdkafka",
                          rd_kafka_err2str(code));
        break;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
        diagnosis_open(ret, "these brokers are too old to be asked (%s)", reason);
        break;
    default:
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "%.120s does not answer that: %.300s",
                          brokers, reason);
    }
}

/* ---- the cluster ---- */

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct doctor_kafka *kafka = opaque;
    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        kafka->refused = RD_KAFKA_RESP_ERR__AUTHENTICATION;
        (void)snprintf(kafka->trouble, sizeof kafka->trouble, "%s", reason);
    } else if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { /* others have said why */
        kafka_explain(kafka->settings, code, reason, kafka->trouble);
    }
}

static bool create(struct doctor_kafka *kafka, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_plain(kafka->settings, RD_KAFKA_CONSUMER, error);
    if (conf == NULL)
        return false;
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_error_cb(conf, on_error);
    kafka->rk = kafka_create(RD_KAFKA_CONSUMER, conf, error);
    if (kafka->rk == NULL)
        return false;
    kafka->queue = rd_kafka_queue_new(kafka->rk);
    return true;
}

static void tell_cluster(struct doctor_kafka *kafka, const struct rd_kafka_metadata *metadata)
{
    struct diagnosis diagnosis;
    char *id = rd_kafka_clusterid(kafka->rk, 0);
    kafka->brokers = metadata->broker_cnt;
    diagnosis_good(&diagnosis, "%d broker%s, cluster %.100s", metadata->broker_cnt,
                   metadata->broker_cnt == 1 ? "" : "s", id != NULL ? id : "without an id");
    rd_kafka_mem_free(kafka->rk, id);
    doctor_tell(kafka->job, CHECK_KAFKA_CLUSTER, "", &diagnosis);
}

static void tell_no_cluster(struct doctor_kafka *kafka, rd_kafka_resp_err_t code)
{
    struct diagnosis diagnosis;
    if (kafka->refused)
        diagnosis_missing(&diagnosis, DIAGNOSIS_REFUSED,
                          "kafka.brokers: it refuses us: %.400s; look at sasl.mechanism, "
                          "sasl.username and sasl.password in kafka.librdkafka",
                          kafka->trouble);
    else if (kafka->trouble[0] != '\0')
        diagnosis_missing(&diagnosis, DIAGNOSIS_UNREACHABLE, "%s", kafka->trouble);
    else
        diagnosis_missing(&diagnosis, DIAGNOSIS_UNREACHABLE,
                          "kafka.brokers: the brokers can be reached and do not answer (%s); does "
                          "security.protocol in kafka.librdkafka fit the port?",
                          rd_kafka_err2str(code));
    doctor_tell(kafka->job, CHECK_KAFKA_CLUSTER, "", &diagnosis);
}

/* Its line; false: it does not answer. In short tries, for only between two of them is it heard why
 * there is no answer. */
static bool look_at_cluster(struct doctor_kafka *kafka)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t until_ms = doctor_clock_ms() + doctor_patience_ms(kafka->job, DOCTOR_KAFKA_MS);
    do {
        code = rd_kafka_metadata(kafka->rk, 0, NULL, &metadata, TRY_MS);
        (void)rd_kafka_poll(kafka->rk, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            tell_cluster(kafka, metadata);
            rd_kafka_metadata_destroy(metadata);
            return true;
        }
    } while (!kafka->refused && doctor_clock_ms() < until_ms);
    tell_no_cluster(kafka, code);
    return false;
}

/* ---- the group ---- */

static void judge_group(struct doctor_kafka *kafka,
                        const rd_kafka_ConsumerGroupDescription_t *group, struct diagnosis *ret)
{
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(group);
    rd_kafka_resp_err_t code =
        error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    size_t count = 0;
    unsigned rights = 0;
    const rd_kafka_AclOperation_t *operations =
        rd_kafka_ConsumerGroupDescription_authorized_operations(group, &count);
    size_t members = rd_kafka_ConsumerGroupDescription_member_count(group);
    const char *state =
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(group));
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
        diagnosis_open(ret, "nobody has joined it yet, and before that these brokers do not tell "
                            "what this user may do");
    else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        doctor_kafka_explain(kafka, code, rd_kafka_error_string(error), ret);
    else if (!doctor_kafka_rights(operations, count, &rights))
        diagnosis_open(ret, "%s, %zu members; these brokers do not tell what this user may do",
                       state, members);
    else if ((rights & KAFKA_RIGHT_READ) != 0 && members == 0)
        diagnosis_good(ret, "it may be joined; nobody has at the moment");
    else if ((rights & KAFKA_RIGHT_READ) != 0)
        diagnosis_good(ret, "it may be joined; %s, %zu member%s", state, members,
                       members == 1 ? "" : "s");
    else
        diagnosis_missing(ret, DIAGNOSIS_REFUSED,
                          "it may not be joined; give this user the operation Read on it "
                          "(kafka-acls --add --operation Read --group %.200s)",
                          kafka->settings->kafka.group);
}

/* The coordinator is still being found, or reads what it is to know: it takes a second or two. */
static bool is_passing(const rd_kafka_error_t *error)
{
    rd_kafka_resp_err_t code =
        error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

/* False: ask again. */
static bool ask_group(struct doctor_kafka *kafka, struct diagnosis *ret)
{
    const char *name = kafka->settings->kafka.group;
    size_t count = 0;
    bool good = true;
    rd_kafka_AdminOptions_t *options =
        doctor_kafka_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, true);
    rd_kafka_DescribeConsumerGroups(kafka->rk, &name, 1, options, kafka->queue);
    if (options != NULL)
        rd_kafka_AdminOptions_destroy(options);
    rd_kafka_event_t *event = doctor_kafka_answer(kafka, ret);
    if (event == NULL)
        return true;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(
                                                          event),
                                                      &count);
    if (count == 1) {
        judge_group(kafka, groups[0], ret);
        good = !is_passing(rd_kafka_ConsumerGroupDescription_error(groups[0]));
    } else {
        diagnosis_open(ret, "the brokers say nothing of it");
    }
    rd_kafka_event_destroy(event);
    return good;
}

static void look_at_group(struct doctor_kafka *kafka)
{
    struct diagnosis diagnosis;
    int64_t until_ms = doctor_clock_ms() + doctor_patience_ms(kafka->job, DOCTOR_KAFKA_MS);
    while (!ask_group(kafka, &diagnosis) && doctor_clock_ms() < until_ms)
        (void)usleep(PAUSE_MS * 1000);
    doctor_tell(kafka->job, CHECK_KAFKA_GROUP, kafka->settings->kafka.group, &diagnosis);
}

/* ---- all of it ---- */

static void tell_transaction(struct doctor_kafka *kafka)
{
    struct diagnosis diagnosis;
    char instance[KAFKA_INSTANCE_ID_SIZE], id[2 * KAFKA_INSTANCE_ID_SIZE];
    if (kafka->settings->kafka.delivery != DELIVERY_EXACTLY_ONCE)
        return;
    kafka_instance_id(kafka->settings, instance);
    (void)snprintf(id, sizeof id, "%.249s-%s", kafka->settings->kafka.group, instance);
    diagnosis_open(&diagnosis, "only a transaction would tell, and it would fence the worker that "
                               "has this id; the user needs the operations Write and Describe on "
                               "transactional ids that begin with the group's name");
    doctor_tell(kafka->job, CHECK_KAFKA_TRANSACTION, id, &diagnosis);
}

static void look(struct doctor_kafka *kafka)
{
    struct error error = {0};
    struct diagnosis diagnosis;
    if (!create(kafka, &error)) {
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED, "%s", error.text);
        doctor_tell(kafka->job, CHECK_KAFKA_CLUSTER, "", &diagnosis);
        return;
    }
    if (!look_at_cluster(kafka))
        return;
    doctor_look_at_topics(kafka);
    look_at_group(kafka);
    tell_transaction(kafka);
}

void doctor_look_at_kafka(struct doctor_job *job)
{
    struct doctor_kafka kafka = {.job = job, .settings = job->settings};
    struct diagnosis diagnosis;
    if (!doctor_look_at_brokers(job)) {
        diagnosis_open(&diagnosis, "none of kafka.brokers will do, so nothing was asked of topics, "
                                   "group and rights");
        doctor_tell(job, CHECK_KAFKA_CLUSTER, "", &diagnosis);
        return;
    }
    look(&kafka);
    if (kafka.queue != NULL)
        rd_kafka_queue_destroy(kafka.queue);
    if (kafka.rk != NULL)
        rd_kafka_destroy(kafka.rk);
}
