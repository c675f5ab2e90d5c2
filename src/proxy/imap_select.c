/* SELECT, EXAMINE, and their end. Where messages are judged before the client is
 * told of them, the answer is held until it is known which those are. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

static void
select_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	imap_mailbox_free(&s->mailbox);
	if (r->status == IMAP_OK) {
		s->state = IMAP_STATE_SELECTED;
		if (s->selecting != NULL)
			imap_mailbox_note(s->selecting, r);
		s->mailbox = s->selecting;
		s->selecting = NULL;
		if (s->mailbox != NULL)
			s->mailbox->news.told = s->mailbox->exists;
		return;
	}
	/* RFC 3501 6.3.1: then no mailbox is selected. */
	s->state = IMAP_STATE_AUTHENTICATED;
	imap_mailbox_free(&s->selecting);
}

enum outcome
imap_proceed_select(struct imap_session *s, const struct imap_command *c)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct arena *a = arena_new(0);
	struct span name = SPAN_NONE;

	if (!imap_take_astring(&cursor, a, &name)) {
		arena_free(&a);
		return imap_refuse(s, "BAD", "a mailbox's name is missing");
	}
	if (s->filtered)
		s->selecting = imap_mailbox_new(s, name);
	arena_free(&a);
	if (s->filtered && s->selecting == NULL)
		return imap_give_up(s, "out of memory");
	if (s->selecting != NULL) {
		s->selecting->read_only = c->verb == IMAP_EXAMINE;
		imap_news_begin(s->selecting);
	}
	if (s->selecting == NULL || !s->selecting->news.before)
		return imap_relay_unit(s, select_answered, IMAP_FRONT_READ_COMMAND);
	s->hold.holding = true;
	buf_init(&s->hold.octets, IMAP_HELD_MAX);
	return imap_relay_unit(s, select_answered, IMAP_FRONT_OPEN_MAILBOX);
}

/* ---- the answer that is held ---- */

/* What is passed of a line that is held. The numbers are those of when SELECT was
 * answered. */
static void
release_line(struct imap_session *s, struct span whole)
{
	const struct imap_news *n = &s->mailbox->news;
	uint32_t known = n->told + n->went, hidden = s->mailbox->exists - n->told;
	struct imap_response r;
	uint64_t unseen, next;

	if (!imap_response_parse(span_first(whole, whole.len - 2), &r))
		r = (struct imap_response){ .kind = IMAP_DATA };
	if (r.kind == IMAP_NUMBERED && r.word == IMAP_WORD_EXISTS)
		imap_say(s, "* %u EXISTS", known);
	else if (r.kind == IMAP_NUMBERED && r.word == IMAP_WORD_RECENT)
		imap_say(s, "* %u RECENT", r.number > hidden ? r.number - hidden : 0);
	else if (r.kind == IMAP_NUMBERED && r.word == IMAP_WORD_FETCH && r.number > n->told_first)
		return; /* NOLINT(bugprone-branch-clone): it is told as new mail is */
	else if (r.kind == IMAP_CONDITION && r.code == IMAP_CODE_UNSEEN && imap_code_number(&r, &unseen) &&
	    unseen > n->told_first)
		return;
	else if (r.kind == IMAP_CONDITION && r.code == IMAP_CODE_UIDNEXT && hidden > 0 && imap_code_number(&r, &next))
		imap_say(s, "* OK [UIDNEXT %llu] %.*s", (unsigned long long)imap_news_uidnext(s->mailbox, next), SPAN_ARG(r.rest));
	else
		endpoint_write(s->ends.client, whole);
}

static void
release_lines(struct imap_session *s, struct span lines)
{
	size_t lf;

	while ((lf = span_find_byte(lines, '\n')) != SIZE_MAX) {
		release_line(s, span_first(lines, lf + 1));
		lines = span_from(lines, lf + 1);
	}
}

static void
release(struct imap_session *s)
{
	struct imap_hold *h = &s->hold;
	struct span all = buf_span(&h->octets), tagged = span_first(span_from(all, h->tagged_at), h->tagged_len);

	h->holding = false;
	if (s->mailbox != NULL && s->mailbox->news.opening) {
		release_lines(s, span_first(all, h->tagged_at));
		release_lines(s, span_from(all, h->tagged_at + h->tagged_len));
		imap_tell_held_back(s);
		endpoint_write(s->ends.client, tagged);
		s->mailbox->news.opening = s->mailbox->news.asked = false;
		s->mailbox->news.recent_due = s->mailbox->news.recent > 0 && imap_news_hides(s->mailbox, s->mailbox->exists);
	} else {
		endpoint_write(s->ends.client, all);
	}
	buf_free(&h->octets);
}

/* ---- open_mailbox ---- */

enum outcome
imap_open_mailbox(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->pending_count > 0 || !imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	if (s->hold.octets.failed)
		return imap_lost(s, "the mail server's answer is too long", "SELECT tells of too much");
	if (m != NULL && m->news.opening && (!m->recalled || imap_mailbox_first_unknown(m) != 0)) {
		m->then = IMAP_FRONT_OPEN_MAILBOX;
		imap_begin_waiting(s);
		return imap_goto(s, IMAP_FRONT_MAP_MAILBOX);
	}
	if (m != NULL && m->news.opening && !m->news.asked) {
		imap_news_open(m);
		m->news.asked = true;
		if (m->exists > m->news.told)
			return imap_judge_news_then(s, true, IMAP_FRONT_OPEN_MAILBOX);
	}
	release(s);
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

/* ---- CLOSE, UNSELECT ---- */

static void
close_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	if (r->status != IMAP_OK)
		return;
	s->state = IMAP_STATE_AUTHENTICATED;
	imap_mailbox_free(&s->mailbox);
}

enum outcome
imap_proceed_close(struct imap_session *s, const struct imap_command *c)
{
	(void)c;
	return imap_relay_unit(s, close_answered, IMAP_FRONT_READ_COMMAND);
}
