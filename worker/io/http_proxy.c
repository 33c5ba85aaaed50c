#include "worker/io/http_proxy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_direct(const struct settings *settings)
{
    return strcmp(settings->graph.proxy, "direct") == 0;
}

static bool is_set(const struct settings *settings)
{
    return settings->graph.proxy[0] != '\0' && !is_direct(settings);
}

static uint64_t stamp_of(const char *path)
{
    struct stat file;
    if (path[0] == '\0' || stat(path, &file) != 0)
        return 0;
    return (uint64_t)file.st_mtim.tv_sec * 1000000000U + (uint64_t)file.st_mtim.tv_nsec +
           (uint64_t)file.st_ino;
}

static void drop_password(struct http_proxy *proxy)
{
    if (proxy->password != NULL)
        explicit_bzero(proxy->password, SECRET_SIZE_MAX);
    free(proxy->password);
    proxy->password = NULL;
}

static bool read_password(struct http_proxy *proxy, struct error *error)
{
    const struct settings *s = proxy->settings;
    char *password = calloc(1, SECRET_SIZE_MAX);
    struct error why = {0};
    if (password == NULL)
        return error_set(error, "graph.proxy_password: no memory");
    proxy->stamp = stamp_of(s->graph.proxy_password_file);
    if (!secret_read(s->graph.proxy_password, s->graph.proxy_password_file, password,
                     SECRET_SIZE_MAX, &why)) {
        free(password);
        return error_set(error, "graph.proxy_password: %s", why.text);
    }
    drop_password(proxy);
    proxy->password = password;
    proxy->number++;
    return true;
}

bool http_proxy_init(struct http_proxy *proxy, const struct settings *settings, struct error *error)
{
    *proxy = (struct http_proxy){.settings = settings};
    return !is_set(settings) || settings->graph.proxy_username[0] == '\0' ||
           read_password(proxy, error);
}

void http_proxy_finish(struct http_proxy *proxy)
{
    drop_password(proxy);
}

void http_proxy_look(struct http_proxy *proxy, int64_t now_ms)
{
    if (proxy->password == NULL || proxy->settings->graph.proxy_password_file[0] == '\0' ||
        now_ms - proxy->looked_ms < HTTP_PROXY_LOOK_MS)
        return;
    proxy->looked_ms = now_ms;
    if (stamp_of(proxy->settings->graph.proxy_password_file) != proxy->stamp)
        (void)read_password(proxy, NULL);
}

void http_proxy_set(const struct http_proxy *proxy, CURL *easy, const char *url)
{
    const struct settings *s = proxy->settings;
    if (strncmp(url, "https://", 8) != 0 || is_direct(s)) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        return;
    }
    /* Our headers are for Graph: the token stands in one. What the proxy says is not Graph's. */
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    if (!is_set(s))
        return;
    curl_easy_setopt(easy, CURLOPT_PROXY, s->graph.proxy);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the environment's does not count */
    if (proxy->password == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, s->graph.proxy_username);
    curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, proxy->password);
}
