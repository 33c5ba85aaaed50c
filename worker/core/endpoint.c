#include "worker/core/endpoint.h"

#include <stdio.h>

enum { PORT_MOST = 65535 };

static struct str trim(struct str text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static struct str after(struct str text, size_t count)
{
    return (struct str){text.data + count, text.size - count};
}

static struct str without_protocol(struct str text)
{
    for (size_t i = 0; i + 3 <= text.size; i++)
        if (memcmp(text.data + i, "://", 3) == 0)
            return after(text, i + 3);
    return text;
}

static bool read_port(struct str text, int *ret)
{
    int port = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || port > PORT_MOST)
            return false;
        port = 10 * port + (text.data[i] - '0');
    }
    *ret = port;
    return port > 0 && port <= PORT_MOST;
}

/* Where the host ends: brackets are for addresses, which have colons of their own. */
static size_t host_size(struct str text, bool brackets)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != (brackets ? ']' : ':'))
        size++;
    return size;
}

bool endpoint_read(struct str text, int port_default, struct endpoint *ret)
{
    text = without_protocol(trim(text));
    bool brackets = text.size > 0 && text.data[0] == '[';
    if (brackets)
        text = after(text, 1);
    size_t size = host_size(text, brackets);
    if (size == 0 || size >= sizeof ret->host || (brackets && size == text.size))
        return false;
    memcpy(ret->host, text.data, size);
    ret->host[size] = '\0';
    ret->port = port_default;
    text = after(text, size + (brackets ? 1 : 0));
    if (text.size == 0)
        return true;
    return text.data[0] == ':' && read_port(after(text, 1), &ret->port);
}

bool endpoint_of_url(const char *url, struct endpoint *ret)
{
    bool tls = strncmp(url, "https://", 8) == 0;
    if (!tls && strncmp(url, "http://", 7) != 0)
        return false;
    const char *host = url + (tls ? 8 : 7);
    struct str text = {host, strcspn(host, "/?#")};
    return endpoint_read(text, tls ? 443 : 80, ret);
}

void endpoint_name(const struct endpoint *endpoint, char ret[ENDPOINT_NAME_SIZE])
{
    bool brackets = strchr(endpoint->host, ':') != NULL;
    (void)snprintf(ret, ENDPOINT_NAME_SIZE, "%s%s%s:%d", brackets ? "[" : "", endpoint->host,
                   brackets ? "]" : "", endpoint->port);
}

bool endpoint_next(struct str *list, struct str *ret)
{
    while (list->size > 0) {
        size_t size = 0;
        while (size < list->size && list->data[size] != ',')
            size++;
        struct str piece = trim((struct str){list->data, size});
        *list = after(*list, size < list->size ? size + 1 : size);
        if (piece.size == 0)
            continue;
        *ret = piece;
        return true;
    }
    return false;
}
