#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/loader.h"
#include "config/nearest.h"

#define PREFIX         "USHER_"
#define TENANTS_PREFIX PREFIX "TENANTS_"

/* Longer than any setting or property of librdkafka. */
#define FLAG_KEY_SIZE 256

const char *environment_find(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

void azure_load(struct loader *loader, char *const *environment)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        bool is_otels = option->azure != NULL && strncmp(option->azure, "OTEL_", 5) == 0;
        const char *value =
            option->azure == NULL || is_otels ? NULL : environment_find(environment, option->azure);
        if (value != NULL && value[0] != '\0') {
            loader_set(loader, option, value,
                       &(struct place){.origin.layer = LAYER_AZURE, .name = option->azure});
        }
    }
}

/*
 * Kubernetes gives each container the addresses of the services around it. A service named
 * usher-redis makes USHER_REDIS_PORT=tcp://..., USHER_REDIS_PORT_6379_TCP_ADDR and
 * USHER_REDIS_SERVICE_HOST, which are no settings and no mistakes.
 */
static bool is_service_link(const char *name, const char *value)
{
    return strstr(name, "_SERVICE_HOST") != NULL || strstr(name, "_SERVICE_PORT") != NULL ||
           strstr(name, "_TCP") != NULL || strstr(name, "_UDP") != NULL ||
           strncmp(value, "tcp://", strlen("tcp://")) == 0 ||
           strncmp(value, "udp://", strlen("udp://")) == 0;
}

/* USHER_KAFKA_BROKER -> kafka.broker; false if the group is none of ours. */
static bool setting_of(const char *name, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s", name + strlen(PREFIX));
    for (char *c = ret; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    char *underscore = strchr(ret, '_');
    if (underscore == NULL) {
        return false;
    }
    *underscore = '.';
    for (size_t i = 0; i < option_groups_count; i++) {
        size_t length = strlen(option_groups[i].name);
        if (strncmp(ret, option_groups[i].name, length) == 0 && ret[length] == '.') {
            return true;
        }
    }
    *underscore = '_';
    return false;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < options_count; i++) {
        char known[ENVIRONMENT_NAME_SIZE];
        option_environment_name(&options[i], known);
        if (strcmp(known, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A variable of one of our groups that is no setting. Other USHER_ names may be somebody else's. */
static void refuse_unknown(struct loader *loader, const char *entry)
{
    char name[2 * ENVIRONMENT_NAME_SIZE];
    char setting[2 * ENVIRONMENT_NAME_SIZE];
    size_t length = strcspn(entry, "=");

    if (strncmp(entry, PREFIX, strlen(PREFIX)) != 0 || length >= sizeof name ||
        entry[length] == '\0') {
        return;
    }
    memcpy(name, entry, length);
    name[length] = '\0';
    if (strncmp(name, TENANTS_PREFIX, strlen(TENANTS_PREFIX)) == 0 &&
        !is_service_link(name, entry + length + 1)) {
        problems_add(loader->problems,
                     &(struct place){.origin.layer = LAYER_ENVIRONMENT, .name = name}, NULL,
                     "tenants are set in the file, or as -s tenants.NAME.SETTING=VALUE; they have "
                     "no names in the environment");
        return;
    }
    if (!is_known(name) && !is_service_link(name, entry + length + 1) &&
        setting_of(name, setting, sizeof setting)) {
        loader_unknown(loader, setting,
                       &(struct place){.origin.layer = LAYER_ENVIRONMENT, .name = name});
    }
}

void environment_load(struct loader *loader, char *const *environment)
{
    for (size_t i = 0; i < options_count; i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        option_environment_name(&options[i], name);
        const char *value = environment_find(environment, name);
        if (value != NULL) {
            loader_set(loader, &options[i], value,
                       &(struct place){.origin.layer = LAYER_ENVIRONMENT, .name = name});
        }
    }
    for (; environment != NULL && *environment != NULL; environment++) {
        refuse_unknown(loader, *environment);
    }
}

/* kafka.librdkafka.NAME=VALUE sets one property; the name has dots of its own. */
static bool set_property(struct loader *loader, const char *key, const char *value,
                         const struct place *place)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        size_t length = strlen(option->name);
        if (option->kind != OPTION_MAP || strncmp(key, option->name, length) != 0 ||
            key[length] != '.') {
            continue;
        }
        struct pair pair = {.name = (char *)key + length + 1,
                            .value = (char *)value,
                            .origin = place->origin};
        loader_begin(loader, option, place);
        loader_put(loader, option, &pair, place);
        return true;
    }
    return false;
}

static void set_flag(struct loader *loader, char *key, const char *value)
{
    struct place place = {.origin.layer = LAYER_FLAG, .name = key};
    const struct option *option = option_find(key);
    size_t length = strlen(tenants_group.name);

    if (strncmp(key, tenants_group.name, length) == 0 && key[length] == '.') {
        tenant_flag(loader, key + length + 1, value, &place);
    } else if (option == NULL) {
        if (!set_property(loader, key, value, &place)) {
            loader_unknown(loader, key, &place);
        }
    } else {
        loader_set(loader, option, value, &place);
    }
}

void flags_load(struct loader *loader, const char *const *flags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char key[FLAG_KEY_SIZE];
        size_t length = strcspn(flags[i], "=");
        if (flags[i][length] == '\0' || length >= sizeof key) {
            struct place place = {.origin.layer = LAYER_FLAG, .name = flags[i]};
            problems_add(loader->problems, &place, NULL,
                         "is not KEY=VALUE, as in kafka.group=usher");
            continue;
        }
        memcpy(key, flags[i], length);
        key[length] = '\0';
        set_flag(loader, key, flags[i] + length + 1);
    }
}
