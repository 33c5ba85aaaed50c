/*
 * "Did you mean ...?": the name that a mistyped one was meant to be.
 */
#pragma once

#include <stddef.h>

/*
 * The candidate with the fewest letters to change, add, drop or swap; NULL where none is near (a
 * third of the word's letters, at least one). `candidates` may hold NULLs, which are passed over.
 * Words over 64 letters have no neighbours.
 */
const char *nearest_name(const char *word, const char *const *candidates, size_t count);

/*
 * Among all settings, and groups where the word has no dot. A setting of another group, or the word
 * without a group, counts as near too: `brokers` and `redis.brokers` are kafka.brokers.
 */
const char *nearest_setting(const char *word);
