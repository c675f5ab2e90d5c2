/* IMAP commands: a unit that is clean is cut into lines at the very literals that
 * the cursor saw, what FETCH asks is printed so that it means the same, and sets
 * have the numbers that they list. A line is found the same however much of it
 * has come. */
#include "config.h"

#include "wire/imap_append.h"
#include "wire/imap_command.h"
#include "wire/imap_fetch.h"
#include "wire/imap_line.h"
#include "wire/imap_set.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 60 };

static struct arena *arena;

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

/* What is decided with few octets stays so with more. */
static void
check_line(struct span in)
{
	struct imap_line whole, part;
	const char *why = NULL;
	size_t used, part_used;
	int result = imap_line_take(in, LIMIT, &whole, &used, &why);

	demand((result < 0) == (why != NULL) && (result > 0) == (used > 0) && used <= LIMIT);
	for (size_t len = 0; len < in.len && len <= LIMIT; len++) {
		int early = imap_line_take(span_first(in, len), LIMIT, &part, &part_used, &why);

		demand(early == 0 || (early == result && part_used == used));
	}
	if (result <= 0)
		return;
	demand(whole.whole.len + 2 == used && whole.text.len <= whole.whole.len);
	demand((whole.text.len < whole.whole.len) == whole.has_literal);
	for (size_t i = 0; i < whole.whole.len; i++)
		demand(whole.whole.data[i] != '\r' && whole.whole.data[i] != '\n' && whole.whole.data[i] != '\0');
}

/* Lines and literals of a clean unit end where it ends. */
static void
check_framing(struct span unit)
{
	struct imap_line line;
	struct buf wire = { .len = 0 };
	struct span rest;
	const char *why;
	size_t used;

	buf_add_span(&wire, unit);
	buf_add_str(&wire, "\r\n");
	rest = buf_span(&wire);
	do {
		demand(imap_line_take(rest, SIZE_MAX, &line, &used, &why) == 1);
		rest = span_from(rest, used);
		if (line.has_literal) {
			demand(line.literal.octets <= rest.len);
			rest = span_from(rest, (size_t)line.literal.octets);
		}
	} while (line.has_literal);
	demand(rest.len == 0);
	buf_free(&wire);
}

static void
check_same(const struct imap_attribute *a, const struct imap_attribute *b)
{
	demand(a->item == b->item && a->peek == b->peek && a->partial == b->partial);
	demand(a->offset == b->offset && a->octets == b->octets && imap_section_equal(&a->section, &b->section));
}

static void
check_fetch(struct span text)
{
	struct imap_fetch f, again;
	struct buf out = { .len = 0 };

	if (imap_fetch_parse(arena, text, &f) != NULL)
		return;
	imap_fetch_print(&out, f.attributes, f.count);
	demand(imap_values_are_clean(text) && imap_values_are_clean(buf_span(&out)));
	demand(span_find_byte(buf_span(&out), '\r') == SIZE_MAX);
	demand(imap_fetch_parse(arena, buf_span(&out), &again) == NULL && again.count == f.count);
	for (size_t i = 0; i < f.count; i++)
		check_same(&f.attributes[i], &again.attributes[i]);
	buf_free(&out);
}

static void
check_set(struct span set)
{
	struct buf out = { .len = 0 };
	struct imap_set_printer p = { .out = &out };
	struct span rest = set;
	struct imap_range range;

	while (imap_set_next(&rest, 9, &range)) {
		demand(range.low > 0 && range.low <= range.high);
		demand(imap_set_contains(set, 9, range.low) && imap_set_contains(set, 9, range.high));
		imap_set_add_range(&p, range.low, range.high);
	}
	imap_set_finish(&p);
	demand(imap_set_is_valid(buf_span(&out)) && !imap_set_is_open(buf_span(&out)));
	demand(imap_set_count(buf_span(&out), 0) == imap_set_count(set, 9));
	buf_free(&out);
}

static void
check_arguments(struct span unit, const struct imap_command *c)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct imap_append p;
	struct span set, a, b;
	const char *why;
	bool has_response;

	if (imap_take_sequence_set(&cursor, &set) && !span_is(set, "$"))
		check_set(set);
	if (imap_take_space(&cursor))
		check_fetch(cursor.rest);
	if (imap_login_parse(c->arguments, arena, &a, &b) == NULL)
		check_framing(unit);
	if (imap_authenticate_parse(c->arguments, &a, &has_response, &b) == NULL)
		check_framing(unit);
	if (imap_values_are_clean(c->arguments))
		check_framing(unit);
	imap_append_parse(c->arguments, arena, &p, &why);
	imap_append_next(c->arguments, true, &p, &why);
}

static void
check_command(struct span unit)
{
	struct imap_command c;

	if (imap_command_parse(unit, &c) != NULL)
		return;
	demand(c.tag.len > 0 && c.verb != IMAP_UNKNOWN);
	demand(c.arguments.len == 0 || span_end(c.arguments) == span_end(unit));
	check_arguments(unit, &c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);

	arena = arena_new(0);
	check_line(in);
	check_command(in);
	check_fetch(in);
	arena_free(&arena);
	return 0;
}
