/* Commands that name more messages than the client was told of, or shown: it means
 * none of those, whatever "*" is for the server. Names are only those that it knows. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_verbs.h"

#include "wire/imap_set.h"

/* What of the set is not above `most`. False: nothing. */
static bool
print_bounded(struct buf *out, struct span set, uint32_t most)
{
	struct imap_set_printer printer = { .out = out };
	struct imap_range range;

	while (imap_set_next(&set, most, &range))
		if (range.low > 0 && range.low <= most)
			imap_set_add_range(&printer, range.low, range.high < most ? range.high : most);
	imap_set_finish(&printer);
	return printer.begun;
}

/* What stands in place of the set, which is a part of the unit. False: there is no memory,
 * and the command names what it must not. */
static bool
replace(struct imap_session *s, struct span set, struct span with)
{
	struct span unit = buf_span(&s->unit);
	struct buf changed;

	buf_init_secret(&changed, 0); /* as the unit is */
	buf_add_span(&changed, span_of(unit.data, (size_t)(set.data - unit.data)));
	buf_add_span(&changed, with);
	buf_add_span(&changed, span_of(span_end(set), (size_t)(span_end(unit) - span_end(set))));
	if (changed.failed) {
		buf_free(&changed);
		return false;
	}
	buf_free(&s->unit);
	s->unit = changed;
	imap_command_parse(buf_span(&s->unit), &s->command);
	return true;
}

static bool
give_up(struct imap_session *s, enum outcome *outcome)
{
	*outcome = imap_give_up(s, "out of memory");
	return true;
}

bool
imap_asks_for_vanished(const struct imap_command *c)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct span set;

	return c->verb == IMAP_FETCH && imap_take_sequence_set(&cursor, &set) && !imap_set_is_open(set) &&
	    span_find_nocase(cursor.rest, SPAN_LITERAL(" VANISHED)")) != SIZE_MAX;
}

bool
imap_bound_set(struct imap_session *s, uint32_t most, enum outcome *outcome)
{
	struct imap_cursor cursor = imap_cursor(s->command.arguments);
	struct buf bounded = { 0 };
	struct span set;
	bool any, good;

	if (!imap_take_sequence_set(&cursor, &set) || !imap_set_is_valid(set)) /* wrong, or what SEARCH saved */
		return false;
	if (imap_asks_for_vanished(&s->command))
		return false;
	any = print_bounded(&bounded, set, most);
	good = !bounded.failed && (!any || replace(s, set, buf_span(&bounded)));
	buf_free(&bounded);
	if (!good)
		return give_up(s, outcome);
	if (any)
		return false;
	imap_answer(s, s->command.uid ? "OK" : "NO", "there are no such messages");
	imap_forget_unit(s);
	*outcome = imap_goto(s, IMAP_FRONT_READ_COMMAND);
	return true;
}

/* By UID: numbers may change before the server reads it. */
static bool
bound_search(struct imap_session *s)
{
	uint32_t told_uid = s->mailbox->news.told_uid;

	buf_printf(&s->unit, told_uid > 0 ? " UID 1:%u" : " NOT ALL", told_uid);
	imap_command_parse(buf_span(&s->unit), &s->command);
	return !s->unit.failed;
}

/* Also where there is nothing new yet: some servers take that in as a command begins. */
bool
imap_bound_command(struct imap_session *s, enum outcome *outcome)
{
	const struct imap_news *n = &s->mailbox->news;

	switch (s->command.verb) {
	case IMAP_SEARCH:
	case IMAP_SORT:
	case IMAP_THREAD:
		return !bound_search(s) && give_up(s, outcome);
	case IMAP_FETCH:
	case IMAP_STORE:
	case IMAP_COPY:
	case IMAP_MOVE:
		return imap_bound_set(s, s->command.uid ? n->told_uid : n->told, outcome);
	default:
		return false;
	}
}
