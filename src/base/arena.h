/* An arena: memory that lives as long as one piece of work (the scan of a
 * message, the reading of a configuration) and is given back all at once.
 *
 * arena_alloc() and its kin never return NULL. When memory is out, or the
 * arena's limit is reached, they leave through arena_give_up(), which jumps to
 * the `escape` of whoever began the work, if there is one, and ends the
 * program otherwise. So the straight-line code between has no error paths for
 * memory. Resources that are not memory are given back by arena_defer().
 *
 * Where nobody set an escape some blocks of reserve are used up first, so that
 * a server can finish what it is at, and then end that session and no other. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>

struct arena;

/* limit: most bytes it may hold, 0 = no limit. Ends the program when even the
 * arena itself cannot be had, and no reserve is left. */
struct arena *arena_new(size_t limit);
/* For work on what is to be `owner`'s: gives up where that does, as if that had, and is freed
 * with it if it is not before. */
struct arena *arena_new_within(struct arena *owner);
/* Whether the reserve of this process was used since this was last asked. */
bool arena_ran_short(void);
/* Runs what was deferred, last first, frees everything and clears *a. */
void arena_free(struct arena **a);
/* Zeroes all that was handed out, before an arena that held a secret is freed. */
void arena_wipe(struct arena *a);
/* The same, but the arena can be used again; it keeps its first block. The
 * escape is forgotten. */
void arena_reset(struct arena *a);

/* Where arena_give_up() goes:
 *     jmp_buf escape;
 *     if (setjmp(escape) != 0) { ... arena_gave_up(a) says why ... }
 *     arena_set_escape(a, &escape);
 * NULL takes it back. */
void arena_set_escape(struct arena *a, jmp_buf *escape);
/* Leaves the work: `why` (a string that lives on) says what limit was hit. */
_Noreturn void arena_give_up(struct arena *a, const char *why);
const char *arena_gave_up(const struct arena *a);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t len) __attribute__((returns_nonnull));
/* Not zeroed. */
void *arena_alloc_raw(struct arena *a, size_t len) __attribute__((returns_nonnull));
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc_array((a), sizeof(type), (n)))
void *arena_alloc_array(struct arena *a, size_t size, size_t n) __attribute__((returns_nonnull));
/* Makes *items hold at least need elements of `size` bytes, keeping the
 * *cap old ones; *cap is updated. For arrays that grow. */
void *arena_grow(struct arena *a, void *items, size_t size, size_t *cap, size_t need);

/* NUL-terminated copies. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, struct span s);
struct span arena_copy(struct arena *a, struct span s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Calls release(object) when the arena is reset or freed. */
void arena_defer(struct arena *a, void (*release)(void *object), void *object);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

#endif
