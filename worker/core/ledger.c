#include "worker/core/ledger.h"

#include "worker/core/base64.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_BYTES_MAX = LEDGER_WINDOW_MAX / 8, RING = LEDGER_WORDS * 64 };

bool ledger_init(struct ledger *ledger, uint32_t window)
{
    assert(window >= 1 && window <= LEDGER_WINDOW_MAX);
    *ledger = (struct ledger){
        .window = window,
        .bits = calloc(LEDGER_WORDS, sizeof *ledger->bits),
    };
    return ledger->bits != NULL;
}

void ledger_finish(struct ledger *ledger)
{
    free(ledger->bits);
    *ledger = (struct ledger){0};
}

void ledger_copy(struct ledger *to, const struct ledger *from)
{
    uint64_t *bits = to->bits;
    memcpy(bits, from->bits, LEDGER_WORDS * sizeof *bits);
    *to = *from;
    to->bits = bits;
}

/* ---- bits: only those of [frontier, frontier + LEDGER_WINDOW_MAX) are ever set -----------------
 */

static uint64_t *word_of(const struct ledger *ledger, int64_t offset)
{
    return &ledger->bits[offset % RING / 64];
}

static bool bit_is_set(const struct ledger *ledger, int64_t offset)
{
    return (*word_of(ledger, offset) >> (offset % 64) & 1) != 0;
}

static void bit_set(struct ledger *ledger, int64_t offset)
{
    *word_of(ledger, offset) |= UINT64_C(1) << (offset % 64);
}

static void step(struct ledger *ledger)
{
    *word_of(ledger, ledger->frontier) &= ~(UINT64_C(1) << (ledger->frontier % 64));
    ledger->frontier++;
}

static void advance(struct ledger *ledger)
{
    while (bit_is_set(ledger, ledger->frontier))
        step(ledger);
    if (ledger->end < ledger->frontier)
        ledger->end = ledger->frontier;
}

/* Nothing is at work, so all before `offset` is finished. */
static void jump(struct ledger *ledger, int64_t offset)
{
    if (offset - ledger->frontier >= RING) {
        memset(ledger->bits, 0, LEDGER_WORDS * sizeof *ledger->bits);
        ledger->frontier = offset;
    }
    while (ledger->frontier < offset)
        step(ledger);
    ledger->end = offset;
}

/* ---- offsets -----------------------------------------------------------------------------------
 */

enum ledger_entry ledger_begin(struct ledger *ledger, int64_t offset)
{
    if (offset < ledger->end)
        return LEDGER_PASSED;
    if (ledger->frontier == ledger->end)
        jump(ledger, offset);
    int64_t ahead = offset - ledger->frontier;
    bool answered = ahead < LEDGER_WINDOW_MAX && bit_is_set(ledger, offset);
    if (!answered && ahead >= ledger->window)
        return LEDGER_FULL;
    for (int64_t gap = ledger->end; gap < offset; gap++)
        bit_set(ledger, gap);
    ledger->end = offset + 1;
    advance(ledger);
    return answered ? LEDGER_PASSED : LEDGER_BEGUN;
}

void ledger_finish_offset(struct ledger *ledger, int64_t offset)
{
    assert(offset < ledger->end);
    if (offset < ledger->frontier)
        return;
    bit_set(ledger, offset);
    advance(ledger);
}

bool ledger_is_finished(const struct ledger *ledger, int64_t offset)
{
    return offset < ledger->frontier ||
           (offset - ledger->frontier < LEDGER_WINDOW_MAX && bit_is_set(ledger, offset));
}

/* ---- metadata ----------------------------------------------------------------------------------
 */

static uint32_t crc32_of(const char *text, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
    }
    return ~crc;
}

/* The bits from the frontier on, as bytes without the zeros at their end. */
static size_t gather(const struct ledger *ledger, uint8_t ret[BITS_BYTES_MAX + 8])
{
    size_t size = 0;
    int64_t first = ledger->frontier % RING; /* the ring's own numbers: no offset is too large */
    unsigned shift = (unsigned)(first % 64);
    for (int64_t at = 0; at < BITS_BYTES_MAX; at += 8) {
        uint64_t word = *word_of(ledger, first + at * 8) >> shift;
        if (shift != 0)
            word |= *word_of(ledger, first + at * 8 + 64) << (64 - shift);
        for (size_t i = 0; i < 8; i++) {
            ret[(size_t)at + i] = (uint8_t)(word >> (8 * i));
            if (ret[(size_t)at + i] != 0)
                size = (size_t)at + i + 1;
        }
    }
    return size;
}

size_t ledger_metadata_write(const struct ledger *ledger, const struct witness *witness,
                             char ret[LEDGER_METADATA_MAX])
{
    uint8_t bytes[BITS_BYTES_MAX + 8];
    char known[WITNESS_TEXT_SIZE];
    witness_write(witness, known);
    /* All that may have been worked on, by us or by an owner before us. */
    int64_t ahead = ledger->touched - ledger->frontier;
    uint32_t window = ahead > ledger->window ? (uint32_t)ahead : ledger->window;
    size_t size = gather(ledger, bytes);
    assert(size <= BITS_BYTES_MAX);
    int head = snprintf(ret, LEDGER_METADATA_MAX,
                        "u1:%" PRId64 ":%" PRIu32 ":%s:", ledger->frontier, window, known);
    size_t length = (size_t)head + base64_encode(bytes, size, ret + head);
    uint32_t crc = crc32_of(ret, length);
    return length +
           (size_t)snprintf(ret + length, LEDGER_METADATA_MAX - length, ":%08" PRIx32, crc);
}

/* Splits off what stands before the next ':' (or the end). */
static struct str next_field(const char **at)
{
    struct str field = {*at, strcspn(*at, ":")};
    *at += field.size;
    if (**at == ':')
        (*at)++;
    return field;
}

/* Digits only, at most `max`; -1 otherwise. */
static int64_t read_number(struct str field, int64_t max)
{
    int64_t value = 0;
    for (size_t i = 0; i < field.size; i++) {
        char c = field.data[i];
        if (c < '0' || c > '9' || value > (max - (c - '0')) / 10)
            return -1;
        value = value * 10 + (c - '0');
    }
    return field.size > 0 ? value : -1;
}

static void scatter(struct ledger *ledger, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size * 8; i++) {
        if ((bytes[i / 8] >> (i % 8) & 1) != 0)
            bit_set(ledger, ledger->frontier + (int64_t)i);
    }
}

/* The checksum is the last field, whatever stands before it. */
static bool is_whole(const char *metadata)
{
    const char *last = strrchr(metadata, ':');
    char right[8 + 1];
    snprintf(right, sizeof right, "%08" PRIx32, crc32_of(metadata, (size_t)(last - metadata)));
    return strcmp(last + 1, right) == 0;
}

static enum ledger_metadata read_version_1(struct ledger *ledger, const char *metadata,
                                           struct witness *ret_witness)
{
    const char *at = metadata;
    struct witness witness;
    next_field(&at);
    int64_t frontier = read_number(next_field(&at), INT64_MAX);
    int64_t window = read_number(next_field(&at), LEDGER_WINDOW_MAX);
    bool readable = witness_read(next_field(&at), &witness);
    struct str bits = next_field(&at);
    uint8_t bytes[BITS_BYTES_MAX];
    size_t size = 0;
    if (!is_whole(metadata) || *at == '\0' || frontier < 0 || window < 1 || !readable ||
        !base64_decode(bits.data, bits.size, bytes, sizeof bytes, &size))
        return LEDGER_METADATA_DAMAGED;
    if (frontier != ledger->frontier)
        return LEDGER_METADATA_ABSENT;
    ledger->touched = frontier + window;
    *ret_witness = witness;
    scatter(ledger, bytes, size);
    advance(ledger);
    return LEDGER_METADATA_OK;
}

enum ledger_metadata ledger_open(struct ledger *ledger, int64_t frontier, const char *metadata,
                                 struct witness *ret_witness)
{
    assert(frontier >= 0);
    ledger->frontier = ledger->end = frontier;
    ledger->touched = frontier + ledger->window;
    *ret_witness = (struct witness){0};
    memset(ledger->bits, 0, LEDGER_WORDS * sizeof *ledger->bits);
    if (metadata == NULL || metadata[0] != 'u' || metadata[1] < '0' || metadata[1] > '9')
        return LEDGER_METADATA_ABSENT;
    return strncmp(metadata, "u1:", 3) == 0 ? read_version_1(ledger, metadata, ret_witness)
                                            : LEDGER_METADATA_NEWER;
}
