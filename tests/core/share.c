#include "tests/core/share.h"

#include <stdlib.h>

int test_share(void)
{
    const char *text = getenv("USHER_TEST_SHARE");
    return text != NULL ? (int)strtol(text, NULL, 10) : 1;
}
