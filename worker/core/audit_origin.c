#include "worker/core/audit_origin.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

static bool take(struct str *rest, struct str start)
{
    if (rest->size < start.size || memcmp(rest->data, start.data, start.size) != 0)
        return false;
    *rest = (struct str){rest->data + start.size, rest->size - start.size};
    return true;
}

/* Digits in their shortest form, at most `max`. */
static bool take_number(struct str *rest, int64_t max, int64_t *ret)
{
    size_t size = 0;
    int64_t value = 0;
    for (; size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9'; size++) {
        int digit = rest->data[size] - '0';
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (size == 0 || (size > 1 && rest->data[0] == '0'))
        return false;
    *rest = (struct str){rest->data + size, rest->size - size};
    *ret = value;
    return true;
}

bool audit_origin_read(struct str id, const char *topic, const char *end, struct audit_origin *ret)
{
    int64_t partition = 0;
    bool good = id.data != NULL && take(&id, str_of(topic)) && take(&id, str_of("/")) &&
                take_number(&id, INT32_MAX, &partition) && take(&id, str_of("/")) &&
                take_number(&id, INT64_MAX, &ret->offset) && str_equal(id, str_of(end));
    ret->partition = (int32_t)partition;
    return good;
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789ABCDEF0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)((found - digits) % 16) : -1;
}

/* The next byte of a URI, its percent-encoding undone. */
static int take_byte(struct str *rest)
{
    size_t size = rest->data[0] == '%' ? 3 : 1;
    if (rest->size < size)
        return -1;
    int byte = (unsigned char)rest->data[0];
    if (size == 3) {
        int high = hex_value(rest->data[1]), low = hex_value(rest->data[2]);
        byte = high < 0 || low < 0 ? -1 : high * 16 + low;
    }
    *rest = (struct str){rest->data + size, rest->size - size};
    return byte;
}

static bool is_source_of(struct str source, const char *group)
{
    if (source.data == NULL || !take(&source, str_of("/usher/")))
        return false;
    for (; *group != '\0'; group++) {
        if (source.size == 0 || take_byte(&source) != (unsigned char)*group)
            return false;
    }
    return source.size == 0;
}

static struct str header_text(const struct record *record, const char *name)
{
    const struct header *header = record_header(record, name);
    return header != NULL ? header->value : (struct str){0};
}

static struct str member_text(const cJSON *object, const char *name)
{
    return str_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static enum answer answer_of(const struct record *record)
{
    struct str outcome = header_text(record, "usher-outcome");
    for (enum answer answer = ANSWER_NONE + 1; answer < ANSWER_COUNT; answer++) {
        if (str_is(outcome, answer_name(answer)))
            return answer;
    }
    return ANSWER_NONE;
}

static bool needs_a_person(enum answer answer)
{
    return answer == ANSWER_FAILED || answer == ANSWER_UNKNOWN;
}

static bool is_duplicate(const cJSON *data)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "duplicate"));
}

/* A reply may be longer and deeper than an event, so it does not go through the gate; it is only
 * compared with what we would have written. */
static cJSON *parse(struct str value)
{
    errno = 0;
    cJSON *tree = value.data != NULL ? cJSON_ParseWithLength(value.data, value.size) : NULL;
    if (tree == NULL && errno == ENOMEM)
        abort(); /* no fault of the reply's */
    return tree;
}

static bool read_binary(const struct record *record, const struct audit_names *names,
                        struct audit_reply *ret)
{
    if (!audit_origin_read(header_text(record, "ce_id"), names->requests_topic, "/reply",
                           &ret->origin) ||
        !is_source_of(header_text(record, "ce_source"), names->group))
        return false;
    if (needs_a_person(ret->answer)) {
        cJSON *data = parse(record->value);
        ret->duplicate = is_duplicate(data);
        cJSON_Delete(data);
    }
    return true;
}

static bool read_structured(const struct record *record, const struct audit_names *names,
                            struct audit_reply *ret)
{
    cJSON *event = parse(record->value);
    bool good = audit_origin_read(member_text(event, "id"), names->requests_topic, "/reply",
                                  &ret->origin) &&
                is_source_of(member_text(event, "source"), names->group);
    if (good && needs_a_person(ret->answer))
        ret->duplicate = is_duplicate(cJSON_GetObjectItemCaseSensitive(event, "data"));
    cJSON_Delete(event);
    return good;
}

bool audit_reply_read(const struct record *record, const struct audit_names *names,
                      struct audit_reply *ret)
{
    *ret = (struct audit_reply){.answer = answer_of(record)};
    return record_header(record, "ce_id") != NULL ? read_binary(record, names, ret)
                                                  : read_structured(record, names, ret);
}

enum audit_letter audit_letter_read(const struct record *record, const struct audit_names *names,
                                    struct audit_origin *ret)
{
    *ret = (struct audit_origin){0};
    if (record_header(record, "kafka_dlt-original-topic") == NULL)
        return AUDIT_LETTER_NONE;
    int64_t partition =
        record_header_number(record, "kafka_dlt-original-partition", sizeof(int32_t));
    int64_t offset = record_header_number(record, "kafka_dlt-original-offset", sizeof(int64_t));
    if (!str_is(header_text(record, "kafka_dlt-original-topic"), names->requests_topic) ||
        !str_is(header_text(record, "kafka_dlt-original-consumer-group"), names->group) ||
        partition < 0 || offset < 0)
        return AUDIT_LETTER_FOREIGN;
    *ret = (struct audit_origin){(int32_t)partition, offset};
    return AUDIT_LETTER_OURS;
}
