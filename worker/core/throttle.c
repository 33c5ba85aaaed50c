#include "worker/core/throttle.h"

#include <strings.h>

enum { USED_MOST = 9999 };

static bool is_word(struct str text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

enum gate_scope throttle_scope(struct str value)
{
    const char *slash = value.data != NULL ? memchr(value.data, '/', value.size) : NULL;
    if (slash == NULL)
        return GATE_ALL;
    struct str limit = {slash + 1, value.size - (size_t)(slash + 1 - value.data)};
    const char *end = memchr(limit.data, '/', limit.size);
    if (end != NULL)
        limit.size = (size_t)(end - limit.data);
    if (is_word(limit, "Write"))
        return GATE_WRITES;
    return is_word(limit, "Read") ? GATE_READS : GATE_ALL;
}

int throttle_used_permille(struct str value)
{
    int used = 0;
    int unit = 1000;
    size_t digits = 0;
    bool fraction = false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            return 0;
        digits++;
        if (fraction)
            unit /= 10;
        if (!fraction && used <= USED_MOST)
            used = used * 10 + (c - '0') * 1000;
        else if (fraction)
            used += (c - '0') * unit;
    }
    if (digits == 0)
        return 0;
    return used < USED_MOST ? used : USED_MOST;
}
