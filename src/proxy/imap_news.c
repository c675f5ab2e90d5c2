/* New mail in the selected mailbox, under a policy that wants it judged before the
 * client is told of it: the client knows the first messages, and the others, which
 * are behind them by number and by UID, are none of its business yet. What the
 * upstream tells is passed on accordingly. */
#include "config.h"

#include "proxy/imap_mailbox.h"

/* ---- what is new ---- */

static enum spam_shown
spam_shown(const struct imap_session *s)
{
	if (s->own != NULL && s->own->has_spam)
		return s->own->spam;
	return ends_settings(&s->ends)->policies[s->policy].spam;
}

/* Elsewhere lies what somebody has put there. */
bool
imap_moves_spam(const struct imap_mailbox *m)
{
	return spam_shown(m->session) == SPAM_SHOWN_MOVED && !m->read_only && span_is(buf_span(&m->name), "INBOX");
}

void
imap_news_begin(struct imap_mailbox *m)
{
	const struct policy_settings *p = &ends_settings(&m->session->ends)->policies[m->session->policy];

	m->news.before = p->layout == LAYOUT_REWRITE || imap_moves_spam(m);
	m->news.opening = m->news.before;
}

uint32_t
imap_mailbox_next_uid(const struct imap_mailbox *m)
{
	uint32_t highest = imap_mailbox_uid(m, m->exists);

	if (m->uidnext > 0 && m->uidnext <= UINT32_MAX)
		return (uint32_t)m->uidnext;
	return highest < UINT32_MAX ? highest + 1 : UINT32_MAX;
}

static void
remember_first_next(struct imap_mailbox *m)
{
	struct buf mailbox = { 0 }, state = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);
	struct view put = { .message = SPAN_LITERAL(IMAP_FIRST_NEXT) };

	buf_put_u32(&state, m->first_next);
	put.state = buf_span(&state);
	if (!state.failed && !mailbox.failed)
		keep_views_change(m->session->ends.session.proxy->keep, &owner, &put, 1, NULL, 0);
	buf_free(&state);
	buf_free(&mailbox);
}

/* Where messages are told before they are judged, those that were new by then are
 * so no more. */
static void
forget_first_next(struct imap_mailbox *m)
{
	const struct span drop = SPAN_LITERAL(IMAP_FIRST_NEXT);
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);

	m->first_next = 0;
	keep_views_change(m->session->ends.session.proxy->keep, &owner, NULL, 0, &drop, 1);
	buf_free(&mailbox);
}

void
imap_mailbox_recalled(struct imap_mailbox *m, bool ok)
{
	if (!m->news.before && m->first_next != 0)
		forget_first_next(m);
	if (!m->news.before || m->first_next != 0)
		return;
	m->first_next = imap_mailbox_next_uid(m);
	if (ok) /* else there may be an earlier one */
		remember_first_next(m);
}

bool
imap_mailbox_is_new(const struct imap_mailbox *m, uint32_t uid)
{
	return m->first_next != 0 && uid >= m->first_next;
}

bool
imap_news_hides(const struct imap_mailbox *m, uint32_t number)
{
	return m->news.before && number > m->news.told;
}

bool
imap_news_due(const struct imap_session *s)
{
	const struct imap_mailbox *m = s->mailbox;

	return m != NULL && m->news.before && m->exists > m->news.told &&
	    loop_now(s->ends.session.proxy->loop) >= m->news.not_before;
}

/* ---- what the upstream tells ---- */

/* How many of those that the client knows have that UID or a lower one. */
static uint32_t
told_up_to(const struct imap_mailbox *m, uint32_t uid)
{
	uint32_t behind = imap_mailbox_number_behind(m, uid);

	return behind > m->news.told ? m->news.told : behind - 1;
}

/* The client is told of those that it knows. */
static void
hear_vanished(struct imap_session *s, struct imap_mailbox *m, struct span set)
{
	struct imap_news *n = &m->news;
	struct buf line = { 0 };
	struct imap_set_printer printer = { .out = &line };
	struct imap_range range;
	uint32_t gone = 0;

	buf_add_str(&line, "* VANISHED ");
	while (imap_set_next(&set, n->told_uid, &range)) {
		if (range.low == 0 || range.low > n->told_uid)
			continue;
		range.high = range.high < n->told_uid ? range.high : n->told_uid;
		gone += told_up_to(m, range.high) - told_up_to(m, range.low - 1);
		imap_set_add_range(&printer, range.low, range.high);
	}
	imap_set_finish(&printer);
	buf_add_str(&line, "\r\n");
	if (printer.begun)
		imap_pass_buf(s, &line);
	buf_free(&line);
	gone = gone < n->told ? gone : n->told; /* some may be named twice */
	n->told -= gone;
	n->went += gone;
}

/* True: the client does not know that message. */
static bool
hear_expunge(struct imap_mailbox *m, uint32_t number)
{
	if (number == 0 || imap_news_hides(m, number))
		return true;
	m->news.told--;
	m->news.went++;
	return false;
}

/* A message goes before it is settled which ones the client is told of: there never
 * was one, for it. */
static bool
goes_early(const struct imap_mailbox *m, const struct imap_response *r)
{
	struct span set;
	bool earlier;

	if (!m->news.opening || m->news.asked)
		return false;
	return r->word == IMAP_WORD_EXPUNGE ||
	    (r->word == IMAP_WORD_VANISHED && imap_vanished_parse(r->rest, &earlier, &set) && !earlier);
}

bool
imap_news_hear(struct imap_session *s, struct imap_mailbox *m, const struct imap_response *r)
{
	struct imap_news *n = &m->news;
	struct span set;
	bool earlier, early = goes_early(m, r), ours = false;

	if (n->before && r->word == IMAP_WORD_RECENT) {
		n->recent = r->number;
		n->recent_due = m != s->selecting && m->exists > n->told;
		ours = n->recent_due;
	}
	if (!n->before || m == s->selecting || early) {
		imap_mailbox_hear(m, r);
		return early;
	}
	if (r->word == IMAP_WORD_EXPUNGE)
		ours = hear_expunge(m, r->number);
	if (r->word == IMAP_WORD_VANISHED && imap_vanished_parse(r->rest, &earlier, &set) && !earlier) {
		hear_vanished(s, m, set);
		ours = true;
	}
	imap_mailbox_hear(m, r);
	n->told = n->told < m->exists ? n->told : m->exists;
	return ours || (r->word == IMAP_WORD_EXISTS && m->exists > n->told);
}

/* ---- STATUS ---- */

/* The next of "MESSAGES 3 UNSEEN 1)"; false: the list is at its end, or none. */
static bool
next_count(struct imap_cursor *c, struct span *name, struct span *value)
{
	while (imap_sees(c, ' '))
		imap_take_space(c);
	return imap_take_atom(c, name) && imap_take_space(c) && imap_skip_value(c, value);
}

static uint64_t
count_of(struct imap_cursor c, const char *wanted, uint64_t otherwise)
{
	struct span name, value;
	uint64_t number;

	while (next_count(&c, &name, &value))
		if (span_is_nocase(name, wanted) && span_to_u64(value, &number))
			return number;
	return otherwise;
}

uint64_t
imap_news_uidnext(const struct imap_mailbox *m, uint64_t uidnext)
{
	uint64_t next = imap_mailbox_uid(m, m->news.told + 1);

	next = next != IMAP_NO_UID ? next : (uint64_t)m->news.told_uid + 1;
	return uidnext > next ? next : uidnext;
}

/* As if `hidden` messages, the last ones, had not come. They are unseen until the
 * client is told of them. */
static uint64_t
count_told(const struct imap_mailbox *m, struct span name, uint64_t number, uint64_t hidden)
{
	if (span_is_nocase(name, "MESSAGES") || span_is_nocase(name, "UNSEEN") || span_is_nocase(name, "RECENT"))
		return number > hidden ? number - hidden : 0;
	return span_is_nocase(name, "UIDNEXT") ? imap_news_uidnext(m, number) : number;
}

/* "* STATUS name (": it is of that mailbox. */
static bool
is_status_of(const struct imap_mailbox *m, struct imap_cursor *c)
{
	struct arena *a = arena_new(0);
	struct span name;
	bool is = imap_take_astring(c, a, &name) && (span_eq(name, buf_span(&m->name)) ||
	    (span_is_nocase(name, "INBOX") && span_is(buf_span(&m->name), "INBOX")));

	arena_free(&a);
	return is && imap_take_space(c) && imap_take_char(c, '(');
}

bool
imap_news_put_status(const struct imap_mailbox *m, struct span rest, struct buf *out)
{
	struct imap_cursor c = imap_cursor(rest);
	const char *from = rest.data;
	struct span name, value;
	uint64_t messages, hidden, number;

	if (!m->news.before || !is_status_of(m, &c))
		return false;
	messages = count_of(c, "MESSAGES", m->exists);
	hidden = messages > m->news.told ? messages - m->news.told : 0;
	if (hidden == 0)
		return false;
	buf_add_str(out, "* STATUS ");
	while (next_count(&c, &name, &value)) {
		if (!span_to_u64(value, &number))
			continue;
		buf_add_span(out, span_of(from, (size_t)(value.data - from)));
		buf_printf(out, "%llu", (unsigned long long)count_told(m, name, number, hidden));
		from = span_end(value);
	}
	buf_add_span(out, span_of(from, (size_t)(span_end(rest) - from)));
	buf_add_str(out, "\r\n");
	return true;
}

/* ---- SELECT ---- */

void
imap_news_open(struct imap_mailbox *m)
{
	struct imap_news *n = &m->news;
	uint32_t number = imap_mailbox_number_behind(m, m->first_next - 1);

	for (; number <= m->exists; number++) {
		const struct imap_view *v = imap_view_find(m, imap_mailbox_uid(m, number));

		if (v == NULL || !v->judged || (v->to_move && imap_moves_spam(m)))
			break;
	}
	n->told = n->told_first = number - 1;
	n->told_uid = n->done = imap_mailbox_uid(m, n->told);
	n->went = 0;
}
