/* The files of auth: certificate, and what is said of them while time goes by. */
#include "tests/io/certificates.h"
#include "tests/io/log_capture.h"
#include "worker/io/token_certificate.h"
#include "worker/io/token_expiry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { DAY_S = 24 * 60 * 60 };

static char dir[] = "/tmp/usher-certificate-XXXXXX";

static const struct {
    const char *name;
    struct certificate_kind kind;
} made[] = {
    {"good", {.from_days = -1, .to_days = 60}},
    {"other", {.from_days = -1, .to_days = 60}},
    {"soon", {.from_days = -1, .to_days = 12}},
    {"old", {.from_days = -9, .to_days = -1}},
    {"young", {.from_days = 2, .to_days = 60}},
    {"short", {.bits = 1024, .from_days = -1, .to_days = 60}},
    {"curve", {.elliptic = true, .from_days = -1, .to_days = 60}},
    {"locked", {.from_days = -1, .to_days = 60, .passphrase = "canary-phrase"}},
};

static const char *path_of(const char *file)
{
    static char paths[16][128];
    static unsigned next;
    char *path = paths[next++ % 16];
    if (file[0] == '\0' || file[0] == '/')
        return file;
    snprintf(path, sizeof paths[0], "%s/%s", dir, file);
    return path;
}

static void write_file(const char *file, const char *text)
{
    FILE *out = fopen(path_of(file), "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int open_world(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        assert_true(certificates_make_own(dir, made[i].name, &made[i].kind));
    write_file("text", "no PEM at all\n");
    write_file("empty", "");
    write_file("torn", "-----BEGIN CERTIFICATE-----\nMIIC\n");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    static const char *const others[] = {"text", "empty", "torn"};
    char file[32];
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(file, sizeof file, "%s.pem", made[i].name);
        unlink(path_of(file));
        snprintf(file, sizeof file, "%s.key", made[i].name);
        unlink(path_of(file));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        unlink(path_of(others[i]));
    return rmdir(dir);
}

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static struct settings settings_of(const char *certificate, const char *key)
{
    return (struct settings){.graph = {.auth = AUTH_CERTIFICATE,
                                       .certificate_file = path_of(certificate),
                                       .private_key_file = path_of(key)}};
}

static void every_mistake_names_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *certificate, *key, *setting, *words;
    } rows[] = {
        {"good.pem", "good.key", NULL, NULL},
        {"soon.pem", "soon.key", NULL, NULL},
        {"/nowhere/c.pem", "good.key", "graph.certificate_file", "/nowhere/c.pem: cannot be read"},
        {"good.pem", "/nowhere/k.key", "graph.private_key_file", "/nowhere/k.key: cannot be read"},
        {"good.pem", "", "graph.certificate_file", "no private key"},
        {"good.pem", "good.pem", "graph.private_key_file", "no private key"},
        {"good.key", "good.key", "graph.certificate_file", "no certificate"},
        {"good.key", "", "graph.certificate_file", "no certificate"},
        {"text", "good.key", "graph.certificate_file", "no certificate"},
        {"empty", "good.key", "graph.certificate_file", "no certificate"},
        {"torn", "good.key", "graph.certificate_file", "no certificate"},
        {"good.pem", "text", "graph.private_key_file", "no private key"},
        {"good.pem", "torn", "graph.private_key_file", "no private key"},
        {"good.pem", "other.key", "graph.certificate_file", "is not the certificate's"},
        {"old.pem", "old.key", "graph.certificate_file", "has expired at 20"},
        {"young.pem", "young.key", "graph.certificate_file", "is valid only from 20"},
        {"short.pem", "short.key", "graph.private_key_file", "not RSA with 2048 bits"},
        {"curve.pem", "curve.key", "graph.private_key_file", "not RSA with 2048 bits"},
        {"locked.pem", "locked.key", "graph.private_key_file", "has a passphrase"},
        {"/dev/zero", "good.key", "graph.certificate_file", "is larger than"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings settings = settings_of(rows[i].certificate, rows[i].key);
        struct token_certificate certificate;
        struct error error = {0};
        bool good = token_certificate_read(&settings, wall_ms(), &certificate, &error);
        const char *setting = rows[i].setting;
        if (setting == NULL ? !good || certificate.key == NULL
                            : good || certificate.key != NULL ||
                                  strncmp(error.text, setting, strlen(setting)) != 0 ||
                                  strstr(error.text, rows[i].words) == NULL)
            fail_msg("row %zu (%s, %s): %d, %s", i, rows[i].certificate, rows[i].key, good,
                     error.text);
        token_certificate_finish(&certificate);
    }
}

static void a_warning_comes_30_days_ahead_and_daily(void **state)
{
    (void)state;
    struct token_expiry expiry = {0};
    int64_t day_ms = (int64_t)DAY_S * 1000, now_ms = wall_ms(), ends_ms = now_ms + 60 * day_ms;
    log_capture_open();
    assert_string_equal(token_expiry_warning(&expiry, now_ms), "");
    token_expiry_note(&expiry, ends_ms, now_ms);
    token_expiry_note(&expiry, ends_ms, ends_ms - 31 * day_ms);
    assert_int_equal(log_capture_count("certificate.expires"), 0);
    for (int hours = 0; hours < 72; hours++) /* a fetch each hour, for three days */
        token_expiry_note(&expiry, ends_ms, ends_ms - 30 * day_ms + hours * day_ms / 24);
    assert_int_equal(log_capture_count("certificate.expires"), 3);
    assert_int_equal(log_capture_count("expires in 29 days"), 1);
    assert_non_null(
        strstr(token_expiry_warning(&expiry, ends_ms - day_ms - 1), "in 1 days, at 20"));
    assert_non_null(strstr(token_expiry_warning(&expiry, ends_ms), "has expired at 20"));
    /* A new one that is short as well says so at once. */
    token_expiry_note(&expiry, ends_ms + day_ms, ends_ms - 27 * day_ms);
    assert_int_equal(log_capture_count("certificate.expires"), 4);
    log_capture_close();
}

static void replace(const char *from, const char *to)
{
    assert_int_equal(rename(path_of(from), path_of(to)), 0);
}

/* Between two tokens, too: whoever replaces the file sees the new date at once. */
static void a_replaced_file_is_seen(void **state)
{
    (void)state;
    struct settings settings = settings_of("good.pem", "good.key");
    struct token_expiry expiry = {0};
    int64_t now_ms = wall_ms();
    log_capture_open();
    token_expiry_look(&expiry, &settings, now_ms);
    int64_t ends_ms = expiry.ends_wall_ms;
    assert_in_range((ends_ms - now_ms) / 1000, 59 * DAY_S, 60 * DAY_S);
    replace("soon.pem", "good.pem"); /* first the one, then the other */
    token_expiry_look(&expiry, &settings, now_ms + 500);
    assert_int_equal(log_capture_count("certificate.unusable"), 0); /* not yet looked at */
    token_expiry_look(&expiry, &settings, now_ms + 1000);
    assert_true(expiry.ends_wall_ms == ends_ms);
    token_expiry_look(&expiry, &settings, now_ms + 5000);
    assert_int_equal(log_capture_count("certificate.unusable"), 1);
    replace("soon.key", "good.key");
    token_expiry_look(&expiry, &settings, now_ms + 6000);
    assert_in_range((expiry.ends_wall_ms - now_ms) / 1000, 11 * DAY_S, 12 * DAY_S);
    assert_int_equal(log_capture_count("expires in 11 days"), 1);
    log_capture_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_names_its_file),
        cmocka_unit_test(a_warning_comes_30_days_ahead_and_daily),
        cmocka_unit_test(a_replaced_file_is_seen),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
