/* All tenants: from the settings to what works, and down again. */
#include "worker/pacing.h"
#include "worker/worker.h"

#include <stdlib.h>

static bool open_one(struct tenant *tenant, struct worker *w, struct error *error)
{
    const struct settings *s = tenant->settings;
    tenant->worker = w;
    tenant->limits = tenant_limits(s);
    pacing_open(tenant);
    tenant->token = token_create(&w->loop, s, error);
    if (tenant->token == NULL)
        return false;
    tenant->http = http_create(&w->loop, s, tenant->token, error);
    return tenant->http != NULL;
}

bool tenants_open(struct worker *w, struct error *error)
{
    const struct tenants *named = &w->settings->tenants;
    size_t count = named->count > 0 ? named->count : 1;
    w->tenants = calloc(count, sizeof *w->tenants);
    if (w->tenants == NULL)
        return error_set(error, "tenants: no memory for %zu of them", count);
    w->tenant_count = count;
    for (size_t i = 0; i < count; i++) {
        struct tenant *tenant = &w->tenants[i];
        tenant->name = named->count > 0 ? named->items[i].name : "";
        tenant->settings = named->count > 0 ? named->items[i].settings : w->settings;
        if (!open_one(tenant, w, error))
            return false;
    }
    return true;
}

void tenants_close_calls(struct worker *w)
{
    for (size_t i = 0; i < w->tenant_count; i++) {
        http_destroy(w->tenants[i].http);
        w->tenants[i].http = NULL;
    }
}

void tenants_close(struct worker *w)
{
    for (size_t i = 0; i < w->tenant_count; i++)
        token_destroy(w->tenants[i].token);
    free(w->tenants);
    w->tenants = NULL;
    w->tenant_count = 0;
}

bool tenants_have_token(const struct worker *w)
{
    for (size_t i = 0; i < w->tenant_count; i++) {
        if (token_is_ready(w->tenants[i].token))
            return true;
    }
    return false;
}
