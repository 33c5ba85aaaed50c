#include "worker/cli/demo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 5, EXIT_NOT_STARTED = 127, SIGNALED = 128 };

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

void demo_signals_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int demo_signals(void)
{
    return signals;
}

bool demo_pause(int ms)
{
    for (; ms > 0 && signals == 0; ms -= STEP_MS)
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    return signals == 0;
}

/* In the child: only calls that are safe there. Never returns; what fails is written to `report`.
 */
static __attribute__((noreturn)) void become(const char *const argv[], const int fds[3], int report,
                                             pid_t parent)
{
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    bool is_fine = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
    for (int i = 0; is_fine && i < 3; i++)
        is_fine = dup2(fds[i], i) == i;
    if (is_fine)
        execvp(argv[0], (char *const *)argv);
    int reason = errno;
    (void)!write(report, &reason, sizeof reason);
    _exit(EXIT_NOT_STARTED);
}

/* 0, or the errno of what failed in the child. */
static int await_exec(int report)
{
    int reason = 0;
    ssize_t size;
    do
        size = read(report, &reason, sizeof reason);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof reason ? reason : 0;
}

static bool start(struct demo_child *child, const char *const argv[], const int fds[3])
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return false;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(argv, fds, report[1], parent);
    int reason = errno;
    close(report[1]);
    if (pid > 0 && (reason = await_exec(report[0])) != 0)
        (void)waitpid(pid, NULL, 0);
    close(report[0]);
    child->pid = pid > 0 && reason == 0 ? pid : 0;
    errno = reason;
    return child->pid != 0;
}

bool demo_child_start(struct demo_child *child, const char *name, const char *const argv[],
                      const struct demo_output *output, struct error *error)
{
    *child = (struct demo_child){.name = name};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(output->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int fds[3] = {null, output->out >= 0 ? output->out : log, log};
    bool started = null >= 0 && log >= 0 && start(child, argv, fds);
    int reason = errno;
    if (null >= 0)
        close(null);
    if (log >= 0)
        close(log);
    if (!started)
        error_set(error, "%s does not start: %s", name, strerror(reason));
    errno = reason;
    return started;
}

bool demo_child_runs(struct demo_child *child)
{
    int status = 0;
    if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return child->pid != 0;
    child->pid = 0;
    child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALED + WTERMSIG(status);
    return false;
}

int demo_child_stop(struct demo_child *child, int wait_ms)
{
    int before = signals;
    if (demo_child_runs(child))
        kill(child->pid, SIGTERM);
    for (; wait_ms > 0 && demo_child_runs(child) && signals == before; wait_ms -= STEP_MS)
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    if (demo_child_runs(child))
        kill(child->pid, SIGKILL);
    while (demo_child_runs(child))
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    return child->exit_code;
}
