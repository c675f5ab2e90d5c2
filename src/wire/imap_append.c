/* APPEND. The message's literal is not kept with the command, for it may be
 * large; so what is read here always ends where a literal begins. */
#include "config.h"

#include "wire/imap_append.h"

static const char bad_append[] = "syntax: APPEND mailbox [(flags)] [\"date\"] literal";

static int
fail(const char **why)
{
	*why = bad_append;
	return -1;
}

static bool
take_flags(struct imap_cursor *c, struct span *flags)
{
	struct span flag;
	struct span from = c->rest;

	imap_take_char(c, '(');
	if (!imap_sees(c, ')')) {
		while (imap_take_flag(c, &flag) && !imap_sees(c, ')'))
			imap_take_space(c);
	}
	imap_take_char(c, ')');
	*flags = span_first(from, from.len - c->rest.len);
	return !c->failed;
}

static bool
is_date(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f || text.data[i] == '"' || text.data[i] == '\\')
			return false;
	return true;
}

static bool
take_date(struct imap_cursor *c, struct span *date)
{
	size_t len;

	imap_take_char(c, '"');
	len = span_find_byte(c->rest, '"');
	*date = span_first(c->rest, len);
	c->rest = span_from(c->rest, date->len);
	return imap_take_char(c, '"') && is_date(*date);
}

/* Up to the announcement: each with SP behind it. */
static bool
take_options(struct imap_cursor *c, struct imap_append *p)
{
	struct span from = c->rest;

	if (imap_sees(c, '(') && (!take_flags(c, &p->flags) || !imap_take_space(c)))
		return false;
	if (imap_sees(c, '"') && (!take_date(c, &p->date) || !imap_take_space(c)))
		return false;
	p->options = span_trim(from);
	return imap_at_end(c);
}

int
imap_append_parse(struct span text, struct arena *a, struct imap_append *p, const char **why)
{
	struct imap_cursor c = imap_cursor(text);

	*p = (struct imap_append){ .flags = SPAN_NONE };
	if (text.len == 0)
		return 0;
	if (imap_take_astring(&c, a, &p->mailbox) && imap_take_space(&c) && take_options(&c, p))
		return 1;
	return fail(why);
}

int
imap_append_next(struct span text, bool has_literal, struct imap_append *p, const char **why)
{
	struct imap_cursor c = imap_cursor(text);

	*p = (struct imap_append){ .flags = SPAN_NONE };
	if (!has_literal)
		return text.len == 0 ? 0 : fail(why);
	return imap_take_space(&c) && take_options(&c, p) ? 1 : fail(why);
}
