/* Commands that name more messages than the client was told of: it means none of
 * those, whatever "*" is for the server. What is searched is bounded always, for the
 * server may find what it has told of only then. */
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

/* What stands in place of the set, which is a part of the unit. */
static void
replace(struct imap_session *s, struct span set, struct span with)
{
	struct span unit = buf_span(&s->unit);
	struct buf changed = { 0 };

	buf_add_span(&changed, span_of(unit.data, (size_t)(set.data - unit.data)));
	buf_add_span(&changed, with);
	buf_add_span(&changed, span_of(span_end(set), (size_t)(span_end(unit) - span_end(set))));
	buf_free(&s->unit);
	s->unit = changed;
	s->hopeless = s->hopeless || changed.failed;
	imap_command_parse(buf_span(&s->unit), &s->command);
}

static bool
bound_set(struct imap_session *s, enum outcome *outcome)
{
	const struct imap_news *n = &s->mailbox->news;
	struct imap_cursor cursor = imap_cursor(s->command.arguments);
	struct buf bounded = { 0 };
	struct span set;
	bool any;

	if (!imap_take_sequence_set(&cursor, &set) || !imap_set_is_valid(set)) /* wrong, or what SEARCH saved */
		return false;
	any = print_bounded(&bounded, set, s->command.uid ? n->told_uid : n->told);
	if (any)
		replace(s, set, buf_span(&bounded));
	buf_free(&bounded);
	if (any)
		return false;
	imap_answer(s, s->command.uid ? "OK" : "NO", "there are no such messages");
	imap_forget_unit(s);
	*outcome = imap_goto(s, IMAP_FRONT_READ_COMMAND);
	return true;
}

bool
imap_bound_command(struct imap_session *s, enum outcome *outcome)
{
	uint32_t told_uid = s->mailbox->news.told_uid;

	switch (s->command.verb) {
	case IMAP_SEARCH:
	case IMAP_SORT:
	case IMAP_THREAD:
		buf_printf(&s->unit, told_uid > 0 ? " UID 1:%u" : " NOT ALL", told_uid);
		s->hopeless = s->hopeless || s->unit.failed;
		imap_command_parse(buf_span(&s->unit), &s->command);
		return false;
	case IMAP_FETCH:
	case IMAP_STORE:
	case IMAP_COPY:
	case IMAP_MOVE:
		return imap_news_hides(s->mailbox, s->mailbox->exists) && bound_set(s, outcome);
	default:
		return false;
	}
}
