/* Wider expressions (regex_wider.h) searched for all at once: by libhs where it is
 * built in; else there is no such search, and every expression may match. */
#ifndef ENGINE_WIDER_SET_H
#define ENGINE_WIDER_SET_H

#include "base/arena.h"

struct wider {
	struct span expression;
	bool nocase, dot_all; /* the flags i and s */
};

struct wider_set;
/* taken[i]: whether expression i can be searched for. The set lives as long as
 * the arena; NULL when none can. Shared by forked processes. */
struct wider_set *wider_set_compile(struct arena *a, const struct wider *items, size_t count, bool *taken);

/* Scratch of one process, NULL when memory is out. */
struct wider_scratch;
struct wider_scratch *wider_scratch_new(const struct wider_set *set);
void wider_scratch_free(struct wider_scratch **s);

/* Calls found(context, index) for each expression that was taken and matches
 * somewhere in the narrowed text, at least once. False when the search failed. */
bool wider_set_scan(const struct wider_set *set, struct wider_scratch *s, struct span text,
    void (*found)(void *context, size_t index), void *context);

#endif
