#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#undef malloc
#undef calloc
#undef realloc
#undef strdup
#undef strndup

enum { NAME_SIZE = 160 };

/* The linker collects the sites of all our sources, and gives both names. */
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern struct alloc_site *const __start_alloc_sites[], *const __stop_alloc_sites[];

static const char *only;
static int hits = -1; /* the file */
static atomic_ulong asked, fails_at;
static bool by_count; /* alloc_arm() has been called */
static _Thread_local struct alloc_site *in_cjson;

static size_t site_count(void)
{
    return (size_t)(__stop_alloc_sites - __start_alloc_sites);
}

static void name_of(const struct alloc_site *site, char ret[NAME_SIZE])
{
    (void)snprintf(ret, NAME_SIZE, "%s:%d %s", site->file, site->line, site->call);
}

/* The product's; the stand-ins of tests/ have sites as well. */
static bool is_ours(const struct alloc_site *site)
{
    return strncmp(site->file, "tests/", strlen("tests/")) != 0 &&
           (only == NULL || strstr(site->file, only) != NULL);
}

static void list_sites(void)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < site_count(); i++) {
        name_of(__start_alloc_sites[i], name);
        if (is_ours(__start_alloc_sites[i]))
            (void)puts(name);
    }
}

/* What has failed in an earlier process. */
static void read_hits(const char *path)
{
    char line[NAME_SIZE], name[NAME_SIZE];
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < site_count(); i++) {
            name_of(__start_alloc_sites[i], name);
            if (strcmp(name, line) == 0)
                __start_alloc_sites[i]->is_hit = true;
        }
    }
    if (file != NULL)
        (void)fclose(file);
}

static void *cjson_malloc(size_t size)
{
    return in_cjson != NULL && alloc_fails(in_cjson) ? NULL : malloc(size);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("USHER_ALLOC_HITS");
    if (getenv("USHER_ALLOC_SITES") != NULL) {
        list_sites();
        exit(EXIT_SUCCESS);
    }
    cJSON_InitHooks(&(cJSON_Hooks){cjson_malloc, free});
    only = getenv("USHER_ALLOC_ONLY");
    if (path == NULL)
        return;
    read_hits(path);
    hits = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void note(struct alloc_site *site)
{
    char line[NAME_SIZE + 1];
    site->is_hit = true;
    name_of(site, line);
    size_t size = strlen(line);
    line[size] = '\n';
    if (hits >= 0 && write(hits, line, size + 1) < 0)
        abort();
}

bool alloc_fails(struct alloc_site *site)
{
    if (!is_ours(site))
        return false;
    unsigned long n = atomic_fetch_add(&asked, 1) + 1;
    bool now = by_count ? n == fails_at : hits >= 0 && !site->is_hit;
    if (!now)
        return false;
    note(site);
    errno = ENOMEM;
    return true;
}

void alloc_cjson_begin(struct alloc_site *site)
{
    in_cjson = site;
}

void alloc_cjson_end(void)
{
    in_cjson = NULL;
}

void alloc_arm(unsigned long n)
{
    by_count = true;
    atomic_store(&asked, 0);
    atomic_store(&fails_at, n);
}

unsigned long alloc_asked(void)
{
    return asked;
}
