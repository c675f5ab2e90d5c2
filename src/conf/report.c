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

/* A message may quote the file, and a terminal shall not obey it. */
static void
print_message(const char *message, FILE *out)
{
	for (; *message != '\0'; message++) {
		unsigned char c = (unsigned char)*message;

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('\n', out);
}

void
report_print(const struct report *r, FILE *out)
{
	for (const struct report_error *e = r->first; e != NULL; e = e->next) {
		fprintf(out, "%s:%zu:%zu: ", e->mark.file, e->mark.line, e->mark.column);
		print_message(e->message, out);
	}
	if (r->count > REPORT_SHOWN_MAX)
		fprintf(out, "… and %zu more\n", r->count - REPORT_SHOWN_MAX);
}
