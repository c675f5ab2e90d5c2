/* APPEND from its name to the end of its last message, as a session reads it line
 * by line: options are what the lines say, and a command that ends has as many
 * messages as literals that are no part of the mailbox's name. */
#include "config.h"

#include "wire/imap_append.h"
#include "wire/imap_line.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct span input; /* behind the line */
	struct imap_line line;
	struct buf unit;   /* lines of the name, with their literals */
};

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static bool
take_line(struct reading *r)
{
	const char *why;
	size_t used;

	if (imap_line_take(r->input, SIZE_MAX, &r->line, &used, &why) != 1)
		return false;
	r->input = span_from(r->input, used);
	return true;
}

/* The line's literal. False: it did not come. */
static bool
take_literal(struct reading *r, struct span *octets)
{
	if (!r->line.has_literal || r->line.literal.octets > r->input.len)
		return false;
	*octets = span_first(r->input, (size_t)r->line.literal.octets);
	r->input = span_from(r->input, octets->len);
	return true;
}

static void
check_options(const struct imap_append *p, struct span text)
{
	demand(p->options.len <= text.len && p->flags.len + p->date.len <= p->options.len);
	demand(p->flags.len == 0 || (p->flags.data[0] == '(' && span_end(p->flags)[-1] == ')'));
	demand(span_find_byte(p->date, '"') == SIZE_MAX && span_find_byte(p->options, '\n') == SIZE_MAX);
	demand(p->options.len == 0 || (p->options.data[0] != ' ' && span_end(p->options)[-1] != ' '));
}

/* 1 when the first message's literal follows. */
static int
read_name(struct reading *r, struct arena *a, struct imap_append *p)
{
	const char *why = NULL;
	struct span octets;
	int result;

	for (;;) {
		if (!take_line(r) || !r->line.has_literal)
			return -1;
		result = imap_append_parse(r->line.text, a, p, &why);
		demand((result < 0) == (why != NULL));
		buf_add_span(&r->unit, r->line.text);
		if (r->unit.len > r->line.text.len) {
			why = NULL;
			result = imap_append_parse(buf_span(&r->unit), a, p, &why);
			demand((result < 0) == (why != NULL));
		}
		if (result != 0)
			return result;
		buf_add_span(&r->unit, span_from(r->line.whole, r->line.text.len));
		buf_add_str(&r->unit, "\r\n");
		if (!take_literal(r, &octets))
			return -1;
		buf_add_span(&r->unit, octets);
	}
}

static void
read_messages(struct reading *r, struct imap_append *p)
{
	struct span octets;
	const char *why = NULL;
	int result = 1;

	while (result == 1 && take_literal(r, &octets) && take_line(r)) {
		result = imap_append_next(r->line.text, r->line.has_literal, p, &why);
		demand((result < 0) == (why != NULL));
		if (result == 1)
			check_options(p, r->line.text);
		demand(result != 0 || (!r->line.has_literal && r->line.text.len == 0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading r = { .input = span_of((const char *)data, size) };
	struct arena *a = arena_new(0);
	struct imap_append p;

	if (read_name(&r, a, &p) == 1) {
		demand(p.mailbox.data != NULL);
		check_options(&p, buf_span(&r.unit));
		read_messages(&r, &p);
	}
	buf_free(&r.unit);
	arena_free(&a);
	return 0;
}
