#include "worker/core/guid.h"

static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

static char lower_digit(char byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'))
        return byte;
    if (byte >= 'A' && byte <= 'F')
        return (char)(byte - 'A' + 'a');
    return '\0';
}

bool guid_read(struct str text, char ret[GUID_SIZE])
{
    ret[0] = '\0';
    if (text.size != GUID_SIZE - 1)
        return false;
    char read[GUID_SIZE] = "";
    for (size_t i = 0; i < GUID_SIZE - 1; i++) {
        bool is_digit = form[i] == 'x';
        read[i] = is_digit ? lower_digit(text.data[i]) : text.data[i];
        if (is_digit ? read[i] == '\0' : read[i] != '-')
            return false;
    }
    memcpy(ret, read, GUID_SIZE);
    return true;
}

void guid_write(const uint8_t bytes[16], char ret[GUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t nibble = 0;
    for (size_t i = 0; i < GUID_SIZE - 1; i++) {
        if (form[i] == '-') {
            ret[i] = '-';
            continue;
        }
        ret[i] = digits[nibble % 2 == 0 ? bytes[nibble / 2] >> 4 : bytes[nibble / 2] & 15];
        nibble++;
    }
    ret[GUID_SIZE - 1] = '\0';
}

void guid_from_random(const uint8_t random[16], char ret[GUID_SIZE])
{
    uint8_t bytes[16];
    memcpy(bytes, random, sizeof bytes);
    bytes[6] = (uint8_t)(0x40 | (bytes[6] & 15)); /* the version */
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 63)); /* the variant: binary 10xx */
    guid_write(bytes, ret);
}
