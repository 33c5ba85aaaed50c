#include "config/settle.h"

#include <assert.h>

#include "config/value.h"

const struct cloud_hosts cloud_hosts[CLOUDS_COUNT] = {
    {"https://graph.microsoft.com/beta", "https://login.microsoftonline.com"},
    {"https://graph.microsoft.us/beta", "https://login.microsoftonline.us"},
    {"https://dod-graph.microsoft.us/beta", "https://login.microsoftonline.us"},
    {"https://microsoftgraph.chinacloudapi.cn/beta", "https://login.partner.microsoftonline.cn"},
};

static int rank(const struct origin *origin)
{
    return (int)origin->layer + (origin->is_of_tenant ? LAYER_FLAG + 1 : 0);
}

/* The value follows from others of the same settings. */
static void derive(struct loader *loader, const struct option *option, const char *text)
{
    bool set = value_set(loader->settings, option, text, NULL);
    assert(set);
    loader->settings->origins[option_index(option)] =
        (struct origin){.layer = LAYER_DEFAULT, .is_of_tenant = loader->tenant != NULL};
}

static void settle_secrets(struct loader *loader)
{
    const struct settings *settings = loader->settings;

    for (size_t i = 0; i < options_count; i++) {
        const struct option *secret = &options[i];
        if (secret->kind != OPTION_SECRET) {
            continue;
        }
        const struct option *file = option_file_of(secret);
        int secret_rank = rank(&settings->origins[i]);
        int file_rank = rank(&settings->origins[option_index(file)]);
        if (value_text(settings, secret)[0] != '\0' && value_text(settings, file)[0] != '\0' &&
            secret_rank != file_rank) {
            derive(loader, secret_rank < file_rank ? secret : file, "");
        }
    }
}

static void settle_cloud(struct loader *loader)
{
    const struct origin *origins = loader->settings->origins;
    const struct cloud_hosts *hosts = &cloud_hosts[loader->settings->graph.cloud];
    const struct option *cloud = option_find("graph.cloud");
    const struct {
        const char *name, *value;
    } defaults[] = {{"graph.base_url", hosts->base_url},
                    {"graph.authority_host", hosts->authority_host}};
    assert(cloud != NULL);
    const struct origin *chosen = &origins[option_index(cloud)];

    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        const struct option *option = option_find(defaults[i].name);
        assert(option != NULL);
        const struct origin *origin = &origins[option_index(option)];
        bool is_anothers = chosen->is_of_tenant && !origin->is_of_tenant;
        if (is_anothers || (loader->tenant == NULL && origin->layer == LAYER_DEFAULT)) {
            derive(loader, option, defaults[i].value);
        }
    }
}

void settings_settle(struct loader *loader)
{
    settle_secrets(loader);
    settle_cloud(loader);
}
