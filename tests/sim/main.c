/* usher-sim: see --help. */
#include "tests/sim/run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* One process for each job, each with its own seeds; what they counted comes back in a pipe. */
static int start_job(const struct options *options, unsigned job)
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
    struct campaign_end outcome;
    uint64_t each = campaign.histories / options->jobs;
    campaign.first_seed += job * each;
    campaign.histories = job + 1 < options->jobs ? each : campaign.histories - job * each;
    campaign_run(&campaign, true, &outcome);
    (void)fflush(stdout);
    bool good = write(ends[1], &outcome, sizeof outcome) == (ssize_t)sizeof outcome;
    _exit(good ? 0 : 70);
}

static bool read_all(int from, void *ret, size_t size)
{
    size_t got = 0;
    for (ssize_t more = 1; got < size && more > 0; got += more > 0 ? (size_t)more : 0)
        more = read(from, (char *)ret + got, size - got);
    return got == size;
}

static bool run_jobs(const struct options *options, struct campaign_end *ret)
{
    int from[JOBS_MAX];
    bool good = true;
    *ret = (struct campaign_end){0};
    for (unsigned i = 0; i < options->jobs; i++)
        from[i] = start_job(options, i);
    for (unsigned i = 0; i < options->jobs; i++) {
        struct campaign_end outcome;
        good = read_all(from[i], &outcome, sizeof outcome) && good;
        (void)close(from[i]);
        if (!good)
            continue;
        counts_add(&ret->counts, &outcome.counts);
        ret->violations += outcome.violations;
    }
    while (wait(NULL) > 0)
        continue;
    return good;
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
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    struct campaign_end outcome = {0};
    bool good = true;
    if (options.jobs > 1 && options.campaign.histories >= options.jobs)
        good = run_jobs(&options, &outcome);
    else
        campaign_run(&options.campaign, true, &outcome);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    if (!good) {
        (void)fprintf(stderr, "usher-sim: a job ended without its counts\n");
        return 70;
    }
    double seconds =
        (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    counts_print(&outcome.counts);
    (void)printf("%12llu  violations\n%12.1f  seconds\n%12.1f  us for each event and job\n",
                 (unsigned long long)outcome.violations, seconds,
                 seconds * 1e6 * options.jobs / (double)(outcome.counts.events + 1));
    return outcome.violations > 0 ? 1 : 0;
}
