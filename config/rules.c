#include "config/rules.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#define LETTERS       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS        "0123456789"
#define TOPIC_LETTERS LETTERS DIGITS "._-"
#define HOST_LETTERS  LETTERS DIGITS "._-"
#define NAME_LETTERS  LETTERS DIGITS "._:-"

/* Unreserved and path characters of RFC 3986, without the % that could hide another one. */
#define PATH_LETTERS LETTERS DIGITS "/._~:@!$&'()*+,;=-"

#define SEGMENT_LETTERS LETTERS DIGITS "_-.~"

#define PATH_LENGTH_MAX           256 /* Graph's longest has 80; a look-up's query follows it */
#define TOPIC_LENGTH_MAX          249 /* Kafka's own limit */
#define NAME_LENGTH_MAX           200 /* leaves room for what Kafka and Redis names are made of */
#define HOST_LENGTH_MAX           255 /* of a DNS name */
#define PORT_MAX                  65535
#define REDIS_DATABASE_DIGITS_MAX 5
#define LINK_LOCAL_NET            0xa9fe /* 169.254 */

/* A host and a port cut out of a longer text. `port` is -1 where there is none. */
struct address {
    char host[HOST_LENGTH_MAX + 1]; /* without the brackets of IPv6 */
    int port;
    const char *rest; /* what follows */
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool only(const char *text, const char *letters)
{
    return text[strspn(text, letters)] == '\0';
}

static bool take_port(const char *text, struct address *address, struct error *error)
{
    size_t digits = strspn(text, DIGITS);
    long port = digits == 0 || digits > 5 ? PORT_MAX + 1L : strtol(text, NULL, 10);

    if (port > PORT_MAX) {
        return error_set(error, "has a port that is not a number up to %d", PORT_MAX);
    }
    address->port = (int)port;
    address->rest = text + digits;
    return true;
}

static bool take_address(const char *text, struct address *address, struct error *error)
{
    bool brackets = text[0] == '[';
    const char *start = text + (brackets ? 1 : 0);
    size_t length = strspn(start, brackets ? "0123456789abcdefABCDEF:." : HOST_LETTERS);

    *address = (struct address){.port = -1, .rest = start + length};
    if (length == 0 || length > HOST_LENGTH_MAX) {
        return error_set(error, "names no host; write host:port");
    }
    memcpy(address->host, start, length);
    if (brackets) {
        struct in6_addr ignored;
        if (address->rest[0] != ']' || inet_pton(AF_INET6, address->host, &ignored) != 1) {
            return error_set(error, "has no IPv6 address between [ and ]");
        }
        address->rest++;
    }
    return address->rest[0] != ':' || take_port(address->rest + 1, address, error);
}

static bool host_is_loopback(const char *host)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (inet_pton(AF_INET, host, &ipv4) == 1) {
        return (ntohl(ipv4.s_addr) >> 24) == IN_LOOPBACKNET;
    }
    if (inet_pton(AF_INET6, host, &ipv6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&ipv6);
    }
    return strcmp(host, "localhost") == 0;
}

bool rule_brokers(char *text, struct error *error)
{
    const char *next = text;

    for (;;) {
        size_t length = strcspn(next, ",");
        if (length == 0) {
            return error_set(error, "has no broker %s; write host:port, with commas between",
                             text[0] == '\0' ? "at all" : "beside a comma");
        }
        if (strcspn(next, " \t") < length) {
            return error_set(error, "has a blank in it; write host:port, with commas between");
        }
        if (next[length] == '\0') {
            return true;
        }
        next += length + 1;
    }
}

bool rule_name(char *text, struct error *error)
{
    if (text[0] == '\0') {
        return error_set(error, "must not be empty");
    }
    if (strlen(text) > NAME_LENGTH_MAX || !only(text, NAME_LETTERS)) {
        return error_set(error, "\"%.80s\" may have letters, digits and . _ : - only, at most %d",
                         text, NAME_LENGTH_MAX);
    }
    return true;
}

bool rule_topic(char *text, struct error *error)
{
    if (text[0] == '\0') {
        return error_set(error, "must not be empty");
    }
    if (strlen(text) > TOPIC_LENGTH_MAX || !only(text, TOPIC_LETTERS) || strcmp(text, ".") == 0 ||
        strcmp(text, "..") == 0) {
        return error_set(
            error,
            "\"%.80s\" is no name for a topic: Kafka takes letters, digits and . _ - only, "
            "at most %d",
            text, TOPIC_LENGTH_MAX);
    }
    return true;
}

bool rule_instance_id(char *text, struct error *error)
{
    if (strlen(text) > NAME_LENGTH_MAX || !only(text, TOPIC_LETTERS)) {
        return error_set(error, "\"%.80s\" may have letters, digits and . _ - only, at most %d",
                         text, NAME_LENGTH_MAX);
    }
    return true;
}

static bool check_socket(const char *path, struct error *error)
{
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        return error_set(error, "has a path of more than %zu bytes, too long for a socket",
                         sizeof((struct sockaddr_un *)0)->sun_path - 1);
    }
    return only(path, PATH_LETTERS) ||
           error_set(error, "has a character in its path that does not belong there");
}

bool rule_redis_url(char *text, struct error *error)
{
    struct address address;
    const char *host = strstr(text, "://");

    if (starts_with(text, "unix:///")) {
        return check_socket(text + strlen("unix://"), error);
    }
    if (!starts_with(text, "redis://") && !starts_with(text, "rediss://")) {
        return error_set(error, "must start with redis://, rediss:// (TLS) or unix:///");
    }
    host += strlen("://");
    if (strchr(host, '@') != NULL) {
        return error_set(error,
                         "must not hold a user or password; they have settings of their own: "
                         "redis.username and redis.password or redis.password_file");
    }
    if (!take_address(host, &address, error)) {
        return false;
    }
    if (address.port == 0) {
        return error_set(error, "has port 0, where nothing can listen");
    }
    if (address.rest[0] == '\0' || strcmp(address.rest, "/") == 0) {
        return true;
    }
    if (address.rest[0] != '/' || !only(address.rest + 1, DIGITS) ||
        strlen(address.rest + 1) > REDIS_DATABASE_DIGITS_MAX) {
        return error_set(error,
                         "must end in the number of a database, as in redis://localhost:6379/0");
    }
    return true;
}

bool path_has_segment(const char *path, const char *segment)
{
    size_t length = strlen(segment);

    for (const char *at = strchr(path, '/'); at != NULL; at = strchr(at + 1, '/')) {
        if (strncasecmp(at + 1, segment, length) == 0 &&
            (at[1 + length] == '/' || at[1 + length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Servers and clients take . and .. out of a path, so that it would lead somewhere else. */
static bool has_dot_segment(const char *path)
{
    return path_has_segment(path, ".") || path_has_segment(path, "..");
}

bool rule_path(char *text, struct error *error)
{
    size_t length = strlen(text);

    if (text[0] != '/' || length == 1) {
        return error_set(error, "must start with a slash, as in "
                                "/identityGovernance/entitlementManagement/assignmentRequests");
    }
    if (length > PATH_LENGTH_MAX || !only(text, SEGMENT_LETTERS "/")) {
        return error_set(error,
                         "may have letters, digits and / _ - . ~ only, without a query, at most %d",
                         PATH_LENGTH_MAX);
    }
    if (text[length - 1] == '/' || strstr(text, "//") != NULL || has_dot_segment(text)) {
        return error_set(error, "must not end in a slash, and have no part that is empty, . or ..");
    }
    if (path_has_segment(text, "v1.0")) {
        return error_set(error, "must not have v1.0 in it: it begins below the version's root");
    }
    return true;
}

/* Where the host starts; NULL if it is no web URL. */
static const char *web_host(const char *url)
{
    if (starts_with(url, "https://")) {
        return url + strlen("https://");
    }
    return starts_with(url, "http://") ? url + strlen("http://") : NULL;
}

/* `is_near`: where plain http may go. */
static bool check_web_url(char *text, bool (*is_near)(const char *host), const char *near,
                          struct error *error)
{
    struct address address;
    const char *host = web_host(text);

    if (host == NULL) {
        return error_set(error, "must start with https://");
    }
    if (!take_address(host, &address, error)) {
        return false;
    }
    if (address.port == 0) {
        return error_set(error, "has port 0, where nothing can listen");
    }
    if (address.rest[0] != '\0' && address.rest[0] != '/') {
        return error_set(error,
                         "must be https://host[:port]/path, without a user, a query or blanks");
    }
    if (!only(address.rest, PATH_LETTERS)) {
        return error_set(error, "has a character in its path that does not belong there");
    }
    if (has_dot_segment(address.rest)) {
        return error_set(error, "has . or .. for a part of its path; write where it leads to");
    }
    if (starts_with(text, "http://") && !is_near(address.host)) {
        return error_set(error,
                         "is http:// to %.200s; tokens travel over https:// only, but to a %s",
                         address.host, near);
    }
    size_t length = strlen(text);
    while (text[length - 1] == '/') {
        text[--length] = '\0';
    }
    return true;
}

bool rule_web_url(char *text, struct error *error)
{
    return check_web_url(text, host_is_loopback, "loopback address (127.0.0.1, [::1], localhost)",
                         error);
}

static bool host_is_on_this_link(const char *host)
{
    struct in_addr ipv4;

    return host_is_loopback(host) ||
           (inet_pton(AF_INET, host, &ipv4) == 1 && (ntohl(ipv4.s_addr) >> 16) == LINK_LOCAL_NET);
}

bool rule_identity_url(char *text, struct error *error)
{
    return check_web_url(text, host_is_on_this_link,
                         "loopback or link-local address (127.0.0.1, 169.254.169.254)", error);
}

bool rule_proxy(char *text, struct error *error)
{
    struct address address;
    const char *host = web_host(text);

    if (text[0] == '\0' || strcmp(text, "direct") == 0) {
        return true;
    }
    if (host == NULL) {
        return error_set(error, "must be http://host:port, https://host:port or direct");
    }
    if (strchr(host, '@') != NULL) {
        return error_set(error,
                         "must not hold a user or password; they have settings of their own: "
                         "graph.proxy_username and graph.proxy_password_file");
    }
    if (!take_address(host, &address, error)) {
        return false;
    }
    if (address.port <= 0) {
        return error_set(error, "names no port; write http://host:port");
    }
    if (address.rest[0] != '\0' && strcmp(address.rest, "/") != 0) {
        return error_set(error, "must end behind the port; a proxy has no path");
    }
    text[(size_t)(address.rest - text)] = '\0';
    return true;
}

bool rule_scope(char *text, struct error *error)
{
    size_t length = strlen(text);
    size_t end = strlen("/.default");

    if (length == 0) {
        return true;
    }
    if (strstr(text, "://") == NULL || length <= end ||
        strcmp(text + length - end, "/.default") != 0 || !only(text, PATH_LETTERS)) {
        return error_set(error,
                         "\"%.80s\" is no scope; write one as https://graph.microsoft.com/.default",
                         text);
    }
    return true;
}

bool rule_identifier(char *text, struct error *error)
{
    if (strlen(text) > NAME_LENGTH_MAX || !only(text, HOST_LETTERS)) {
        return error_set(error, "\"%.80s\" is neither a GUID nor a domain name", text);
    }
    return true;
}

bool rule_listen(char *text, struct error *error)
{
    struct address address;

    if (text[0] == '\0') {
        return true;
    }
    if (!take_address(text, &address, error)) {
        return false;
    }
    if (address.port < 0 || address.rest[0] != '\0') {
        return error_set(error,
                         "\"%.80s\" is not host:port, as in 127.0.0.1:9464; \"\" turns it off",
                         text);
    }
    return true;
}

bool url_is_loopback(const char *url)
{
    struct address address;
    const char *host = web_host(url);

    return host != NULL && take_address(host, &address, NULL) && host_is_loopback(address.host);
}
