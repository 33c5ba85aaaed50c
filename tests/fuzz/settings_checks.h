#pragma once

#include "config/load.h"

/* Properties of settings_load(), for the target of the file and that of environment and flags. */

/* A secret that no input has; the environment of every load sets it as redis.password. */
#define CHECK_SECRET "hunter2-never-shown-7f3a"

/* Loads once; the source's environment holds CHECK_SECRET. What is wrong with it has a place and is
 * told in printable lines, what is loaded is within the option table's bounds, and its printed form
 * is read back as the same settings. */
void check_settings_load(const struct settings_source *source);

/* A file of these bytes that only this process sees, for `source.file`. Returns its descriptor, to
 * be closed. */
enum { CHECK_PATH_SIZE = 64 };
int check_file_of(const char *bytes, size_t size, char ret_path[CHECK_PATH_SIZE]);
