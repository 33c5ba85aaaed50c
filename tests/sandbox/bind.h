#pragma once
// JSON object -> struct, by a table: how the control API reads what a test sends. Unknown names and
// wrong types are refused with their name, so that a test with a spelling mistake does not pass by
// accident.

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define WHY_SIZE 160

enum bind_type {
    BIND_TEXT,   // char[size]; takes a number too, as its text
    BIND_INT,    // int64_t, >= -1
    BIND_NUMBER, // double
    BIND_BOOL,   // bool
};

struct binding {
    const char *name; // NULL ends the table
    enum bind_type type;
    size_t offset;
    size_t size; // BIND_TEXT only
};

bool bind_object(const cJSON *object, const struct binding *table, void *ret,
                 char ret_why[WHY_SIZE]);

// One member; false with ret_why where the table has no such name or the type is wrong.
bool bind_member(const cJSON *item, const struct binding *table, void *ret, char ret_why[WHY_SIZE]);

// The reverse: a new JSON object of all that the table names.
cJSON *bind_show(const struct binding *table, const void *from);
