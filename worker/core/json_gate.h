#pragma once

#include "worker/core/str.h"

/* The strict gate before cJSON: one pass over bytes from outside. cJSON by itself takes bytes
 * behind the end, broken UTF-8, raw control characters, \u0000 (and cuts the text there), leading
 * zeros, a byte order mark and a schema-registry frame for granted; two readers that disagree about
 * a body are a way around every check. */

enum { JSON_FAULT_MESSAGE_MAX = 256 };

struct json_fault {
    const char *code;                     /* one of fault_codes.h, a literal; NULL: none */
    size_t offset;                        /* the first byte that is wrong */
    char message[JSON_FAULT_MESSAGE_MAX]; /* a sentence that says where and what to do */
};

/* The longest number cJSON 1.7.15 reads in one piece is 63 bytes. */
enum { JSON_NUMBER_SIZE_MAX = 63 };

/* True if `bytes` is one JSON text by RFC 8259 and I-JSON (RFC 7493), at most RECORD_BYTES_MAX long
 * and EVENT_DEPTH_MAX deep (event.h). What one pass cannot see, names that stand twice and numbers
 * that overflow, is for json_read(). Codes: nullValue emptyValue tooLarge schemaRegistryFrame
 * compressed byteOrderMark notJson trailingData tooDeep invalidUtf8 controlCharacter nulEscape
 * loneSurrogate invalidNumber unsafeInteger. */
bool json_gate(struct str bytes, struct json_fault *ret);

/* Sets all three; always false, so that a check can return it. */
bool json_fault_set(struct json_fault *fault, const char *code, size_t offset, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
