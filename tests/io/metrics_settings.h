#pragma once

#include "config/settings.h"

/* As much of the settings as /metrics looks at. */
extern const struct settings metrics_settings;
