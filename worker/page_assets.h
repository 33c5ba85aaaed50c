#pragma once

#include <stddef.h>

/* The files of worker/page/, which the build puts into the program (worker/page/embed.cmake). */
struct page_asset {
    const char *path, *content_type;
    const char *bytes;
    size_t size;
};

extern const struct page_asset page_assets[];
extern const size_t page_assets_count;
extern const char page_assets_version[]; /* of all of them together */
