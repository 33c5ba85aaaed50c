#include "worker/core/span.h"

#include <assert.h>

static uint8_t value_of(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void read_hex(const char *digits, uint8_t *ret, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ret[i] = (uint8_t)(value_of(digits[2 * i]) << 4 | value_of(digits[2 * i + 1]));
}

static char *write_hex(char *at, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

void span_context_read(const char *traceparent, struct span_context *ret)
{
    read_hex(traceparent + 3, ret->trace_id, TRACE_ID_SIZE);
    read_hex(traceparent + 36, ret->span_id, SPAN_ID_SIZE);
    read_hex(traceparent + 53, &ret->flags, 1);
}

void span_context_write(const struct span_context *context, char ret[TRACEPARENT_SIZE])
{
    uint8_t flags = context->flags & SPAN_FLAGS_CARRIED;
    memcpy(ret, "00-", 3);
    char *at = write_hex(ret + 3, context->trace_id, TRACE_ID_SIZE);
    *at++ = '-';
    at = write_hex(at, context->span_id, SPAN_ID_SIZE);
    *at++ = '-';
    at = write_hex(at, &flags, 1);
    *at = '\0';
}

/* All zeroes are no id. */
static void fill(uint8_t *id, const uint8_t *random, size_t size)
{
    uint8_t any = 0;
    memcpy(id, random, size);
    for (size_t i = 0; i < size; i++)
        any |= id[i];
    if (any == 0)
        id[size - 1] = 1;
}

void span_context_make(const struct span_context *parent,
                       const uint8_t random[TRACE_ID_SIZE + SPAN_ID_SIZE], struct span_context *ret)
{
    *ret = (struct span_context){.flags = 0};
    fill(ret->span_id, random + TRACE_ID_SIZE, SPAN_ID_SIZE);
    if (parent != NULL)
        memcpy(ret->trace_id, parent->trace_id, TRACE_ID_SIZE);
    else
        fill(ret->trace_id, random, TRACE_ID_SIZE);
}

/* By the last eight bytes of the trace id, as OpenTelemetry's own libraries do it. */
static bool is_within(double ratio, const struct span_context *own)
{
    uint64_t number = 0;
    for (size_t i = TRACE_ID_SIZE - 8; i < TRACE_ID_SIZE; i++)
        number = number << 8 | own->trace_id[i];
    return ratio >= 1 || (double)(number >> 1) < ratio * 0x1p63;
}

bool sampler_takes(enum sampler sampler, double ratio, const struct span_context *parent,
                   const struct span_context *own)
{
    if (sampler >= SAMPLER_PARENT_ON && parent != NULL)
        return (parent->flags & SPAN_FLAG_SAMPLED) != 0;
    if (sampler == SAMPLER_RATIO || sampler == SAMPLER_PARENT_RATIO)
        return is_within(ratio, own);
    return sampler == SAMPLER_ALWAYS_ON || sampler == SAMPLER_PARENT_ON;
}

static void put(struct span *span, struct span_attribute attribute)
{
    assert(span->count < SPAN_ATTRIBUTES_MAX);
    span->attributes[span->count++] = attribute;
}

void span_put_text(struct span *span, const char *name, struct str text)
{
    if (text.size > 0)
        put(span, (struct span_attribute){.name = name, .text = text});
}

void span_put_number(struct span *span, const char *name, int64_t number)
{
    put(span, (struct span_attribute){.name = name, .number = number});
}

void span_put_true(struct span *span, const char *name)
{
    put(span, (struct span_attribute){.name = name, .is_true = true});
}
