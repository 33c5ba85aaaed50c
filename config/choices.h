/* What a setting of few words may be, in the order of the words in options.c. */
#pragma once

enum delivery { DELIVERY_EXACTLY_ONCE, DELIVERY_AT_LEAST_ONCE };
enum cloud { CLOUD_GLOBAL, CLOUD_USGOV, CLOUD_DOD, CLOUD_CHINA };
enum auth {
    AUTH_CLIENT_SECRET,
    AUTH_CERTIFICATE,
    AUTH_WORKLOAD_IDENTITY,
    AUTH_MANAGED_IDENTITY,
    AUTH_TOKEN
};
enum http_version { HTTP_VERSION_AUTO, HTTP_VERSION_1_1, HTTP_VERSION_2 };
enum dry_run { DRY_RUN_REQUIRED, DRY_RUN_OFF };
enum dry_run_echo { DRY_RUN_ECHO_REQUIRED, DRY_RUN_ECHO_LENIENT };
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON };
