/* Asking clamd and waiting for its answer, as a proxy asks. */
#ifndef CLI_CLAMD_ASKER_H
#define CLI_CLAMD_ASKER_H

#include "base/arena.h"
#include "conf/settings.h"
#include "wire/clamd.h"

struct clamd_asker;
/* NULL when memory is out; then every answer is CLAMD_FAILED. */
struct clamd_asker *clamd_asker_new(const struct settings *settings);
void clamd_asker_free(struct clamd_asker **c);

/* By that policy's clamd_settings. *text, in the arena: the name of what was
 * found or what went wrong. */
enum clamd_result clamd_ask(struct clamd_asker *c, size_t policy, struct span message, struct arena *a,
    struct span *text);

#endif
