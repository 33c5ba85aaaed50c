#pragma once

/* The worker's log, kept for a test to look into: all of it, from open to close. One at a time. */
void log_capture_open(void);
void log_capture_close(void);

/* How many lines of it hold these words. */
int log_capture_count(const char *words);
