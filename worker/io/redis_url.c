#include "worker/io/redis_url.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *after(const char *text, const char *start)
{
    size_t size = strlen(start);
    return strncmp(text, start, size) == 0 ? text + size : NULL;
}

/* Digits up to the end or up to `end`; -1: there is no number up to `most`. */
static int read_number(const char *text, char end, int most, const char **ret_rest)
{
    int number = 0;
    const char *next = text;

    for (; *next >= '0' && *next <= '9'; next++) {
        number = number * 10 + (*next - '0');
        if (number > most)
            return -1;
    }
    *ret_rest = next;
    return next > text && (*next == '\0' || *next == end) ? number : -1;
}

/* Takes the host, without brackets, and returns what follows it; NULL if there is none. */
static const char *read_host(const char *text, struct redis_url *ret)
{
    bool brackets = text[0] == '[';
    const char *start = brackets ? text + 1 : text;
    size_t size = strcspn(start, brackets ? "]" : ":/");

    if (size == 0 || size >= sizeof ret->host || (brackets && start[size] != ']'))
        return NULL;
    memcpy(ret->host, start, size);
    ret->host[size] = '\0';
    return start + size + (brackets ? 1 : 0);
}

static bool read_path(const char *path, struct redis_url *ret, struct error *error)
{
    if (path[0] != '/')
        return error_set(error, "redis.url: a socket is written unix:///path, with three slashes");
    if (strlen(path) >= sizeof ret->path)
        return error_set(error, "redis.url: the path of a socket may have %zu bytes at most",
                         sizeof ret->path - 1);
    memcpy(ret->path, path, strlen(path) + 1);
    ret->transport = REDIS_UNIX;
    snprintf(ret->name, sizeof ret->name, "%s", ret->path);
    return true;
}

bool redis_url_read(const char *text, struct redis_url *ret, struct error *error)
{
    const char *rest;

    *ret = (struct redis_url){.port = REDIS_PORT_DEFAULT};
    if ((rest = after(text, "unix://")) != NULL) {
        ret->port = 0;
        return read_path(rest, ret, error);
    }
    if ((rest = after(text, "rediss://")) != NULL)
        ret->transport = REDIS_TLS;
    else if ((rest = after(text, "redis://")) == NULL)
        return error_set(error, "redis.url: must start with redis://, rediss:// (TLS) or unix:///");
    if (strchr(rest, '@') != NULL)
        return error_set(error,
                         "redis.url: must not hold a user or password; set redis.username and "
                         "redis.password or redis.password_file");
    if ((rest = read_host(rest, ret)) == NULL)
        return error_set(error, "redis.url: has no host; write redis://host:port/database");
    if (*rest == ':' && (ret->port = read_number(rest + 1, '/', UINT16_MAX, &rest)) <= 0)
        return error_set(error, "redis.url: the port must be a number from 1 to 65535");
    if (*rest == '/' && rest[1] != '\0' &&
        (ret->database = read_number(rest + 1, '\0', 99999, &rest)) < 0)
        return error_set(error, "redis.url: must end in the number of a database, as in "
                                "redis://localhost:6379/0");
    bool ipv6 = strchr(ret->host, ':') != NULL;
    snprintf(ret->name, sizeof ret->name, ipv6 ? "[%s]:%d" : "%s:%d", ret->host, ret->port);
    return *rest == '\0' || *rest == '/' ||
           error_set(error, "redis.url: \"%s\" is left over at its end", rest);
}
