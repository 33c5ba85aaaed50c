#include "worker/cli/version.h"

#include "worker/cli/options.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <getopt.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <uv.h>
#include <yaml.h>

#define TEXT_OF(number)        TEXT_OF_NUMBER(number)
#define TEXT_OF_NUMBER(number) #number

static const char help[] = "usher version [--json]   this build, and the libraries it runs with\n";

struct part {
    const char *name, *version;
};

enum { PARTS = 10 };

static void list_parts(struct part ret[PARTS])
{
    const struct part parts[PARTS] = {
        {"usher", USHER_VERSION},
        {"revision", cli_revision()},
        {"librdkafka", rd_kafka_version_str()},
        {"curl", curl_version_info(CURLVERSION_NOW)->version},
        {"hiredis", TEXT_OF(HIREDIS_MAJOR) "." TEXT_OF(HIREDIS_MINOR) "." TEXT_OF(HIREDIS_PATCH)},
        {"libuv", uv_version_string()},
        {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
        {"cjson", cJSON_Version()},
        {"libmicrohttpd", MHD_get_version()},
        {"libyaml", yaml_get_version_string()},
    };
    for (size_t i = 0; i < PARTS; i++)
        ret[i] = parts[i];
}

const char *cli_revision(void)
{
    return USHER_REVISION;
}

int cli_version(int argc, char **argv)
{
    static const struct option names[] = {{"help", no_argument, NULL, 'h'},
                                          {"json", no_argument, NULL, 'j'},
                                          {0}};
    bool json = false;
    opterr = 0;
    for (int option; (option = cli_next_option(argc, argv, ":h", names)) != -1;) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return cli_output_end(CLI_EXIT_DONE);
        }
        if (option != 'j')
            return cli_option_error("version", option, argv);
        json = true;
    }
    if (optind < argc)
        return cli_usage_error("version", "version takes no argument: %s", argv[optind]);
    struct part parts[PARTS];
    list_parts(parts);
    for (size_t i = 0; i < PARTS; i++) {
        if (json)
            (void)printf("%s\"%s\":\"%s\"", i == 0 ? "{" : ",", parts[i].name, parts[i].version);
        else
            (void)printf("%s%s %s\n", i == 0 ? "" : "  ", parts[i].name, parts[i].version);
    }
    if (json)
        (void)puts("}");
    return cli_output_end(CLI_EXIT_DONE);
}
