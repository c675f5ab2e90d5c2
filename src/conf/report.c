/* The report: errors in a list that is kept in the order of the file, so that
 * a postmaster repairs a configuration from the top down although it is read
 * in several passes. Only the first REPORT_SHOWN_MAX are kept: a file that is
 * no configuration at all would otherwise fill the memory with complaints. */
#include "config.h"

#include "conf/report.h"

#include <string.h>

enum { REPORT_SHOWN_MAX = 1000 };

void
report_init(struct report *r, struct arena *a)
{
	*r = (struct report){ .arena = a };
	r->last = &r->first;
}

/* Errors of other files stay where they are. */
static bool
comes_before(struct mark a, struct mark b)
{
	if (strcmp(a.file, b.file) != 0)
		return false;
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

static void
insert(struct report *r, struct report_error *e)
{
	struct report_error **at = &r->first;

	while (*at != NULL && !comes_before(e->mark, (*at)->mark))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	if (e->next == NULL)
		r->last = &e->next;
}

static bool
is_told(const struct report *r, const struct report_error *e)
{
	for (const struct report_error *o = r->first; o != NULL; o = o->next)
		if (o->mark.line == e->mark.line && o->mark.column == e->mark.column &&
		    strcmp(o->mark.file, e->mark.file) == 0 && strcmp(o->message, e->message) == 0)
			return true;
	return false;
}

void
report_add(struct report *r, struct mark mark, const char *format, ...)
{
	struct report_error *e;
	va_list args;

	if (r->count >= REPORT_SHOWN_MAX) {
		r->count++;
		return;
	}
	e = ARENA_NEW(r->arena, struct report_error);
	e->mark = mark;
	e->mark.file = arena_strdup(r->arena, mark.file);
	va_start(args, format);
	e->message = arena_vprintf(r->arena, format, args);
	va_end(args);
	if (!is_told(r, e)) {
		r->count++;
		insert(r, e);
	}
}

/* A message may quote the file, and a terminal shall not obey it. Some obey U+0080 to U+009F too. */
static void
put_shown(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];

		if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			buf_printf(out, "\\x%02x", next);
			text++;
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\x%02x", c);
		} else {
			buf_add_byte(out, *text);
		}
	}
}

void
report_put(struct buf *out, const struct report *r)
{
	for (const struct report_error *e = r->first; e != NULL; e = e->next) {
		put_shown(out, e->mark.file);
		buf_printf(out, ":%zu:%zu: ", e->mark.line, e->mark.column);
		put_shown(out, e->message);
		buf_add_byte(out, '\n');
	}
	if (r->count > REPORT_SHOWN_MAX)
		buf_printf(out, "… and %zu more\n", r->count - REPORT_SHOWN_MAX);
}

void
report_print(const struct report *r, FILE *out)
{
	struct buf text = { 0 };

	report_put(&text, r);
	fputs(buf_str(&text), out);
	buf_free(&text);
}
