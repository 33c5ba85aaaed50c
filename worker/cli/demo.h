/*
 * `usher demo`: everything on this machine, to be seen at work. Kafka inside, a redis-server and a
 * stand-in for Graph of its own, and the very same worker as `usher run`.
 */
#pragma once

/*
 * `argv[0]` is "demo". Returns the exit code: 0 every event was answered once and as it was made to
 * be, and the worker drained; 1 not so; 2 wrong usage; 69 something that it needs is missing or
 * does not start; 130 a signal ended it early. After --hold a signal is the wished end: 0 or 1.
 */
int cli_demo(int argc, char **argv);
