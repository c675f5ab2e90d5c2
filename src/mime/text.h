/* Text that grows in an arena. */
#ifndef MIME_TEXT_H
#define MIME_TEXT_H

#include "base/arena.h"

struct text {
	struct arena *arena;
	char *data;
	size_t len, cap;
};

enum { TEXT_ROOM_MIN = 16 };

/* Room for len bytes more; add to `len` what was written. */
static inline char *
text_reserve(struct text *t, size_t len)
{
	size_t need = t->len + (len > 0 ? len : 1), doubled = t->cap > 0 ? 2 * t->cap : TEXT_ROOM_MIN;
	char *grown;

	if (need > t->cap) {
		t->cap = need > doubled ? need : doubled;
		grown = arena_alloc_raw(t->arena, t->cap);
		if (t->len > 0)
			memcpy(grown, t->data, t->len);
		t->data = grown;
	}
	return t->data + t->len;
}

static inline void
text_add(struct text *t, struct span s)
{
	if (s.len == 0)
		return;
	memcpy(text_reserve(t, s.len), s.data, s.len);
	t->len += s.len;
}

static inline struct span
text_span(const struct text *t)
{
	return span_of(t->data != NULL ? t->data : "", t->len);
}

/* Trimmed and without line ends: itself, or a copy. */
struct span text_unfolded(struct arena *a, struct span raw);
/* A copy without NUL and the signs in `drop`; "(" stands for whole comments. */
struct span text_without(struct arena *a, struct span s, const char *drop);
/* %41 is A; what is not hexadecimal stays. */
void text_add_percent_decoded(struct text *t, struct span s);
struct span text_percent_decoded(struct arena *a, struct span s);

#endif
