/* What is allowed: names of signatures that are not wanted (.ign2). Digests of
 * files that are allowed (.fp, .sfp) are read by clamav_hash.c. */
#include "config.h"

#include "engine/clamav_db.h"

#include <stdlib.h>

/* name[:digest of the signature's line]; a digest is not looked at, so the
 * name alone says what is ignored. */
enum clam_line
clam_ignore_line(struct clam_loader *l, struct span line)
{
	struct clam_names *n = &l->ignored;
	struct span name;

	if (!span_split(&line, ':', &name) || name.len == 0)
		return CLAM_LINE_MALFORMED;
	if (line.data != NULL)
		return clam_unsupported(l, "names with the digest of a line");
	n->items = arena_grow(l->arena, n->items, sizeof(*n->items), &n->cap, n->count + 1);
	n->items[n->count++] = arena_copy(l->arena, name);
	return CLAM_LINE_TAKEN;
}

static int
compare(const void *x, const void *y)
{
	const struct span *a = x, *b = y;
	int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

void
clam_ignored_finish(struct clam_loader *l)
{
	if (l->ignored.count > 1)
		qsort(l->ignored.items, l->ignored.count, sizeof(*l->ignored.items), compare);
}

bool
clam_name_is_ignored(const struct clam_loader *l, struct span name)
{
	return l->ignored.count > 0 &&
	    bsearch(&name, l->ignored.items, l->ignored.count, sizeof(*l->ignored.items), compare) != NULL;
}
