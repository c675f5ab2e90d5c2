/* New mail is judged, and then the client is told of it: between the client's
 * commands, while it idles, and before it hears of SELECT. FETCH and STORE by number
 * are what is said meanwhile: in their answers no message is expunged (RFC 9051
 * 7.5.1), so that the client's numbers stay what they are. Only moving spam expunges,
 * which is done where the client's command allows it. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include "io/loop.h"

enum {
	NEWS_AT_ONCE = 100,      /* messages judged before the client is told of them */
	NEWS_RETRY_MS = 60 * 1000, /* a scanner that fails has come back by then, perhaps */
	/* Then the client is told of a message that cannot be had, or kept, or judged;
	 * what is in it remains to be judged. */
	NEWS_TRIES = 5,
};

/* ---- judge_news ---- */

enum outcome
imap_judge_news_then(struct imap_session *s, bool may_expunge, enum imap_front_step then)
{
	struct imap_news *n = &s->mailbox->news;

	n->may_expunge = may_expunge;
	n->then = then;
	s->mailbox->by_uid = false;
	imap_begin_waiting(s);
	return imap_goto(s, IMAP_FRONT_JUDGE_NEWS);
}

/* The UID of the next message that is to be judged now. */
static uint32_t
next_of_news(struct imap_mailbox *m, uint32_t behind)
{
	struct imap_news *n = &m->news;
	uint32_t number = imap_mailbox_number_behind(m, behind);
	bool goes_on = behind == n->done;

	if (number <= n->told) /* the server tells other UIDs than before */
		number = n->told + 1;
	for (; number <= m->exists && number - n->told <= NEWS_AT_ONCE; number++) {
		uint32_t uid = imap_mailbox_uid(m, number);
		const struct imap_view *v = imap_view_find(m, uid);

		if (uid == IMAP_NO_UID) /* it came meanwhile, and is looked at when it is known */
			return IMAP_NO_UID;
		if (v == NULL || !v->judged)
			return uid;
		if (goes_on)
			n->done = uid;
	}
	return IMAP_NO_UID;
}

static enum outcome
end_batch(struct imap_session *s)
{
	imap_views_save(s->mailbox);
	held_free(&s->mailbox->fetching.held);
	imap_arm(s, 0);
	ends_progress(&s->ends);
	return imap_goto(s, IMAP_FRONT_MOVE_SPAM);
}

enum outcome
imap_judge_news(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	struct imap_news *n = &m->news;
	enum outcome outcome;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	m->then = IMAP_FRONT_JUDGE_NEWS;
	if (m->fetching.uid == IMAP_NO_UID && (!m->recalled || imap_mailbox_first_unknown(m) != 0))
		return imap_goto(s, IMAP_FRONT_MAP_MAILBOX);
	while (m->fetching.uid != IMAP_NO_UID || imap_ahead_begin(s, next_of_news, n->done)) {
		n->at = m->fetching.uid;
		if (!imap_judge_one(s, &outcome))
			return outcome;
		n->done = n->at;
	}
	return end_batch(s);
}

enum outcome
imap_news_fail(struct imap_session *s)
{
	struct imap_news *n = &s->mailbox->news;

	n->tries = n->failed == n->at ? n->tries + 1 : 1;
	n->failed = n->at;
	if (n->tries >= NEWS_TRIES) {
		n->done = n->at;
		return imap_goto(s, IMAP_FRONT_JUDGE_NEWS);
	}
	n->put_off = true;
	n->not_before = loop_now(s->ends.session.proxy->loop) + NEWS_RETRY_MS;
	return end_batch(s);
}

/* ---- tell_news ---- */

static void
tell(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_news *n = &m->news;
	uint32_t told = imap_mailbox_number_behind(m, n->done) - 1;

	if (told <= n->told)
		return;
	n->told = told;
	n->told_uid = imap_mailbox_uid(m, told);
	if (n->opening) /* it is told with SELECT */
		return;
	imap_say(s, "* %u EXISTS", told);
	if (n->recent_due && told == m->exists)
		imap_say(s, "* %u RECENT", n->recent);
	n->recent_due = n->recent_due && told < m->exists;
}

enum outcome
imap_tell_news(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	struct imap_news *n = &m->news;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	if (!n->opening)
		imap_tell_held_back(s);
	tell(s);
	imap_views_save(m);
	if (n->opening || n->put_off || m->exists <= n->told)
		return imap_goto(s, n->then);
	if (imap_mailbox_first_unknown(m) == 0 && next_of_news(m, n->done) == IMAP_NO_UID) /* nor would there be the next time */
		return imap_lost(s, "the mail server's answer makes no sense", "new messages that are nowhere");
	return imap_goto(s, IMAP_FRONT_JUDGE_NEWS);
}

/* ---- before a command of the client's ---- */

/* Those that name messages, or ask what is new. */
static bool
wants_news(enum imap_verb verb)
{
	switch (verb) {
	case IMAP_NOOP:
	case IMAP_CHECK:
	case IMAP_EXPUNGE:
	case IMAP_SEARCH:
	case IMAP_SORT:
	case IMAP_THREAD:
	case IMAP_FETCH:
	case IMAP_STORE:
	case IMAP_COPY:
	case IMAP_MOVE:
		return true;
	default:
		return false;
	}
}

static bool
asks_what_is_new(enum imap_verb verb)
{
	return verb == IMAP_NOOP || verb == IMAP_CHECK;
}

/* No numbers of messages stand in it. */
static bool
lets_expunge(const struct imap_command *c)
{
	return c->uid || asks_what_is_new(c->verb) || c->verb == IMAP_EXPUNGE;
}

/* True: *outcome says how to go on. */
bool
imap_news_first(struct imap_session *s, enum outcome *outcome)
{
	struct imap_news *n = s->mailbox != NULL ? &s->mailbox->news : NULL;
	const struct imap_command *c = &s->command;
	bool asks, due;

	if (n == NULL || !n->before || !wants_news(c->verb))
		return false;
	asks = asks_what_is_new(c->verb) && !n->asked;
	due = imap_news_due(s) && !n->put_off;
	if (asks && s->pending_count == 0) {
		n->asked = true;
		imap_ask(s, IMAP_ASKING_NOTHING, "NOOP");
	}
	if (s->pending_count > 0 && (asks || due || n->asked)) {
		*outcome = imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
		return true;
	}
	if (due) {
		*outcome = imap_judge_news_then(s, lets_expunge(c), IMAP_FRONT_RELAY_COMMAND);
		return true;
	}
	n->asked = n->put_off = false;
	return false;
}
