/* A FETCH response, piece by piece.
 *
 * A server may answer with the whole message between two small items, so a
 * response is not kept: the reader knows only whether a literal stood for a value
 * or within one, and how deep. */
#include "config.h"

#include "wire/imap_fetch_reader.h"

enum state {
	BEFORE_LIST,
	BEHIND_ITEM, /* its value ended */
	IN_VALUE,    /* the literal that came stands in a list */
	ENDED,
};

static enum imap_fetch_event
read_item(struct imap_fetch_reader *r, struct imap_cursor *c, bool has_literal, struct imap_fetch_piece *p)
{
	int named = imap_take_item(c, &p->attribute), whole;
	struct span from;

	if (named <= 0)
		return named == 0 && has_literal ? IMAP_FETCH_JOIN : IMAP_FETCH_WRONG;
	p->name = p->attribute.text;
	if (!imap_take_space(c))
		return IMAP_FETCH_WRONG;
	from = c->rest;
	r->depth = 0;
	whole = imap_skip_some(c, &r->depth);
	if (whole < 0 || (whole == 0 && !has_literal))
		return IMAP_FETCH_WRONG;
	p->value = span_first(from, from.len - c->rest.len);
	p->is_literal = whole == 0 && r->depth == 0;
	p->goes_on = r->depth > 0;
	r->state = p->goes_on ? IN_VALUE : BEHIND_ITEM;
	return IMAP_FETCH_ITEM;
}

static enum imap_fetch_event
read_rest(struct imap_fetch_reader *r, struct imap_cursor *c, bool has_literal, struct imap_fetch_piece *p)
{
	struct span from = c->rest;
	int whole = imap_skip_some(c, &r->depth);

	if (whole < 0 || (whole == 0 && !has_literal))
		return IMAP_FETCH_WRONG;
	p->value = span_first(from, from.len - c->rest.len);
	p->goes_on = whole == 0;
	r->state = p->goes_on ? IN_VALUE : BEHIND_ITEM;
	return IMAP_FETCH_REST;
}

static enum imap_fetch_event
read_end(struct imap_fetch_reader *r, struct imap_cursor *c, bool has_literal)
{
	imap_take_char(c, ')');
	r->state = ENDED;
	return imap_at_end(c) && !has_literal ? IMAP_FETCH_END : IMAP_FETCH_WRONG;
}

/* One; some servers write more. */
static void
take_spaces(struct imap_cursor *c)
{
	do
		imap_take_space(c);
	while (imap_sees(c, ' '));
}

static enum imap_fetch_event
read_next(struct imap_fetch_reader *r, struct imap_cursor *c, bool has_literal, struct imap_fetch_piece *p)
{
	if (r->state == ENDED)
		return IMAP_FETCH_WRONG;
	if (r->state == IN_VALUE)
		return read_rest(r, c, has_literal, p);
	if (r->state == BEFORE_LIST)
		imap_take_char(c, '(');
	else if (!imap_sees(c, ')'))
		take_spaces(c);
	return imap_sees(c, ')') ? read_end(r, c, has_literal) : read_item(r, c, has_literal, p);
}

enum imap_fetch_event
imap_fetch_read(struct imap_fetch_reader *r, struct span *text, bool has_literal, struct imap_fetch_piece *p)
{
	struct imap_cursor c = imap_cursor(*text);
	enum imap_fetch_event event;

	if (r->before_literal) {
		r->before_literal = false;
		return text->len == 0 ? IMAP_FETCH_LITERAL : IMAP_FETCH_WRONG;
	}
	*p = (struct imap_fetch_piece){ .goes_on = false };
	event = read_next(r, &c, has_literal, p);
	if (event == IMAP_FETCH_JOIN)
		return event;
	if (event == IMAP_FETCH_WRONG)
		r->state = ENDED;
	r->before_literal = (event == IMAP_FETCH_ITEM || event == IMAP_FETCH_REST) && (p->is_literal || p->goes_on);
	*text = c.rest;
	return event;
}
