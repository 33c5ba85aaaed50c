#include "tests/sandbox/bind.h"

#include "tests/sandbox/base.h"

#include <stdio.h>
#include <string.h>

static bool bind_text(const cJSON *item, char *ret_text, size_t size)
{
    if (cJSON_IsNumber(item)) {
        snprintf(ret_text, size, "%.15g", item->valuedouble);
        return true;
    }
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= size) {
        return false;
    }
    copy_text(ret_text, size, item->valuestring);
    return true;
}

static bool bind_value(const cJSON *item, const struct binding *binding, char *ret)
{
    switch (binding->type) {
    case BIND_TEXT:
        return bind_text(item, ret, binding->size);
    case BIND_INT:
        if (!cJSON_IsNumber(item) || item->valuedouble < -1 || item->valuedouble > 1e12) {
            return false;
        }
        *(int64_t *)(void *)ret = (int64_t)item->valuedouble;
        return true;
    case BIND_NUMBER:
        *(double *)(void *)ret = item->valuedouble;
        return cJSON_IsNumber(item);
    case BIND_BOOL:
        *(bool *)(void *)ret = cJSON_IsTrue(item);
        return cJSON_IsBool(item);
    }
    return false;
}

bool bind_member(const cJSON *item, const struct binding *table, void *ret, char ret_why[WHY_SIZE])
{
    for (const struct binding *binding = table; binding->name != NULL; binding++) {
        if (strcmp(binding->name, item->string) == 0) {
            bool good = bind_value(item, binding, (char *)ret + binding->offset);
            snprintf(ret_why, WHY_SIZE, "'%.60s' has the wrong type, or is too long or too small",
                     item->string);
            return good;
        }
    }
    snprintf(ret_why, WHY_SIZE, "'%.60s' is not known here; see tests/sandbox/README.md",
             item->string);
    return false;
}

bool bind_object(const cJSON *object, const struct binding *table, void *ret,
                 char ret_why[WHY_SIZE])
{
    if (!cJSON_IsObject(object)) {
        snprintf(ret_why, WHY_SIZE, "an object is needed");
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        if (!bind_member(item, table, ret, ret_why)) {
            return false;
        }
    }
    return true;
}

cJSON *bind_show(const struct binding *table, const void *from)
{
    cJSON *object = memory_need(cJSON_CreateObject());
    for (const struct binding *binding = table; binding->name != NULL; binding++) {
        const void *value = (const char *)from + binding->offset;
        if (binding->type == BIND_TEXT) {
            cJSON_AddStringToObject(object, binding->name, value);
        } else if (binding->type == BIND_INT) {
            cJSON_AddNumberToObject(object, binding->name, (double)*(const int64_t *)value);
        } else if (binding->type == BIND_NUMBER) {
            cJSON_AddNumberToObject(object, binding->name, *(const double *)value);
        } else {
            cJSON_AddBoolToObject(object, binding->name, *(const bool *)value);
        }
    }
    return object;
}
