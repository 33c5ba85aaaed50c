/* The metadata of a committed offset, and the ledger that is opened with it. Input: the committed
 * offset, the reader's window, the metadata, a line each; the rest are steps of the owner, a byte
 * each. A first line that ends in `!` has the checksum of its metadata put right, so that what is
 * behind it is reached too. */
#include "tests/fuzz/input.h"

#include "worker/core/ledger.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CRC-32 (IEEE), bit by bit: not the worker's. */
static uint32_t checksum(const char *text, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size * 8; i++) {
        uint32_t bit = ((uint32_t)(unsigned char)text[i / 8] >> (i % 8) ^ crc) & 1;
        crc = crc >> 1 ^ (bit != 0 ? UINT32_C(0xEDB88320) : 0);
    }
    return ~crc;
}

/* The metadata with the right checksum behind its last colon. */
static char *mend(const char *metadata)
{
    const char *colon = strrchr(metadata, ':');
    size_t size = colon != NULL ? (size_t)(colon - metadata) : strlen(metadata);
    char *mended = malloc(size + 10);
    assert(mended != NULL);
    memcpy(mended, metadata, size);
    snprintf(mended + size, 10, ":%08x", checksum(metadata, size));
    return mended;
}

/* A checksum stands behind the last colon, and it is that of all before. */
static bool is_sound(const char *metadata)
{
    char right[10];
    const char *colon = strrchr(metadata, ':');
    if (colon == NULL)
        return false;
    snprintf(right, sizeof right, "%08x", checksum(metadata, (size_t)(colon - metadata)));
    return strcmp(colon + 1, right) == 0;
}

static void check_shape(const struct ledger *ledger)
{
    assert(ledger->frontier >= 0 && ledger->end >= ledger->frontier);
    assert(ledger->end - ledger->frontier <= LEDGER_WINDOW_MAX);
}

static bool is_same_bits(const struct ledger *a, const struct ledger *b)
{
    return memcmp(a->bits, b->bits, LEDGER_WORDS * sizeof *a->bits) == 0;
}

/* What is written can be read: the same frontier and the same finished offsets. And what was read
 * is written as it was, once the frontier stands where it stood. */
static void check_round_trip(const struct ledger *ledger, const struct witness *witness)
{
    char metadata[LEDGER_METADATA_MAX], again[LEDGER_METADATA_MAX];
    struct ledger other;
    struct witness seen;
    size_t size = ledger_metadata_write(ledger, witness, metadata);
    assert(size == strlen(metadata) && size < LEDGER_METADATA_MAX && is_sound(metadata));
    for (size_t i = 0; i < size; i++)
        assert(metadata[i] > ' ' && metadata[i] <= '~');
    assert(ledger_init(&other, ledger->window));
    assert(ledger_open(&other, ledger->frontier, metadata, &seen) == LEDGER_METADATA_OK);
    assert(other.frontier == ledger->frontier && is_same_bits(&other, ledger));
    assert(ledger_metadata_write(&other, &seen, again) == size && strcmp(metadata, again) == 0);
    /* One step away from it, it says nothing; one bit off, it is not believed. */
    assert(ledger_open(&other, ledger->frontier + 1, metadata, &seen) == LEDGER_METADATA_ABSENT);
    metadata[size - 1] ^= 1;
    assert(ledger_open(&other, ledger->frontier, metadata, &seen) == LEDGER_METADATA_DAMAGED);
    ledger_finish(&other);
}

/* The next owner's work: records come in, leave gaps, are answered out of order. */
static void work(struct ledger *ledger, const struct witness *witness, struct str steps)
{
    int64_t begun[64];
    size_t open = 0;
    for (size_t i = 0; i < steps.size && i < 512; i++) {
        unsigned char step = (unsigned char)steps.data[i];
        if (step % 2 == 0 && open < 64) {
            int64_t offset = ledger->end + step / 32, end = ledger->end;
            enum ledger_entry entry = ledger_begin(ledger, offset);
            assert(entry != LEDGER_FULL || ledger->end == end);
            if (entry == LEDGER_BEGUN)
                begun[open++] = offset;
        } else if (open > 0) {
            size_t which = step / 2 % open;
            ledger_finish_offset(ledger, begun[which]);
            begun[which] = begun[--open];
        }
        check_shape(ledger);
        for (size_t k = 0; k < open; k++)
            assert(begun[k] >= ledger->frontier && begun[k] < ledger->end);
    }
    check_round_trip(ledger,
                     witness); /* the frontier never passed an open one: so says the loop above */
}

static size_t count(const char *text, char wanted)
{
    size_t found = 0;
    for (; *text != '\0'; text++)
        found += *text == wanted ? 1 : 0;
    return found;
}

/* Text of this very version, in its shortest form, is written as it was read. A zero byte at the
 * end of the bits, which is not written, may show in nothing but base64's padding. */
static void check_same_text(const struct ledger *ledger, const struct witness *witness,
                            const char *metadata)
{
    char again[LEDGER_METADATA_MAX];
    size_t size = ledger_metadata_write(ledger, witness, again);
    if (count(metadata, ':') == 5 && size == strlen(metadata) &&
        count(metadata, '=') == count(again, '=') &&
        ledger->touched - ledger->frontier == ledger->window)
        assert(strcmp(again, metadata) == 0);
}

static void check_open(struct ledger *ledger, int64_t frontier, const char *metadata,
                       struct witness *ret_witness)
{
    enum ledger_metadata found = ledger_open(ledger, frontier, metadata, ret_witness);
    if (found == LEDGER_METADATA_OK) {
        assert(strncmp(metadata, "u1:", 3) == 0 && is_sound(metadata));
        assert(strtoll(metadata + 3, NULL, 10) == frontier && ledger->frontier >= frontier);
        check_round_trip(ledger, ret_witness);
        if (ledger->frontier == frontier)
            check_same_text(ledger, ret_witness, metadata);
    } else {
        assert(ledger->frontier == frontier && ledger->end == frontier);
        assert(!witness_is_known(ret_witness));
        for (int64_t ahead = 0; ahead < LEDGER_WINDOW_MAX + 64; ahead += 61)
            assert(!ledger_is_finished(ledger, frontier + ahead));
        assert(found != LEDGER_METADATA_ABSENT || strncmp(metadata, "u1:", 3) != 0 ||
               is_sound(metadata));
    }
    check_shape(ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct ledger ledger;
    struct witness witness;
    input_init(&input, data, size);
    const char *first = input_text(&input);
    int64_t frontier = input_number(str_of(first)), window = input_number(input_line(&input));
    const char *metadata = input_text(&input);
    char *mended = strchr(first, '!') != NULL ? mend(metadata) : NULL;
    /* Brokers count from 0; a log of 2^62 records is beyond any. */
    frontier = frontier < 0 ? 0 : frontier % (INT64_C(1) << 62);
    window = window < 1 || window > LEDGER_WINDOW_MAX ? 4096 : window;
    assert(ledger_init(&ledger, (uint32_t)window));
    check_open(&ledger, frontier, mended != NULL ? mended : metadata, &witness);
    work(&ledger, &witness, input_rest(&input));
    ledger_finish(&ledger);
    free(mended);
    input_finish(&input);
    return 0;
}
