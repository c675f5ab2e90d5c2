/* The names of a part or member: each as it was read, and then as a program or
 * a person could take it: letters that look like others or turn the writing
 * round (fold.h), what stands before a NUL, where C ends a string, and before a
 * colon, where Windows ends the name of a file ("a.exe::$DATA"); and without
 * the dots at the end of a path. */
#include "config.h"

#include "rule/facts.h"
#include "rule/fold.h"

static void
add(struct arena *a, struct mime_name **first, struct mime_name ***end, struct span name)
{
	for (const struct mime_name *n = *first; n != NULL; n = n->next)
		if (span_eq(n->name, name))
			return;
	if (name.len == 0)
		return;
	**end = ARENA_NEW(a, struct mime_name);
	(**end)->name = name;
	*end = &(**end)->next;
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* The name without its last element. */
static struct span
path_above(struct span name)
{
	while (name.len > 0 && !is_slash(name.data[name.len - 1]))
		name.len--;
	while (name.len > 0 && is_slash(name.data[name.len - 1]))
		name.len--;
	return name;
}

static bool
ends_in_dots(struct span name)
{
	struct span last = span_from(name, path_above(name).len);

	return span_is(last, "/.") || span_is(last, "\\.") || span_is(last, "/..") || span_is(last, "\\..");
}

/* What "a.exe/." and "a.exe/x/.." lead to. */
static struct span
path_resolved(struct span name)
{
	while (ends_in_dots(name)) {
		bool up = name.data[name.len - 2] == '.';

		name = path_above(name);
		if (up)
			name = path_above(name);
	}
	return name;
}

static bool
is_plain(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] >= 0x80 || name.data[i] == '\0' || name.data[i] == ':')
			return false;
	return !ends_in_dots(name);
}

const struct mime_name *
item_names(struct arena *a, const struct mime_name *names)
{
	struct mime_name *first = NULL, **end = &first;
	bool plain = true;

	for (const struct mime_name *n = names; n != NULL; n = n->next)
		plain &= is_plain(n->name);
	if (plain)
		return names;
	for (const struct mime_name *n = names; n != NULL; n = n->next)
		add(a, &first, &end, n->name);
	for (const struct mime_name *n = names; n != NULL; n = n->next) {
		add(a, &first, &end, name_folded(a, n->name));
		add(a, &first, &end, span_first(n->name, span_find_byte(n->name, '\0')));
		add(a, &first, &end, path_resolved(n->name));
		/* "C:\x.exe" has its colon in front. */
		if (span_find_byte(n->name, ':') > 1)
			add(a, &first, &end, span_first(n->name, span_find_byte(n->name, ':')));
	}
	return first;
}
