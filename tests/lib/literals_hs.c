/* The search for literals by libhs, under names of its own. */
#define literals_compile hs_literals_compile
#define literals_scratch_new hs_literals_scratch_new
#define literals_scratch_free hs_literals_scratch_free
#define literals_scan hs_literals_scan
#include "../../src/engine/literals_hs.c"
