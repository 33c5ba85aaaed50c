#pragma once

/* Under valgrind, fifty times slower, a long loop does one turn of so many (USHER_TEST_SHARE, set
 * by tests/CMakeLists.txt). 1: all of them. */
int test_share(void);
