#pragma once

/* Included by the compiler in front of each of our sources where CMake's option USHER_ALLOC_FAULTS
 * is on (`-include`). Each call that allocates becomes a *site*: a place in our sources with a
 * name, `worker/io/http.c:167 strdup`, known to the program from the start, that can be told to
 * fail.
 *
 * A call of cJSON is a site too, and any of the allocations that cJSON makes in it may be the one
 * that fails. Other libraries' own allocations are theirs.
 *
 *   USHER_ALLOC_SITES=1  the program prints its sites, one a line, and exits 0
 *   USHER_ALLOC_HITS=F   each site of ours fails once: at its first pass that is not in the file F,
 *                        to which it is then added, so that a program that died of it does not die
 *                        of it again when it is restarted
 *   USHER_ALLOC_ONLY=T   of these only sites of files with T in their path
 *
 * A failure returns NULL and sets errno, as the real ones do. */

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alloc_site {
    const char *file;
    int line;
    const char *call;
    bool is_hit; /* it has failed, in this process or an earlier one */
};

/* Is it this call's turn to fail? */
bool alloc_fails(struct alloc_site *site);

/* Around a call of cJSON: one of the allocations between them is its turn. */
void alloc_cjson_begin(struct alloc_site *site);
void alloc_cjson_end(void);

/* For loops within one process: the n-th allocation from here on fails, of whatever site (from 1;
 * 0: none). The count of those that were asked for since. */
void alloc_arm(unsigned long n);
unsigned long alloc_asked(void);

#define ALLOC_SITE(name)                                                      \
    static struct alloc_site alloc_site = {__FILE__, __LINE__, #name, false}; \
    static struct alloc_site *const alloc_site_pointer                        \
        __attribute__((section("alloc_sites"), used)) = &alloc_site

#define ALLOC_CALL(name, ...)                                  \
    __extension__({                                            \
        ALLOC_SITE(name);                                      \
        alloc_fails(&alloc_site) ? NULL : (name)(__VA_ARGS__); \
    })

#define ALLOC_PRINT(name, text, ...)                                                 \
    __extension__({                                                                  \
        ALLOC_SITE(name);                                                            \
        alloc_fails(&alloc_site) ? (*(text) = NULL, -1) : (name)(text, __VA_ARGS__); \
    })

#define ALLOC_CJSON(name, ...)                        \
    __extension__({                                   \
        ALLOC_SITE(name);                             \
        alloc_cjson_begin(&alloc_site);               \
        __auto_type alloc_made = (name)(__VA_ARGS__); \
        alloc_cjson_end();                            \
        alloc_made;                                   \
    })

#define malloc(size)                   ALLOC_CALL(malloc, size)
#define calloc(count, size)            ALLOC_CALL(calloc, count, size)
#define realloc(old, size)             ALLOC_CALL(realloc, old, size)
#define strdup(text)                   ALLOC_CALL(strdup, text)
#define strndup(text, size)            ALLOC_CALL(strndup, text, size)
#define open_memstream(text, size)     ALLOC_CALL(open_memstream, text, size)
#define asprintf(text, ...)            ALLOC_PRINT(asprintf, text, __VA_ARGS__)
#define vasprintf(text, ...)           ALLOC_PRINT(vasprintf, text, __VA_ARGS__)
#define cJSON_ParseWithLength(...)     ALLOC_CJSON(cJSON_ParseWithLength, __VA_ARGS__)
#define cJSON_ParseWithLengthOpts(...) ALLOC_CJSON(cJSON_ParseWithLengthOpts, __VA_ARGS__)
#define cJSON_PrintUnformatted(...)    ALLOC_CJSON(cJSON_PrintUnformatted, __VA_ARGS__)
#define cJSON_Print(...)               ALLOC_CJSON(cJSON_Print, __VA_ARGS__)
#define cJSON_Duplicate(...)           ALLOC_CJSON(cJSON_Duplicate, __VA_ARGS__)
