#include "worker/cli/doctor.h"

#include "worker/cli/options.h"
#include "worker/core/json_read.h"
#include "worker/doctor.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

static const char help[] =
    "usher doctor [-c FILE] [-s KEY=VALUE]...   does the worker have what it needs?\n"
    "usher doctor --clear-interlock             says what stands, and takes it away\n"
    "\n"
    "examples:\n"
    "  usher doctor -c usher.yaml\n"
    "  usher doctor -c usher.yaml --clear-interlock\n"
    "\n"
    "One line for each thing: [+] it is there, [-] it is missing, [?] it cannot be told, or is\n"
    "needed for some requests only. Today: the token, and the permissions in Graph, by what the\n"
    "token says and by what Graph says to reads. Nothing is posted to Graph, nor written to Redis\n"
    "without --clear-interlock. An interlock means that a dry run may have been a grant: look in\n"
    "Graph before you clear it; then all workers of the group go on.\n"
    "Exit: 0 nothing is missing, 66 no such file, 69 Graph or Redis cannot be reached, 73 the\n"
    "output cannot be written, 77 a permission is missing or the credentials are refused, 78 the\n"
    "settings are invalid.\n";

static void print_line(void *context, enum doctor_mark mark, const char *thing, const char *text)
{
    static const struct {
        char sign;
        const char *word;
    } marks[] = {[DOCTOR_GOOD] = {'+', "ok"},
                 [DOCTOR_MISSING] = {'-', "failed"},
                 [DOCTOR_OPEN] = {'?', "not known"}};
    (void)context;
    (void)printf("[%c]%s %s: %s\n", marks[mark].sign, thing, marks[mark].word, text);
}

/* Somebody wrote it; it may have gone through other hands. */
static void print_plain(const char *label, struct str text)
{
    if (text.data == NULL)
        return;
    (void)printf("  %s: ", label);
    for (size_t i = 0; i < text.size; i++)
        (void)putchar(text.data[i] < ' ' || text.data[i] > '~' ? '?' : text.data[i]);
    (void)putchar('\n');
}

static struct str member_of(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsString(item) ? str_of(item->valuestring) : (struct str){0};
}

static bool print_interlock(void *context, const char *key, struct str value)
{
    struct json_fault ignored;
    cJSON *tree = json_read(value, &ignored);
    (void)context;
    (void)printf("the interlock %s stands\n", key);
    if (member_of(tree, "why").data == NULL)
        print_plain("value", value);
    print_plain("why", member_of(tree, "why"));
    print_plain("raised by", member_of(tree, "instance"));
    print_plain("at", member_of(tree, "time"));
    cJSON_Delete(tree);
    return fflush(stdout) == 0; /* what nobody can read is not deleted */
}

static void print_end(void *context, const char *key, bool stood)
{
    (void)context;
    if (stood)
        (void)puts("cleared; the workers go on within a second");
    else
        (void)printf("no interlock stands at %s\n", key);
}

static int clear_interlock(const struct settings *settings)
{
    struct doctor_interlock interlock = {.on_stands = print_interlock, .on_end = print_end};
    struct error error = {0};
    int code = doctor_clear_interlock(settings, &interlock, &error);
    if (error.text[0] != '\0')
        (void)fprintf(stderr, "usher: %s\n", error.text);
    return code == CLI_EXIT_CANNOT_WRITE ? cli_output_end(code) : code;
}

static int examine(const struct settings *settings, bool clear)
{
    /* A core would hold the token (guarantee I14). */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (clear)
        return cli_output_end(clear_interlock(settings));
    if (!cli_secrets_are_there(settings))
        return CLI_EXIT_SETTINGS;
    struct doctor_report report = {.on_line = print_line};
    return cli_output_end(doctor_run(settings, &report));
}

int cli_doctor(int argc, char **argv)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"clear-interlock", no_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct cli_source source;
    bool clear = false;
    cli_source_init(&source);
    opterr = 0;
    optind = 0; /* main has used getopt before; 0 starts it anew */
    for (int option; (option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1;) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (option == 'i')
            clear = true;
        else if (!cli_source_take(&source, option, optarg))
            return cli_option_error("doctor", option, argv);
    }
    if (optind < argc)
        return cli_usage_error("doctor", "doctor takes no argument: %s", argv[optind]);
    struct settings settings;
    int code = cli_source_load(&source, &settings, true);
    if (code != CLI_EXIT_DONE)
        return code;
    code = examine(&settings, clear);
    settings_finish(&settings);
    return code;
}
