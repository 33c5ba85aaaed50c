#include "tests/io/promtool.h"

#include <errno.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

extern char **environ;

bool promtool_accepts(const char *metrics)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(metrics, 1, strlen(metrics), file), strlen(metrics));
    assert_int_equal(fflush(file), 0);
    rewind(file);

    char program[] = "promtool", check[] = "check", what[] = "metrics";
    char *arguments[] = {program, check, what, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(file), 0);
    pid_t child = 0;
    int failed = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    fclose(file);
    if (failed == ENOENT) {
        printf("no promtool here, so nobody checks the metrics; deploy/install-deps --tests\n");
        skip();
    }
    assert_int_equal(failed, 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
