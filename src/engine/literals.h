/* Many literals looked for at once: by libhs where it is built in, else by our
 * own automaton; the results are the same. */
#ifndef ENGINE_LITERALS_H
#define ENGINE_LITERALS_H

#include "base/arena.h"

struct literal {
	struct span bytes; /* 1 to LITERAL_MAX bytes, any values */
	bool nocase;       /* ASCII case is ignored */
	uint32_t id;       /* several literals may share an id */
};
enum { LITERAL_MAX = 512 };

struct literals;
/* Compiles; the set lives as long as the arena (arena_defer frees libhs's
 * parts). The bytes are copied. Shared by forked processes. */
struct literals *literals_compile(struct arena *a, const struct literal *items, size_t count);

/* Scratch of one process; NULL when the set needs none. Made before the cage. */
struct literals_scratch;
struct literals_scratch *literals_scratch_new(const struct literals *set);
void literals_scratch_free(struct literals_scratch **s);

/* Calls found(context, id, end) for every occurrence, end = offset after it;
 * a literal may be told more than once at one place. found returns false to stop.
 * Returns false when the search itself failed (then nothing is known). */
bool literals_scan(const struct literals *set, struct literals_scratch *s, struct span text,
    bool (*found)(void *context, uint32_t id, size_t end), void *context);

#endif
