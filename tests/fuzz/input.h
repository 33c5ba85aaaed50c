#pragma once

#include "worker/core/record.h"

#include <stdbool.h>
#include <stdint.h>

/* What a fuzz target is, and how its input is taken apart. Inputs are text as far as that goes, so
 * that a seed can be read and written by hand: lines first, then what is free. Each piece is a copy
 * of its own without a byte behind it, so that the address sanitizer sees every read past its end.
 */

/* Each fuzz_x.c has this one function. libFuzzer calls it with inputs of its own making, replay.c
 * with the files of tests/fuzz/corpus/x. It must not keep anything from one call to the next; where
 * a property does not hold it ends in an assert. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_PIECES_MAX = 64, INPUT_HEADERS_MAX = 20 };

struct input {
    struct str rest; /* not taken yet; data NULL: the input is over */
    char *pieces[INPUT_PIECES_MAX];
    size_t count;
};

void input_init(struct input *input, const uint8_t *data, size_t size);
/* Frees all pieces. */
void input_finish(struct input *input);

/* The text up to the next line feed, which is taken too; data NULL when the input is over. */
struct str input_line(struct input *input);
/* The same as a string; "" when the input is over. What stands behind a NUL is lost. */
const char *input_text(struct input *input);
/* All that is left, line feeds too; data NULL when nothing is, not even an empty line. */
struct str input_rest(struct input *input);

/* A record: a header a line, `name: value`, or `name` for one without value; an empty line; the
 * value. Without the empty line it is a tombstone. A header `record-key` is the record's key, not a
 * header. `headers` has room for INPUT_HEADERS_MAX. */
struct record input_record(struct input *input, struct header *headers);

/* The number that the text starts with, as strtoll() reads it. */
int64_t input_number(struct str text);
