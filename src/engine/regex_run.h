/* Running one compiled expression, in memory that many can share. For
 * textset.c; others use engine/textset.h. */
#ifndef ENGINE_REGEX_RUN_H
#define ENGINE_REGEX_RUN_H

#include "engine/textset.h"
#include "engine/wider_set.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Of one process. `stack` may be NULL: then the JIT has 32 KiB of the
 * machine's stack. */
struct regex_memory {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

/* False when memory is out (nothing is left open). */
bool regex_memory_open(struct regex_memory *m, bool with_stack);
void regex_memory_close(struct regex_memory *m);

/* A wider expression (regex_wider.h), in the arena; false when none is known. */
bool regex_wider(struct arena *a, const struct regex *r, struct wider *out);

enum regex_result regex_run(const struct regex *r, const struct regex_memory *m, struct span subject);

#endif
