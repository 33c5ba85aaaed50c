#include "worker/io/token_expiry.h"

#include "worker/io/log.h"
#include "worker/io/token_certificate.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

const char *token_expiry_warning(struct token_expiry *expiry, int64_t now_wall_ms)
{
    char *text = expiry->text;
    char at[32] = "";
    struct tm parts;
    time_t ends_s = (time_t)(expiry->ends_wall_ms / 1000);
    int64_t left_ms = expiry->ends_wall_ms - now_wall_ms;
    if (expiry->ends_wall_ms == 0 || left_ms > (int64_t)TOKEN_EXPIRY_WARN_DAYS * DAY_MS)
        return "";
    if (gmtime_r(&ends_s, &parts) != NULL)
        strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (left_ms <= 0)
        snprintf(text, sizeof expiry->text,
                 "graph.certificate_file: the certificate has expired at %s", at);
    else
        snprintf(text, sizeof expiry->text,
                 "graph.certificate_file: the certificate expires in %" PRId64 " days, at %s",
                 left_ms / DAY_MS, at);
    return text;
}

static void warn(struct token_expiry *expiry, int64_t now_wall_ms)
{
    const char *text = token_expiry_warning(expiry, now_wall_ms);
    if (text[0] == '\0' || now_wall_ms - expiry->warned_wall_ms < DAY_MS)
        return;
    expiry->warned_wall_ms = now_wall_ms;
    log_write(LOG_WARN, "certificate.expires",
              "%s; make a new one, upload it to the app registration and replace the file", text);
}

void token_expiry_note(struct token_expiry *expiry, int64_t ends_wall_ms, int64_t now_wall_ms)
{
    if (expiry->ends_wall_ms != ends_wall_ms)
        expiry->warned_wall_ms = 0; /* another one: its warning is due at once */
    expiry->ends_wall_ms = ends_wall_ms;
    warn(expiry, now_wall_ms);
}

/* Another number when a file has been replaced or written to. */
static uint64_t stamp_of(const char *path)
{
    struct stat file;
    if (path[0] == '\0' || stat(path, &file) != 0)
        return 0;
    return ((uint64_t)file.st_mtim.tv_sec * 1000000007 + (uint64_t)file.st_mtim.tv_nsec) ^
           ((uint64_t)file.st_ino * 31 + (uint64_t)file.st_size);
}

void token_expiry_look(struct token_expiry *expiry, const struct settings *settings,
                       int64_t now_wall_ms)
{
    int64_t since_ms = now_wall_ms - expiry->looked_wall_ms;
    if (settings->graph.auth != AUTH_CERTIFICATE ||
        (since_ms >= 0 && since_ms < TOKEN_EXPIRY_LOOK_MS))
        return;
    expiry->looked_wall_ms = now_wall_ms;
    uint64_t stamp =
        stamp_of(settings->graph.certificate_file) * 3 + stamp_of(settings->graph.private_key_file);
    warn(expiry, now_wall_ms);
    if (stamp == expiry->stamp)
        return;
    struct token_certificate certificate;
    struct error error = {0};
    expiry->stamp = stamp;
    if (token_certificate_read(settings, now_wall_ms, &certificate, &error)) {
        token_expiry_note(expiry, certificate.expires_wall_ms, now_wall_ms);
        token_certificate_finish(&certificate);
        return;
    }
    log_write(LOG_WARN, "certificate.unusable", "%s; the next token cannot be had with it",
              error.text);
}
