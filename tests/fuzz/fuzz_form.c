/* What a browser sends of a form. Input: the body. */
#include "tests/fuzz/input.h"

#include "worker/core/buffer.h"
#include "worker/core/form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void put_encoded(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        buffer_print(out, "%%%02X", (unsigned char)*text);
}

/* All of it written in another way, and read again: the same. */
static void check_again(const struct form *form)
{
    static struct form again;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    buffer_put_text(&out, "&");
    for (size_t i = 0; i < form->count; i++) {
        put_encoded(&out, form->fields[i].name);
        buffer_put_text(&out, "=");
        put_encoded(&out, form->fields[i].value);
        buffer_put_text(&out, "&");
    }
    char *body = buffer_take(&out, NULL);
    bool good = body != NULL && form_read(body, &again);
    assert(good && again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        assert(strcmp(again.fields[i].name, form->fields[i].name) == 0);
        assert(strcmp(again.fields[i].value, form->fields[i].value) == 0);
    }
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form form;
    char *body = malloc(size + 1);
    if (body == NULL)
        return 0;
    if (size > 0)
        memcpy(body, data, size);
    body[size] = '\0';
    const char *end = body + strlen(body);
    bool good = form_read(body, &form);
    assert(form.count <= FORM_FIELDS_MAX);
    for (size_t i = 0; good && i < form.count; i++) {
        const struct form_field *field = &form.fields[i];
        assert(field->name >= body && field->name + strlen(field->name) <= end);
        assert(form_value(&form, field->name) != NULL);
    }
    if (good)
        check_again(&form);
    free(body);
    return 0;
}
