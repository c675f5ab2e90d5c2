/* YAML read into a tree, from libyaml's events.
 *
 * The tree is what the file would be with every alias written out, so what
 * an alias adds is counted as if it had been written out: nodes and depth are
 * bounded for the whole, and a file that grows by aliases of aliases is an
 * error however small it is. In memory an alias shares the node it names.
 *
 * Known limits: one document a file; tags and merge keys ("<<") mean nothing. */
#include "config.h"

#include "conf/yaml.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

enum {
	/* An alias is looked up in all anchors, so they are few. */
	ANCHORS_MAX = 256,
};

struct anchor {
	const char *name;
	struct yaml *node; /* NULL while it is being read */
};

struct reader {
	struct arena *arena;
	struct report *report;
	const char *file;
	struct span text;
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event, open;
	size_t nodes;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
};

static struct yaml *read_node(struct reader *r, size_t depth);

static struct mark
mark_of(const struct reader *r, yaml_mark_t mark)
{
	return (struct mark){ r->file, mark.line + 1, mark.column + 1 };
}

static void
forget_event(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = false;
}

static void
reader_close(void *object)
{
	struct reader *r = object;

	forget_event(r);
	if (r->open)
		yaml_parser_delete(&r->parser);
	r->open = false;
}

/* libyaml knows only the offset of octets that are no text at all. */
static struct mark
mark_of_offset(const struct reader *r, size_t offset)
{
	struct mark mark = { r->file, 1, 1 };

	for (size_t i = 0; i < offset && i < r->text.len; i++) {
		mark.column++;
		if (r->text.data[i] == '\n') {
			mark.line++;
			mark.column = 1;
		}
	}
	return mark;
}

static void
report_problem(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct mark mark = p->error == YAML_READER_ERROR ? mark_of_offset(r, p->problem_offset)
	                                                 : mark_of(r, p->problem_mark);
	const char *problem = p->problem != NULL ? p->problem : "out of memory";

	if (p->context != NULL)
		report_add(r->report, mark, "%s, %s", problem, p->context);
	else
		report_add(r->report, mark, "%s", problem);
}

static bool
next_event(struct reader *r)
{
	forget_event(r);
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		report_problem(r);
		return false;
	}
	r->has_event = true;
	return true;
}

static bool
refuse(struct reader *r, const char *why)
{
	report_add(r->report, mark_of(r, r->event.start_mark), "%s", why);
	return false;
}

/* Counts one node at this depth. */
static bool
charge(struct reader *r, size_t depth)
{
	if (depth > YAML_DEPTH_MAX)
		return refuse(r, "nested too deeply");
	if (++r->nodes > YAML_NODES_MAX)
		return refuse(r, "too many values, aliases written out");
	return true;
}

static bool
charge_tree(struct reader *r, const struct yaml *n, size_t depth)
{
	if (!charge(r, depth))
		return false;
	for (size_t i = 0; i < n->count; i++) {
		if (n->kind == YAML_SEQUENCE && !charge_tree(r, n->items[i], depth + 1))
			return false;
		if (n->kind == YAML_MAPPING &&
		    (!charge(r, depth + 1) || !charge_tree(r, n->pairs[i].value, depth + 1)))
			return false;
	}
	return true;
}

static struct yaml *
read_alias(struct reader *r, size_t depth)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	struct yaml *node = NULL;

	for (size_t i = r->anchor_count; i > 0; i--) {
		if (strcmp(r->anchors[i - 1].name, name) != 0)
			continue;
		node = r->anchors[i - 1].node;
		if (node == NULL)
			refuse(r, "an alias inside the value it names");
		return node != NULL && charge_tree(r, node, depth) ? node : NULL;
	}
	report_add(r->report, mark_of(r, r->event.start_mark), "no anchor is named \"" YAML_SHOWN "\"", name);
	return NULL;
}

static bool
read_scalar(struct reader *r, struct yaml *n)
{
	n->text = arena_copy(r->arena,
	    span_of((const char *)r->event.data.scalar.value, r->event.data.scalar.length));
	n->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return true;
}

static bool
read_sequence(struct reader *r, struct yaml *n, size_t depth)
{
	size_t cap = 0;

	n->kind = YAML_SEQUENCE;
	for (;;) {
		struct yaml *item;

		if (!next_event(r))
			return false;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		item = read_node(r, depth + 1);
		if (item == NULL)
			return false;
		n->items = arena_grow(r->arena, n->items, sizeof(*n->items), &cap, n->count + 1);
		n->items[n->count++] = item;
	}
}

/* By text, then in the order written: both are of one array. */
static int
compare_pairs(const void *a, const void *b)
{
	const struct yaml_pair *x = *(const struct yaml_pair *const *)a, *y = *(const struct yaml_pair *const *)b;
	struct span s = x->key->text, t = y->key->text;
	int order = memcmp(s.data, t.data, s.len < t.len ? s.len : t.len);

	if (order == 0 && s.len != t.len)
		order = s.len < t.len ? -1 : 1;
	return order != 0 ? order : (x > y) - (x < y);
}

static void
report_duplicates(struct reader *r, const struct yaml *n)
{
	const struct yaml_pair **sorted = ARENA_ARRAY(r->arena, const struct yaml_pair *, n->count);

	for (size_t i = 0; i < n->count; i++)
		sorted[i] = &n->pairs[i];
	qsort(sorted, n->count, sizeof(*sorted), compare_pairs);
	for (size_t i = 1; i < n->count; i++) {
		const struct yaml *first = sorted[i - 1]->key, *again = sorted[i]->key;

		if (span_eq(first->text, again->text))
			report_add(r->report, again->mark, "\"" YAML_SHOWN "\" is here for the second time, first in line %zu",
			    again->text.data, first->mark.line);
	}
}

static bool
read_pair(struct reader *r, struct yaml_pair *pair, size_t depth)
{
	struct mark mark = mark_of(r, r->event.start_mark);

	pair->key = read_node(r, depth);
	if (pair->key == NULL)
		return false;
	if (pair->key->kind != YAML_SCALAR) {
		report_add(r->report, mark, "a key must be a word, not a list or a mapping");
		return false;
	}
	if (!next_event(r))
		return false;
	pair->value = read_node(r, depth);
	return pair->value != NULL;
}

static bool
read_mapping(struct reader *r, struct yaml *n, size_t depth)
{
	size_t cap = 0;

	n->kind = YAML_MAPPING;
	for (;;) {
		struct yaml_pair pair;

		if (!next_event(r))
			return false;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (!read_pair(r, &pair, depth + 1))
			return false;
		n->pairs = arena_grow(r->arena, n->pairs, sizeof(*n->pairs), &cap, n->count + 1);
		n->pairs[n->count++] = pair;
	}
	if (n->count > 1)
		report_duplicates(r, n);
	return true;
}

/* The anchor's slot, or NULL for a node without one. False: one too many. */
static bool
add_anchor(struct reader *r, const yaml_char_t *name, struct anchor **slot)
{
	*slot = NULL;
	if (name == NULL)
		return true;
	if (r->anchor_count == ANCHORS_MAX)
		return refuse(r, "too many anchors");
	*slot = &r->anchors[r->anchor_count++];
	**slot = (struct anchor){ arena_strdup(r->arena, (const char *)name), NULL };
	return true;
}

/* The node that the current event begins. */
static struct yaml *
read_node(struct reader *r, size_t depth)
{
	struct anchor *anchor = NULL;
	struct yaml *n;
	bool ok;

	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, depth);
	if (!charge(r, depth))
		return NULL;
	n = ARENA_NEW(r->arena, struct yaml);
	n->mark = mark_of(r, r->event.start_mark);
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		ok = add_anchor(r, r->event.data.scalar.anchor, &anchor) && read_scalar(r, n);
		break;
	case YAML_SEQUENCE_START_EVENT:
		ok = add_anchor(r, r->event.data.sequence_start.anchor, &anchor) && read_sequence(r, n, depth);
		break;
	default:
		ok = add_anchor(r, r->event.data.mapping_start.anchor, &anchor) && read_mapping(r, n, depth);
		break;
	}
	if (anchor != NULL)
		anchor->node = n;
	return ok ? n : NULL;
}

static struct yaml *
empty_mapping(struct reader *r)
{
	struct yaml *n = ARENA_NEW(r->arena, struct yaml);

	n->kind = YAML_MAPPING;
	n->mark = (struct mark){ r->file, 1, 1 };
	return n;
}

static bool
is_nothing(const struct yaml *n)
{
	return n->kind == YAML_SCALAR && n->text.len == 0 && !n->quoted;
}

/* Stream start, at most one document, stream end. */
static struct yaml *
read_stream(struct reader *r)
{
	struct yaml *root;

	if (!next_event(r) || !next_event(r))
		return NULL;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return empty_mapping(r);
	if (!next_event(r) || (root = read_node(r, 1)) == NULL)
		return NULL;
	if (!next_event(r) || !next_event(r))
		return NULL;
	if (r->event.type != YAML_STREAM_END_EVENT) {
		refuse(r, "a second document in one file");
		return NULL;
	}
	return is_nothing(root) ? empty_mapping(r) : root;
}

struct yaml *
yaml_read(struct arena *a, const char *file, struct span text, struct report *report)
{
	struct reader *r = ARENA_NEW(a, struct reader);
	size_t errors = report->count;
	struct yaml *root;

	*r = (struct reader){ .arena = a, .report = report, .file = file, .text = text };
	if (text.len > YAML_FILE_MAX) {
		report_add(report, (struct mark){ file, 0, 0 }, "larger than %d MiB", YAML_FILE_MAX / 1024 / 1024);
		return NULL;
	}
	arena_defer(a, reader_close, r); /* should the arena give up on the way */
	r->open = yaml_parser_initialize(&r->parser);
	if (!r->open) {
		report_add(report, (struct mark){ file, 0, 0 }, "out of memory");
		return NULL;
	}
	/* libyaml looks for this one only where it is to find the encoding out. */
	if (span_starts(text, "\xef\xbb\xbf"))
		r->text = text = span_from(text, 3);
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)(text.len > 0 ? text.data : ""), text.len);
	root = read_stream(r);
	reader_close(r);
	return report->count == errors ? root : NULL;
}

static void
free_text(void *object)
{
	buf_free(object);
}

/* One octet past the limit is enough to know. Returns an errno. */
static int
read_whole(struct buf *text, const char *file)
{
	enum { CHUNK = 64 * 1024 };
	int fd = open(file, O_RDONLY | O_CLOEXEC), why = 0;
	ssize_t got = 1;

	if (fd < 0)
		return errno;
	while (got > 0 && text->len <= YAML_FILE_MAX) {
		char *room = buf_reserve(text, CHUNK);

		got = room != NULL ? read(fd, room, CHUNK) : -1;
		if (got > 0)
			buf_commit(text, (size_t)got);
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			why = room != NULL ? errno : ENOMEM;
	}
	close(fd);
	return why;
}

struct yaml *
yaml_read_file(struct arena *a, const char *file, const struct mark *named, struct report *report)
{
	struct buf *text = ARENA_NEW(a, struct buf);
	struct yaml *root = NULL;
	int why;

	arena_defer(a, free_text, text);
	why = read_whole(text, file);
	if (why == 0)
		root = yaml_read(a, file, buf_span(text), report);
	else if (named != NULL)
		report_add(report, *named, "%s cannot be read: %s", file, strerror(why));
	else
		report_add(report, (struct mark){ file, 0, 0 }, "cannot be read: %s", strerror(why));
	buf_free(text);
	return root;
}

struct yaml *
yaml_get(const struct yaml *mapping, const char *key)
{
	if (mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (span_is(mapping->pairs[i].key->text, key))
			return mapping->pairs[i].value;
	return NULL;
}

static bool
is_known(struct span key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (span_is(key, *known))
			return true;
	return false;
}

bool
yaml_check_keys(const struct yaml *mapping, const char *const *known, struct report *report)
{
	bool ok = true;

	if (mapping->kind != YAML_MAPPING) {
		report_add(report, mapping->mark, "expected a mapping of keys and values");
		return false;
	}
	for (size_t i = 0; i < mapping->count; i++) {
		const struct yaml *key = mapping->pairs[i].key;
		const char *nearest;

		if (is_known(key->text, known))
			continue;
		ok = false;
		nearest = nearest_word(key->text.data, known);
		if (nearest != NULL)
			report_add(report, key->mark, "unknown key \"" YAML_SHOWN "\", did you mean \"%s\"?", key->text.data, nearest);
		else
			report_add(report, key->mark, "unknown key \"" YAML_SHOWN "\"", key->text.data);
	}
	return ok;
}
