/* Arenas: a chain of blocks, each twice the size of the last up to a bound,
 * and a list of what must be released with them. An allocation larger than a
 * quarter of a block has a block of its own, so that little is wasted. */
#include "config.h"

#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_FIRST = 16 * 1024, /* holds the parts and facts of an ordinary message */
	BLOCK_MOST = 1024 * 1024,
	RESERVE_BLOCKS = 8, /* a step of a session has two or three arenas; until it is used it is address space alone */
};

struct block {
	struct block *next;
	size_t used, cap;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *object);
	void *object;
};

struct arena {
	struct block *first;  /* outlives a reset */
	struct block *blocks; /* the one being filled first */
	struct deferred *deferred;
	struct arena *owner;         /* NULL: it is nobody's */
	struct arena *within, *next; /* those that are its own; the next one of its owner's */
	jmp_buf *escape;
	const char *why;
	size_t limit, used;
};

enum { ARENA_SIZE = (sizeof(struct arena) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t) };

static struct {
	struct block *blocks[RESERVE_BLOCKS];
	size_t count;
	bool used;
} reserve;

static struct block *
block_new(size_t cap)
{
	struct block *b = malloc(sizeof(*b) + cap);

	if (b != NULL)
		*b = (struct block){ .cap = cap };
	return b;
}

static void
fill_reserve(void)
{
	struct block *b;

	while (reserve.count < RESERVE_BLOCKS && (b = block_new(BLOCK_MOST)) != NULL)
		reserve.blocks[reserve.count++] = b;
}

/* A block, if need be of the reserve; NULL when that has none. */
static struct block *
block_or_reserve(size_t cap)
{
	struct block *b = block_new(cap);

	if (b == NULL && cap <= BLOCK_MOST && reserve.count > 0) {
		b = reserve.blocks[--reserve.count];
		reserve.used = true;
	}
	return b;
}

bool
arena_ran_short(void)
{
	bool used = reserve.used;

	reserve.used = false;
	return used;
}

/* The arena itself lies at the beginning of its first block. */
static struct arena *
begin(struct block *b, size_t limit)
{
	struct arena *a = (struct arena *)(void *)b->data;

	*a = (struct arena){ .first = b, .blocks = b, .limit = limit };
	b->used = ARENA_SIZE;
	return a;
}

struct arena *
arena_new(size_t limit)
{
	struct block *b;

	fill_reserve();
	b = block_or_reserve(BLOCK_FIRST);
	if (b == NULL) {
		fputs("gatepost: out of memory\n", stderr);
		abort();
	}
	return begin(b, limit);
}

/* The one whose escape is taken. */
static struct arena *
outermost(struct arena *a)
{
	while (a->owner != NULL)
		a = a->owner;
	return a;
}

/* The reserve is for those that cannot escape. */
static struct block *
block_for(struct arena *a, size_t cap)
{
	struct block *b = outermost(a)->escape != NULL ? block_new(cap) : block_or_reserve(cap);

	if (b == NULL)
		arena_give_up(a, "out of memory");
	return b;
}

struct arena *
arena_new_within(struct arena *owner)
{
	struct arena *a = begin(block_for(owner, BLOCK_FIRST), 0);

	a->owner = owner;
	a->next = owner->within;
	owner->within = a;
	return a;
}

static void
leave_owner(struct arena *a)
{
	struct arena **at = &a->owner->within;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

static void
run_deferred(struct arena *a)
{
	for (struct deferred *d = a->deferred; d != NULL; d = d->next)
		d->release(d->object);
	a->deferred = NULL;
}

void
arena_reset(struct arena *a)
{
	struct block *next;

	for (struct arena *w = a->within; w != NULL; w = a->within)
		arena_free(&w);
	run_deferred(a);
	for (struct block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (b != a->first)
			free(b);
	}
	a->first->next = NULL;
	a->first->used = ARENA_SIZE;
	a->blocks = a->first;
	a->used = 0;
	a->escape = NULL;
	a->why = NULL;
}

void
arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	arena_reset(*a);
	if ((*a)->owner != NULL)
		leave_owner(*a);
	free((*a)->first); /* and with it the arena */
	*a = NULL;
}

void
arena_wipe(struct arena *a)
{
	for (struct block *b = a->blocks; b != NULL; b = b->next) {
		size_t own = b == a->first ? ARENA_SIZE : 0; /* the arena's */

		explicit_bzero(b->data + own, b->used - own);
	}
}

void
arena_set_escape(struct arena *a, jmp_buf *escape)
{
	a->escape = escape;
}

_Noreturn void
arena_give_up(struct arena *a, const char *why)
{
	a = outermost(a);
	a->why = why;
	if (a->escape != NULL)
		longjmp(*a->escape, 1);
	fprintf(stderr, "gatepost: %s\n", why);
	abort();
}

const char *
arena_gave_up(const struct arena *a)
{
	return a->why;
}

static struct block *
add_block(struct arena *a, size_t len)
{
	size_t cap = a->blocks->cap < BLOCK_MOST / 2 ? a->blocks->cap * 2 : BLOCK_MOST;
	bool apart = len > cap / 4;
	struct block *b = block_for(a, apart ? len : cap);

	if (apart) { /* keep filling the current block */
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
	}
	return b;
}

void *
arena_alloc_raw(struct arena *a, size_t len)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->blocks;
	void *p;

	if (len > SIZE_MAX / 2)
		arena_give_up(a, "out of memory");
	len = (len + align - 1) / align * align;
	a->used += len;
	if (a->limit > 0 && a->used > a->limit)
		arena_give_up(a, "memory limit reached");
	if (b->cap - b->used < len)
		b = add_block(a, len);
	p = b->data + b->used;
	b->used += len;
	return p;
}

void *
arena_alloc(struct arena *a, size_t len)
{
	return memset(arena_alloc_raw(a, len), 0, len);
}

void *
arena_alloc_array(struct arena *a, size_t size, size_t n)
{
	size_t len;

	if (__builtin_mul_overflow(size, n, &len))
		arena_give_up(a, "out of memory");
	return arena_alloc(a, len);
}

void *
arena_grow(struct arena *a, void *items, size_t size, size_t *cap, size_t need)
{
	size_t more = *cap > 0 ? *cap : 4;
	void *grown;

	if (need <= *cap)
		return items;
	while (more < need)
		more *= 2;
	grown = arena_alloc_array(a, size, more);
	if (*cap > 0)
		memcpy(grown, items, size * *cap);
	*cap = more;
	return grown;
}

char *
arena_strndup(struct arena *a, struct span s)
{
	char *copy = arena_alloc_raw(a, s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, span_str(text));
}

struct span
arena_copy(struct arena *a, struct span s)
{
	return span_of(arena_strndup(a, s), s.len);
}

char *
arena_vprintf(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		arena_give_up(a, "a text cannot be formatted");
	text = arena_alloc_raw(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

void
arena_defer(struct arena *a, void (*release)(void *object), void *object)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	*d = (struct deferred){ a->deferred, release, object };
	a->deferred = d;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
