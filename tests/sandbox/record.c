#include "tests/sandbox/record.h"

#include <microhttpd.h>
#include <string.h>

struct list {
    struct text *line;
    const char *comma;
};

static enum MHD_Result on_argument(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct list *list = cls;
    text_format(list->line, "%s[", list->comma);
    text_quote(list->line, name);
    text_format(list->line, ",");
    text_quote(list->line, value != NULL ? value : "");
    text_format(list->line, "]");
    list->comma = ",";
    return MHD_YES;
}

static void add_headers(struct text *line, const struct call *call)
{
    static const char *const names[] = {"content-type", "client-request-id"};
    const char *token = call_header(call, "authorization");
    const char *comma = "";
    if (token != NULL) {
        bool bearer = strncmp(token, "Bearer ", strlen("Bearer ")) == 0;
        text_format(line, "\"authorization\":\"%s\"", bearer ? "Bearer hidden" : "hidden");
        comma = ",";
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = call_header(call, names[i]);
        if (value != NULL) {
            text_format(line, "%s\"%s\":", comma, names[i]);
            text_quote(line, value);
            comma = ",";
        }
    }
}

void record_call(FILE *file, const struct call *call)
{
    bool graphs = strncmp(call->path, "/beta/", strlen("/beta/")) == 0 ||
                  strncmp(call->path, "/v1.0/", strlen("/v1.0/")) == 0;
    if (file == NULL || !graphs) {
        return;
    }
    struct text line = {0};
    struct list list = {&line, ""};
    text_format(&line, "{\"method\":\"%s\",\"path\":", call->method);
    text_quote(&line, call->path);
    text_format(&line, ",\"query\":[");
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, on_argument, &list);
    text_format(&line, "],\"headers\":{");
    add_headers(&line, call);
    text_format(&line, "}");
    if (call->body.size > 0) {
        text_format(&line, ",\"body\":");
        text_quote(&line, call->body.bytes);
    }
    text_format(&line, "}\n");
    fwrite(line.bytes, 1, line.size, file);
    fflush(file);
    text_finish(&line);
}
