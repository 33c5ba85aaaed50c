#include "worker/cli/doctor.h"

#include "worker/cli/doctor_print.h"
#include "worker/cli/options.h"
#include "worker/core/json_read.h"
#include "worker/doctor.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

/* What was asked for. */
struct wish {
    unsigned areas;
    bool clear, json;
};

static const char help[] =
    "usher doctor [-c FILE] [-s KEY=VALUE]...   does the worker have what it needs?\n"
    "usher doctor --only AREAS                  of kafka, redis, graph, with commas between\n"
    "usher doctor --json                        for programs: one object\n"
    "usher doctor --clear-interlock             says what stands, and takes it away\n"
    "\n"
    "examples:\n"
    "  usher doctor -c usher.yaml\n"
    "  usher doctor -c usher.yaml --only kafka,redis --json\n"
    "  usher doctor -c usher.yaml --clear-interlock\n"
    "\n"
    "One line for each thing: [+] it is there, [-] it is missing, [?] it cannot be told, or is\n"
    "needed for some requests only. Names, connections, certificates and clocks; Kafka's topics\n"
    "and rights; how Redis keeps what it is told, and the rights there; the token, and the\n"
    "permissions in Graph, by what the token says and by what Graph says to reads. All of it\n"
    "takes 30 seconds at most. No group is joined and no transaction begun; nothing is posted to\n"
    "Graph, nor written to Kafka, nor to Redis without --clear-interlock. An interlock means that\n"
    "a dry run may have been a grant: look in Graph before you clear it; then all workers of the\n"
    "group go on.\n"
    "Exit: 0 nothing is missing, 66 no such file, 69 Kafka, Redis or Graph cannot be reached, 70\n"
    "internal error, 73 the output cannot be written, 76 the interlock stands, 77 a right is\n"
    "missing or the credentials are refused, 78 the settings are invalid or do not fit: a topic\n"
    "is missing, Redis keeps nothing. Of several, 70 counts before 78, then 77, 76, 69.\n";

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

static int examine(const struct settings *settings, const struct wish *wish)
{
    if (wish->clear) {
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* a core would hold the password */
        return cli_output_end(clear_interlock(settings));
    }
    if (!cli_secrets_are_there(settings))
        return CLI_EXIT_SETTINGS;
    return doctor_print(settings, wish->areas, wish->json);
}

/* False: it is none of doctor's. */
static bool take(struct wish *wish, int option, const char *argument)
{
    if (option == 'o')
        wish->areas = doctor_areas_read(argument);
    wish->clear = wish->clear || option == 'i';
    wish->json = wish->json || option == 'j';
    return option == 'o' || option == 'i' || option == 'j';
}

int cli_doctor(int argc, char **argv)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"only", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"clear-interlock", no_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct cli_source source;
    struct wish wish = {.areas = DOCTOR_ALL};
    cli_source_init(&source);
    opterr = 0;
    optind = 0; /* main has used getopt before; 0 starts it anew */
    for (int option; (option = cli_next_option(argc, argv, CLI_SOURCE_OPTIONS, names)) != -1;) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (!take(&wish, option, optarg) && !cli_source_take(&source, option, optarg))
            return cli_option_error("doctor", option, argv);
    }
    if (optind < argc)
        return cli_usage_error("doctor", "doctor takes no argument: %s", argv[optind]);
    if (wish.areas == 0)
        return cli_usage_error("doctor", "--only takes kafka, redis, graph, with commas between");
    if (wish.clear && (wish.json || wish.areas != DOCTOR_ALL))
        return cli_usage_error("doctor", "--clear-interlock goes with neither --json nor --only");
    struct settings settings;
    int code = cli_source_load(&source, &settings, true);
    if (code != CLI_EXIT_DONE)
        return code;
    code = examine(&settings, &wish);
    settings_finish(&settings);
    return code;
}
