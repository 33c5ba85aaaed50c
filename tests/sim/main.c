/* usher-sim: see --help. */
#include "tests/sim/run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 64, FAILURES_MAX = 20 };

static const char help[] =
    "usage: usher-sim [--histories N] [--seed S] [--events N] [--jobs J] [--only FAULT[,FAULT]]\n"
    "       usher-sim --replay SEED [--events N] [--trace]\n"
    "       --break NAME: something of the worker, to see that it is noticed (sabotage.c)\n"
    "Runs simulated histories of the worker's real core, one for each seed from S on, and checks\n"
    "every invariant after each. Exit 1 if one is broken.\n";

struct options {
    struct campaign campaign;
    unsigned jobs;
};

static uint32_t read_kinds(char *text)
{
    uint32_t kinds = 0;
    for (char *name = strsep(&text, ","); name != NULL; name = strsep(&text, ",")) {
        enum mishap fault = fault_from_name(name);
        if (fault == FAULT_COUNT) {
            (void)fprintf(stderr, "usher-sim: no fault is called %s\n", name);
            exit(2);
        }
        kinds |= 1U << fault;
    }
    return kinds;
}

static void read_options(int argc, char **argv, struct options *ret)
{
    static const struct option options[] = {
        {"histories", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},
        {"events", required_argument, NULL, 'e'},
        {"jobs", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},
        {"replay", required_argument, NULL, 'r'},
        {"trace", no_argument, NULL, 't'},
        {"break", required_argument, NULL, 'b'},

        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct campaign *campaign = &ret->campaign;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint64_t number = optarg != NULL ? strtoull(optarg, NULL, 10) : 0;
        if (option == 'n')
            campaign->histories = number;
        else if (option == 's')
            campaign->first_seed = number;
        else if (option == 'e' && number > 0 && number <= WORKLOAD_RECORDS_MAX)
            campaign->records = number;
        else if (option == 'j' && number > 0 && number <= JOBS_MAX)
            ret->jobs = (unsigned)number;
        else if (option == 'o')
            campaign->only_kinds = read_kinds(optarg);
        else if (option == 'b' && sabotage_find(optarg) != NULL) {
            campaign->sabotage = sabotage_find(optarg);
            campaign->only_kinds = campaign->sabotage->kinds;
        } else if (option == 'r') {
            campaign->first_seed = number;
            campaign->histories = 1;
        } else if (option == 't')
            campaign->trace = true;
        else {
            (void)fputs(help, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
}

/* Kept where all processes see it: what each job is at, so that a failed assert has a seed. */
static uint64_t *share_seeds(void)
{
    void *seeds = mmap(NULL, JOBS_MAX * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seeds == MAP_FAILED)
        exit(70);
    return seeds;
}

/* One process for each job, each with its own seeds; what they counted comes back in a pipe. */
static int start_job(const struct options *options, unsigned job, uint64_t *running)
{
    int ends[2];
    if (pipe(ends) != 0)
        exit(70);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        exit(70);
    if (pid > 0) {
        (void)close(ends[1]);
        return ends[0];
    }
    struct campaign campaign = options->campaign;
    struct campaign_end end;
    uint64_t each = campaign.histories / options->jobs;
    campaign.running = running;
    campaign.first_seed += job * each;
    campaign.histories = job + 1 < options->jobs ? each : campaign.histories - job * each;
    campaign_run(&campaign, true, &end);
    (void)fflush(stdout);
    bool good = write(ends[1], &end, sizeof end) == (ssize_t)sizeof end;
    _exit(good ? 0 : 70);
}

static bool read_all(int from, void *ret, size_t size)
{
    size_t got = 0;
    for (ssize_t more = 1; got < size && more > 0; got += more > 0 ? (size_t)more : 0)
        more = read(from, (char *)ret + got, size - got);
    return got == size;
}

/* A job that ends without its counts has met an assert: a violation as well. */
static void run_jobs(const struct options *options, struct campaign_end *ret)
{
    int from[JOBS_MAX];
    uint64_t *running = share_seeds();
    *ret = (struct campaign_end){0};
    for (unsigned i = 0; i < options->jobs; i++)
        from[i] = start_job(options, i, &running[i]);
    for (unsigned i = 0; i < options->jobs; i++) {
        struct campaign_end end = {0};
        if (!read_all(from[i], &end, sizeof end)) {
            end = (struct campaign_end){.violations = 1};
            (void)printf("BROKEN assert\n  again: ");
            campaign_print_command(&options->campaign, running[i]);
        }
        (void)close(from[i]);
        counts_add(&ret->counts, &end.counts);
        ret->violations += end.violations;
    }
    while (wait(NULL) > 0)
        continue;
}

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process and its jobs: the figure that a busy machine does not change. */
static double cpu_seconds(void)
{
    struct rusage own, jobs;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &jobs);
    return (double)(own.ru_utime.tv_sec + jobs.ru_utime.tv_sec + own.ru_stime.tv_sec +
                    jobs.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + jobs.ru_utime.tv_usec + own.ru_stime.tv_usec +
                    jobs.ru_stime.tv_usec) /
               1e6;
}

int main(int argc, char **argv)
{
    struct options options = {
        .campaign = {.first_seed = 1,
                     .histories = 1000,
                     .records = 200,
                     .failures_max = FAILURES_MAX},
        .jobs = 1,
    };
    read_options(argc, argv, &options);
    double began_s = clock_seconds();
    struct campaign_end end;
    if (options.jobs > options.campaign.histories)
        options.jobs = 1;
    run_jobs(&options, &end);
    double events = (double)end.counts.events + 1;
    counts_print(&end.counts);
    (void)printf("%12llu  violations\n%12.1f  seconds\n%12.1f  us of CPU for each event\n",
                 (unsigned long long)end.violations, clock_seconds() - began_s,
                 cpu_seconds() * 1e6 / events);
    return end.violations > 0 ? 1 : 0;
}
