/* What the worker's strict reader (json_read.h) makes of JSON texts, for differential.py, which
 * lays Python's reading beside it. Reads texts from stdin, each with its length as four bytes
 * before it, the lowest first. Prints a line for each: the fault's code behind `-`, or the value
 * behind `+`:
 *
 *     n t f                     null, true, false
 *     d3ff0000000000000         a number: the bits of the double
 *     s6869;                    a string: the bytes of its UTF-8
 *     [value value] {name value name value}
 */
#include "worker/core/json_read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_SIZE_MAX = 4 << 20 };

static void print_text(const char *text)
{
    putchar('s');
    for (; *text != '\0'; text++)
        printf("%02x", (unsigned char)*text);
    putchar(';');
}

static void print_value(const cJSON *item)
{
    uint64_t bits = 0;
    if (cJSON_IsNull(item) || cJSON_IsBool(item)) {
        putchar(cJSON_IsNull(item) ? 'n' : cJSON_IsTrue(item) ? 't' : 'f');
    } else if (cJSON_IsNumber(item)) {
        memcpy(&bits, &item->valuedouble, sizeof bits);
        printf("d%016" PRIx64, bits);
    } else if (cJSON_IsString(item)) {
        print_text(item->valuestring);
    } else {
        bool object = cJSON_IsObject(item);
        assert(object || cJSON_IsArray(item));
        putchar(object ? '{' : '[');
        for (const cJSON *child = item->child; child != NULL; child = child->next) {
            if (object)
                print_text(child->string);
            print_value(child);
        }
        putchar(object ? '}' : ']');
    }
}

static void judge(struct str text)
{
    struct json_fault fault;
    cJSON *tree = json_read(text, &fault);
    if (tree == NULL)
        printf("-%s", fault.code);
    else
        putchar('+');
    if (tree != NULL)
        print_value(tree);
    putchar('\n');
    cJSON_Delete(tree);
}

int main(void)
{
    unsigned char head[4];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t size =
            head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        assert(size <= TEXT_SIZE_MAX);
        /* No byte behind it, so that the address sanitizer sees every read past its end. */
        char *text = malloc(size > 0 ? size : 1);
        assert(text != NULL);
        if (fread(text, 1, size, stdin) != size) {
            free(text);
            return 1;
        }
        judge((struct str){text, size});
        free(text);
    }
    return 0;
}
