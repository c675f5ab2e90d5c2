/* Before messages are judged: which ones "$" stands for, which UIDs there are, and
 * what the keeper has of them. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

enum {
	MAP_TRIES = 10, /* messages may come while it is asked what there is */
	/* What "$" stands for: two million messages, each by itself. */
	SAVED_MAX = 16 * 1024 * 1024,
};

/* ---- find_saved ---- */

void
imap_note_saved(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	uint32_t which = m->by_uid ? s->in.uid : s->in.number;

	if (s->asking == IMAP_ASKING_SAVED && s->in.swallowed && which > 0)
		imap_set_add(&m->saving, which);
}

/* Only the server knows what a SEARCH saved. Where it refuses to tell, it refuses
 * the client's command too. */
enum outcome
imap_find_saved(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (!m->saved_asked) {
		m->saved_asked = true;
		buf_free(&m->saved);
		buf_init(&m->saved, SAVED_MAX);
		m->saving = (struct imap_set_printer){ .out = &m->saved };
		imap_arm(s, ends_settings(&s->ends)->timeouts.command);
		imap_ask(s, IMAP_ASKING_SAVED, "%sFETCH $ (UID)", m->by_uid ? "UID " : "");
	}
	if (s->asking == IMAP_ASKING_SAVED || !imap_may_say(s))
		return imap_wait_patiently(s, PARTY_SERVER);
	imap_set_finish(&m->saving);
	imap_arm(s, 0);
	if (m->saved.failed)
		return imap_refuse(s, "NO", "[LIMIT] that is more than a set may hold");
	return STEP_NEXT;
}

/* ---- map_mailbox ---- */

/* From that number on, or by UID FETCH from the UID behind the one before; where that
 * was asked in vain, the one before may be wrong. */
static void
ask_uids(struct imap_session *s, uint32_t first)
{
	struct imap_mailbox *m = s->mailbox;
	uint32_t from = m->by_uid ? imap_mailbox_uid(m, first - 1) + 1 : first;

	if (m->by_uid && first == m->map_first)
		from = 1;
	m->map_first = first;
	imap_arm(s, ends_settings(&s->ends)->timeouts.command);
	imap_ask(s, IMAP_ASKING_MAP, "%sFETCH %u:* (UID)", m->by_uid ? "UID " : "", from);
}

enum outcome
imap_map_mailbox(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	uint32_t first;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->asking == IMAP_ASKING_MAP) /* its answer would be taken for that to the next question */
		return imap_wait_patiently(s, PARTY_SERVER);
	first = imap_mailbox_first_unknown(m);
	if (first == 0) {
		m->mapped = true;
		m->map_tries = m->map_first = 0;
		imap_arm(s, 0);
		return m->recalled ? imap_goto(s, m->then) : STEP_NEXT;
	}
	if (m->map_tries++ >= MAP_TRIES)
		return imap_lost(s, "the mail server does not tell the UIDs", "a message without a UID");
	ask_uids(s, first);
	return imap_wait_patiently(s, PARTY_SERVER);
}

/* ---- recall_views ---- */

static void
go_on_without_views(struct imap_mailbox *m)
{
	ends_log(&m->session->ends, LOG_LEVEL_WARNING, STATS_ERROR_VIEWS, "what was shown before cannot be recalled");
	m->recalled = true;
	imap_mailbox_recalled(m, false);
}

static void
recalled(void *context, bool ok, struct span views)
{
	struct imap_mailbox *m = context;

	m->recalling = NULL;
	if (ok) {
		m->recalled = true;
		imap_views_recall(m, views);
		imap_mailbox_recalled(m, true);
	} else
		go_on_without_views(m);
	session_wake(m->session);
}

static void
ask_for_views(struct imap_mailbox *m)
{
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);

	m->recalling = keep_views_fetch(m->session->ends.session.proxy->keep, &owner, recalled, m);
	if (m->recalling == NULL)
		go_on_without_views(m);
	buf_free(&mailbox);
}

enum outcome
imap_recall_views(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;

	if (m->recalling == NULL && !m->recalled && s->user.len > 0 && m->uidvalidity != 0)
		ask_for_views(m);
	else if (m->recalling == NULL && !m->recalled) { /* nothing is kept of it */
		m->recalled = true;
		imap_mailbox_recalled(m, false);
	}
	if (!m->recalled && s->ends.awaited == PARTY_KEEPER && endpoint_expired(s->ends.client)) {
		keep_cancel(&m->recalling);
		go_on_without_views(m);
	}
	if (!m->recalled)
		return imap_wait(s, PARTY_KEEPER, IMAP_RECALL_MS);
	ends_progress(&s->ends);
	return STEP_NEXT;
}

/* ---- peek_views ---- */

static void
peeked(void *context, bool ok, struct span views)
{
	struct imap_mailbox *m = context;
	struct view one;

	m->recalling = NULL;
	m->peeked = true;
	while (ok && keep_views_next(&views, &one))
		m->has_rewritten = m->has_rewritten || imap_view_is_rewritten(one.state);
	session_wake(m->session);
}

/* The policy preserves layouts, but may not always have done so: whether there is
 * a message of which something else than the server's word was told. */
enum outcome
imap_peek_views(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);

	if (m->recalling == NULL && !m->peeked && s->user.len > 0 && m->uidvalidity != 0)
		m->recalling = keep_views_fetch(session->proxy->keep, &owner, peeked, m);
	buf_free(&mailbox);
	if (m->recalling != NULL && s->ends.awaited == PARTY_KEEPER && endpoint_expired(s->ends.client))
		keep_cancel(&m->recalling);
	if (m->recalling != NULL)
		return imap_wait(s, PARTY_KEEPER, IMAP_RECALL_MS);
	m->peeked = true;
	ends_progress(&s->ends);
	return imap_goto(s, IMAP_FRONT_RELAY_COMMAND);
}
