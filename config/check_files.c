/*
 * The files that hold secrets, the settings' own among them. Only the right of every user is warned
 * of: in Kubernetes a group reads them, by fsGroup.
 */
#include <string.h>
#include <sys/stat.h>

#include "config/reserved.h"
#include "config/say.h"
#include "config/value.h"

static bool is_open_to_others(const char *path)
{
    struct stat status;

    return path[0] != '\0' && stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

/* The file's mode matters where secrets are written into it. */
static void check_settings_file(struct loader *loader)
{
    const struct pairs *properties = &loader->settings->kafka.librdkafka;

    if (!loader->file_is_open_to_others) {
        return;
    }
    for (size_t i = 0; i < properties->count && loader->tenant == NULL; i++) {
        const struct pair *pair = &properties->items[i];
        if (pair->origin.layer == LAYER_FILE && property_is_secret(pair->name)) {
            loader_say(loader, true, "kafka.librdkafka",
                       "%s can be read by every user of this machine: chmod o-r %s", pair->name,
                       loader->settings->file);
        }
    }
    for (size_t i = 0; i < options_count; i++) {
        if (options[i].kind == OPTION_SECRET && loader->settings->origins[i].layer == LAYER_FILE &&
            loader_is_own(loader, &options[i]) &&
            value_text(loader->settings, &options[i])[0] != '\0') {
            loader_say(loader, true, options[i].name,
                       "can be read by every user of this machine: chmod o-r %s, or use %s",
                       loader->settings->file, option_file_of(&options[i])->name);
        }
    }
}

static void check_file(struct loader *loader, const char *name)
{
    const struct option *option = loader_option(name);
    const char *path = value_text(loader->settings, option);

    if (loader_is_own(loader, option) && is_open_to_others(path)) {
        loader_say(loader, true, name, "%s can be read by every user of this machine: chmod o-r %s",
                   path, path);
    }
}

/* Files with a key, or with a secret of a row of the table. */
static void check_secret_files(struct loader *loader)
{
    for (size_t i = 0; i < options_count; i++) {
        if (options[i].kind == OPTION_SECRET) {
            check_file(loader, option_file_of(&options[i])->name);
        }
    }
    check_file(loader, "redis.tls_key_file");
    check_file(loader, "graph.private_key_file");
    if (loader->settings->graph.private_key_file[0] == '\0') {
        check_file(loader, "graph.certificate_file"); /* the key is in it as well */
    }
}

static bool has_property(const struct pairs *properties, const char *name)
{
    for (size_t i = 0; i < properties->count; i++) {
        if (strcmp(properties->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_property_files(struct loader *loader)
{
    const struct pairs *files = &loader->settings->kafka.librdkafka_files;

    for (size_t i = 0; i < files->count && loader->tenant == NULL; i++) {
        const struct pair *pair = &files->items[i];
        if (has_property(&loader->settings->kafka.librdkafka, pair->name)) {
            loader_say(loader, false, "kafka.librdkafka_files",
                       "%s is set under kafka.librdkafka as well; one of the two", pair->name);
        }
        if (property_is_secret(pair->name) && is_open_to_others(pair->value)) {
            loader_say(loader, true, "kafka.librdkafka_files",
                       "%s can be read by every user of this machine: chmod o-r %s", pair->value,
                       pair->value);
        }
    }
}

void check_files(struct loader *loader)
{
    check_settings_file(loader);
    check_secret_files(loader);
    check_property_files(loader);
}
