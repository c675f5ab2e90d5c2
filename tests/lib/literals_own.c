/* The search for literals without libhs, under names of its own. */
#define literals_compile own_literals_compile
#define literals_scratch_new own_literals_scratch_new
#define literals_scratch_free own_literals_scratch_free
#define literals_scan own_literals_scan
#include "../../src/engine/literals_ac.c"
