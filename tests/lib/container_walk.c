#include "config.h"

#include "tests/lib/container_walk.h"

#include "engine/magic.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 40 };

struct walk {
	struct arena *arena;
	struct archive_budget budget;
	struct container_sink sink;
	struct buf *told; /* NULL: a fuzzer's */
	bool nested;
	size_t sum;
};

static void
show(struct buf *out, struct span s, size_t most)
{
	for (size_t i = 0; i < s.len && i < most; i++)
		buf_add_byte(out, (unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f ? '.' : s.data[i]);
}

static void
sum(struct walk *w, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		w->sum += (unsigned char)s.data[i];
}

static bool
member(void *context, const struct archive_member *m)
{
	struct walk *w = context;

	if (w->budget.entries > w->budget.limits.entries || w->budget.depth > w->budget.limits.depth + 1)
		abort();
	sum(w, m->name);
	sum(w, m->content);
	if (w->told != NULL) {
		buf_add_str(w->told, m->message ? "message " : "member ");
		show(w->told, m->name, SIZE_MAX);
		buf_add_str(w->told, ": ");
		show(w->told, m->content, SHOWN);
		buf_add_byte(w->told, '\n');
	}
	if (w->nested && container_read(w->arena, magic_of(m->content), m->content, &w->budget, &w->sink) == ARCHIVE_OVER_LIMIT)
		buf_add_str(w->told, "over limit inside\n");
	return true;
}

static void
trait(void *context, enum trait t)
{
	struct walk *w = context;

	if ((unsigned)t >= TRAIT_COUNT)
		abort();
	if (w->told != NULL)
		buf_printf(w->told, "trait %s\n", trait_names[t]);
}

static void
uri(void *context, struct span u)
{
	struct walk *w = context;

	sum(w, u);
	if (w->told == NULL)
		return;
	buf_add_str(w->told, "uri ");
	show(w->told, u, SIZE_MAX);
	buf_add_byte(w->told, '\n');
}

static enum archive_result
walk(struct walk *w, container_reader reader, struct span data)
{
	enum archive_result result;

	w->arena = arena_new(0);
	w->sink = (struct container_sink){ w, member, trait, uri };
	result = reader(w->arena, data, &w->budget, &w->sink);
	if (w->budget.depth != 0)
		abort();
	arena_free(&w->arena);
	return result;
}

static void
walk_with(struct buf *told, container_reader reader, struct span data, const struct archive_limits *limits, bool nested)
{
	static const char *const results[] = { [ARCHIVE_READ] = "", [ARCHIVE_DAMAGED] = "damaged\n",
		[ARCHIVE_OVER_LIMIT] = "over limit\n", [ARCHIVE_NONE] = "none\n" };
	struct walk w = { .budget = { .limits = *limits }, .told = told, .nested = nested };

	buf_add_str(told, results[walk(&w, reader, data)]);
}

void
walk_read(struct buf *told, container_reader reader, struct span data, const struct archive_limits *limits)
{
	walk_with(told, reader, data, limits, false);
}

void
walk_load(struct buf *out, const char *path)
{
	const char *srcdir = getenv("srcdir");
	char name[4096];
	FILE *f;
	size_t len;

	snprintf(name, sizeof(name), "%s/%s", srcdir != NULL ? srcdir : ".", path);
	f = fopen(name, "rb");
	if (f == NULL) {
		perror(name);
		abort();
	}
	do {
		len = fread(buf_reserve(out, 65536), 1, 65536, f);
		buf_commit(out, len);
	} while (len > 0);
	fclose(f);
}

void
walk_file_within(struct buf *told, container_reader reader, const char *path, const struct archive_limits *limits)
{
	struct buf data = { 0 };

	walk_load(&data, path);
	walk_with(told, reader, buf_span(&data), limits, true);
	buf_free(&data);
}

void
walk_file(struct buf *told, container_reader reader, const char *path)
{
	static const struct archive_limits limits = { .entries = 100, .depth = 5, .output = 1 << 20, .ratio = 1000 };

	walk_file_within(told, reader, path, &limits);
}

void
walk_fuzz(container_reader reader, struct span data)
{
	struct walk w = { .budget = { .limits = { .entries = 50, .depth = 2, .output = 1 << 20, .ratio = 100 } } };

	walk(&w, reader, data);
}
