#include "worker/io/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Reads a file of /proc as a string; "" if it cannot be read. */
static void read_proc(const char *path, char *ret, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = file != NULL ? fread(ret, 1, size - 1, file) : 0;
    ret[length] = '\0';
    if (file != NULL)
        fclose(file);
}

/* Field `number` of /proc/self/stat, counted from 1 as proc(5) does; it must lie behind the name,
 * which is field 2. */
static int64_t stat_field(const char *stat, int number)
{
    const char *at = strrchr(stat, ')'); /* the name may hold anything, even ")" */
    for (int field = 2; at != NULL && field < number; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoll(at + 1, NULL, 10) : 0;
}

/* Unix time of the boot, in seconds. */
static int64_t boot_time(void)
{
    static char
        text[64 << 10]; /* a line for each processor and one for the interrupts come before it */
    read_proc("/proc/stat", text, sizeof text);
    const char *at = strstr(text, "\nbtime ");
    return at != NULL ? strtoll(at + sizeof "\nbtime " - 1, NULL, 10) : 0;
}

static int64_t count_open_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    int64_t count = 0;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 3; /* `.`, `..` and the directory itself */
}

/* As Prometheus' own clients do: no limit is -1. */
static int64_t limit_of(__rlimit_resource_t resource)
{
    struct rlimit limit;
    bool is_known = getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_known && limit.rlim_cur <= INT64_MAX ? (int64_t)limit.rlim_cur : -1;
}

static void put(struct buffer *out, const char *name, const char *help, int64_t value)
{
    buffer_print(out, "# HELP %s %s.\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name, name,
                 value);
}

void metrics_render_process(struct buffer *ret)
{
    char stat[1024];
    read_proc("/proc/self/stat", stat, sizeof stat);
    if (stat[0] == '\0')
        return;
    double ticks_a_second = (double)sysconf(_SC_CLK_TCK);
    double cpu_seconds = (double)(stat_field(stat, 14) + stat_field(stat, 15)) / ticks_a_second;
    double start_seconds = (double)boot_time() + (double)stat_field(stat, 22) / ticks_a_second;
    buffer_print(ret,
                 "# HELP process_cpu_seconds_total CPU time in user and system mode.\n"
                 "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.2f\n",
                 cpu_seconds);
    buffer_print(ret,
                 "# HELP process_start_time_seconds When the process started, as Unix time.\n"
                 "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %.2f\n",
                 start_seconds);
    put(ret, "process_open_fds", "Open file descriptors", count_open_files());
    put(ret, "process_max_fds", "Most file descriptors that may be open", limit_of(RLIMIT_NOFILE));
    put(ret, "process_virtual_memory_bytes", "Virtual memory", stat_field(stat, 23));
    put(ret, "process_virtual_memory_max_bytes", "Most virtual memory, -1 without a limit",
        limit_of(RLIMIT_AS));
    put(ret, "process_resident_memory_bytes", "Resident memory",
        stat_field(stat, 24) * sysconf(_SC_PAGESIZE));
    struct mallinfo2 heap = mallinfo2();
    put(ret, "process_heap_bytes", "Memory that malloc() has of the system",
        (int64_t)(heap.arena + heap.hblkhd));
    put(ret, "process_threads", "Threads", stat_field(stat, 20));
}
