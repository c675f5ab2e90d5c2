/* Where in the program a call comes from, for tests/faults.c. */
#pragma once

#include <stdint.h>

/* A number for the innermost callers of the function that it is called in, never 0: the
 * same in each process and each run of one build, and for nearly no others. It takes no
 * memory and calls nothing that faults.c replaces. */
uint32_t place_of_call(void);
