#include "worker/cli/doctor_print.h"

#include "worker/cli/options.h"
#include "worker/core/endpoint.h"
#include "worker/core/json_writer.h"
#include "worker/doctor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8 * DIAGNOSIS_TEXT_SIZE }; /* each character as an escape, and the rest */

static const struct {
    char sign;
    const char *word, *status;
} marks[] = {[DIAGNOSIS_GOOD] = {'+', "ok", "ok"},
             [DIAGNOSIS_MISSING] = {'-', "failed", "failed"},
             [DIAGNOSIS_OPEN] = {'?', "not known", "unknown"}};

static void print_line(void *context, const struct doctor_line *line)
{
    const struct diagnosis *diagnosis = line->diagnosis;
    (void)context;
    (void)printf("[%c]%s %s: %s\n", marks[diagnosis->mark].sign, line->name,
                 marks[diagnosis->mark].word, diagnosis->text);
    (void)fflush(stdout); /* somebody waits for it */
}

struct list {
    bool has_one, no_memory;
};

static void print_object(void *context, const struct doctor_line *line)
{
    static const char no_memory[] =
        "{\"check\":\"doctor\",\"name\":\"doctor\",\"status\":\"failed\","
        "\"exitCode\":70,\"text\":\"there is no memory for a line\"}";
    struct list *list = context;
    struct buffer json;
    buffer_init(&json, LINE_MAX_BYTES);
    json_begin_object(&json, NULL);
    json_put_text(&json, "check", str_of(line->check));
    if (line->tenant[0] != '\0')
        json_put_text(&json, "tenant", str_of(line->tenant));
    json_put_text(&json, "name", str_of(line->name));
    json_put_text(&json, "status", str_of(marks[line->diagnosis->mark].status));
    if (line->diagnosis->exit_code != DIAGNOSIS_DONE)
        json_put_integer(&json, "exitCode", line->diagnosis->exit_code);
    json_put_text(&json, "text", str_of(line->diagnosis->text));
    json_end_object(&json);
    char *text = buffer_take(&json, NULL);
    (void)printf("%s\n%s", list->has_one ? "," : "", text != NULL ? text : no_memory);
    list->has_one = true;
    list->no_memory = list->no_memory || text == NULL;
    free(text);
}

int doctor_print(const struct settings *settings, unsigned areas, bool json)
{
    struct list list = {0};
    struct doctor_report report = {.on_line = json ? print_object : print_line,
                                   .context = &list,
                                   .areas = areas,
                                   .limit_ms = DOCTOR_LIMIT_MS};
    /* A core would hold the token (guarantee I14). */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error of its call */
    if (json)
        (void)printf("{\"checks\":[");
    int code = doctor_run(settings, &report);
    if (list.no_memory)
        code = diagnosis_worse(code, DIAGNOSIS_INTERNAL);
    if (json)
        (void)printf("],\n\"exitCode\":%d}\n", code);
    code = cli_output_end(code);
    if (report.left_behind)
        _exit(code);
    return code;
}

unsigned doctor_areas_read(const char *list)
{
    static const struct {
        const char *word;
        enum doctor_area area;
    } words[] = {{"kafka", DOCTOR_KAFKA}, {"redis", DOCTOR_REDIS}, {"graph", DOCTOR_GRAPH}};
    struct str rest = str_of(list), word;
    unsigned areas = 0;
    while (endpoint_next(&rest, &word)) {
        size_t i = 0;
        while (i < sizeof words / sizeof *words && !str_is(word, words[i].word))
            i++;
        if (i == sizeof words / sizeof *words)
            return 0;
        areas |= (unsigned)words[i].area;
    }
    return areas;
}
