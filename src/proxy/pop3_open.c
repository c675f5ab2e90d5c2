/* A filtered maildrop is opened, at the first command that asks for what is in
 * it: listed, its messages told by their UIDs, what was shown of each recalled
 * from the keeper; then what is new is fetched and judged as far as the budget
 * of time goes. The client's command is read again after that. */
#include "config.h"

#include "proxy/pop3_maildrop.h"

#include "base/log.h"
#include "wire/pop3_listing.h"

/* How long the keeper may take to recall: it reads one file. */
enum { RECALL_PATIENCE = 5000 };

/* ---- list_maildrop, identify_maildrop ---- */

/* Asks once; then 1: +OK, lines follow; 0: -ERR; -1: wait or lost, as *outcome says. */
static int
ask_listing(struct pop3_session *s, struct span command, enum outcome *outcome)
{
	struct pop3_reply reply;
	size_t used;
	int got;

	if (!s->asked) {
		s->asked = true;
		pop3_tell(s, command);
	}
	got = pop3_take_reply(s, &reply, &used, outcome);
	if (got == 0)
		*outcome = pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	if (got <= 0)
		return -1;
	endpoint_consume(s->ends.server, used);
	s->body_lines = 0;
	if (reply.status != POP3_CONTINUE)
		return reply.status == POP3_OK;
	*outcome = pop3_lost(s, "[SYS/TEMP] the mail server's reply makes no sense", "a challenge to no AUTH");
	return -1;
}

typedef bool listing_line(struct pop3_session *s, struct span line);

/* 1: the end was reached; -1: wait or lost, as *outcome says. */
static int
take_lines(struct pop3_session *s, listing_line *take, enum outcome *outcome)
{
	size_t limit = ends_settings(&s->ends)->limits.reply_line, used;
	struct span line;
	int got;

	while ((got = pop3_listing_line(endpoint_input(s->ends.server), limit, &line, &used)) == 1) {
		if (!take(s, line)) {
			*outcome = pop3_lost(s, "[SYS/TEMP] what the mail server lists cannot be used", "a listing that makes no sense, or is too long");
			return -1;
		}
		endpoint_consume(s->ends.server, used);
		ends_progress(&s->ends);
	}
	if (got == 2) {
		endpoint_consume(s->ends.server, used);
		return 1;
	}
	if (got < 0 || endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		*outcome = pop3_lost(s, "[SYS/TEMP] the mail server closed the connection", "connection lost within a listing");
	else
		*outcome = pop3_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_block);
	return -1;
}

static bool
take_octets(struct pop3_session *s, struct span line)
{
	uint64_t number, octets;

	return pop3_listing_scan(line, &number, &octets) && pop3_maildrop_add(s, number, octets);
}

static bool
take_uid(struct pop3_session *s, struct span line)
{
	uint64_t number;
	struct span uid;

	if (pop3_listing_uid(line, &number, &uid) && !pop3_maildrop_identify(s->maildrop, number, uid))
		return false;
	return s->body_lines++ < s->maildrop->count;
}

enum outcome
pop3_list_maildrop(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;
	enum outcome outcome;

	if (!m->listed) {
		int got = ask_listing(s, SPAN_LITERAL("LIST"), &outcome);

		if (got < 0)
			return outcome;
		if (got == 0)
			return pop3_lost(s, "[SYS/TEMP] the mail server does not list the messages", "LIST was refused");
		m->listed = true;
	}
	if (take_lines(s, take_octets, &outcome) < 0)
		return outcome;
	s->asked = m->listed = false;
	return STEP_NEXT;
}

/* Of messages without UIDs, or of nobody known, nothing can be remembered. */
enum outcome
pop3_identify_maildrop(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;
	enum outcome outcome;

	if (!m->has_uids) {
		int got = ask_listing(s, SPAN_LITERAL("UIDL"), &outcome);

		if (got < 0)
			return outcome;
		if (got == 0) {
			s->asked = false;
			return pop3_goto(s, POP3_STEP_SCAN_AHEAD);
		}
		m->has_uids = true;
	}
	if (take_lines(s, take_uid, &outcome) < 0)
		return outcome;
	s->asked = false;
	return s->user.len > 0 ? STEP_NEXT : pop3_goto(s, POP3_STEP_SCAN_AHEAD);
}

/* ---- recall_views ---- */

static void
go_on_without_views(struct pop3_session *s)
{
	s->maildrop->recalled = true;
	ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_VIEWS, "what was shown before cannot be recalled");
}

static void
recalled(void *context, bool ok, struct span views)
{
	struct pop3_session *s = context;

	s->maildrop->recalling = NULL;
	s->maildrop->recalled = true;
	if (ok)
		pop3_maildrop_recall(s, views);
	else
		go_on_without_views(s);
	session_wake(s);
}

enum outcome
pop3_recall_views(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;

	if (m->recalling == NULL && !m->recalled) {
		struct view_owner owner = pop3_maildrop_owner(s);

		m->recalling = keep_views_fetch(session->proxy->keep, &owner, recalled, s);
		if (m->recalling == NULL)
			go_on_without_views(s);
	}
	if (!m->recalled && s->ends.awaited == PARTY_KEEPER && endpoint_expired(s->ends.client)) {
		keep_cancel(&m->recalling);
		go_on_without_views(s);
	}
	if (!m->recalled)
		return pop3_wait(s, PARTY_KEEPER, RECALL_PATIENCE);
	ends_progress(&s->ends);
	return STEP_NEXT;
}

/* ---- scan_ahead ---- */

static void
log_opened(const struct pop3_session *s)
{
	const struct pop3_maildrop *m = s->maildrop;
	size_t unjudged = 0;
	struct log_entry e;

	for (size_t i = 0; i < m->count; i++)
		unjudged += !m->messages[i].view.judged;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "maildrop");
	log_span(&e, "user", buf_span(&s->user));
	log_number(&e, "messages", (int64_t)m->count);
	log_number(&e, "hidden", (int64_t)(m->count - m->shown_count));
	log_number(&e, "unjudged", (int64_t)unjudged);
	if (unjudged > 0)
		log_text(&e, "msg", "not all could be judged in time: sizes of these are the server's");
	log_end(&e);
}

static enum outcome
opened(struct pop3_session *s)
{
	pop3_maildrop_save(s);
	if (s->maildrop->fetch.state == POP3_FETCH_NONE)
		held_free(&s->maildrop->fetch.held);
	if (!pop3_maildrop_number(s))
		return pop3_give_up(s, "[SYS/TEMP] out of memory");
	s->maildrop->open = true;
	log_opened(s);
	ends_progress(&s->ends);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* The next message that nobody has judged, or POP3_NO_INDEX. */
static size_t
next_unjudged(struct pop3_maildrop *m)
{
	while (m->ahead < m->count && (m->messages[m->ahead].view.judged || m->messages[m->ahead].refused))
		m->ahead++;
	return m->ahead < m->count && !m->shelf_full ? m->ahead++ : POP3_NO_INDEX;
}

static bool
begin_next(struct pop3_session *s)
{
	size_t next = next_unjudged(s->maildrop);

	if (next != POP3_NO_INDEX)
		pop3_fetch_begin(s, next);
	return next != POP3_NO_INDEX;
}

/* While a message is judged the server can send the next one; it may be asked
 * sooner where it said that it can. */
static void
ask_next(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;
	size_t next;

	if (m->fetch.asked != POP3_NO_INDEX || (m->fetch.state < POP3_FETCH_JUDGING && !s->pipelining))
		return;
	next = next_unjudged(m);
	if (next != POP3_NO_INDEX)
		pop3_fetch_ask(s, next);
}

/* A message under way when the time is over is not waited for: it goes on
 * while the client is answered. */
enum outcome
pop3_scan_ahead(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;
	uint64_t now = loop_now(session->proxy->loop);

	if (m->ahead_until == 0)
		m->ahead_until = now + ends_settings(&s->ends)->pop3.scan_budget;
	if (endpoint_broken(s->ends.client))
		return pop3_goto(s, POP3_STEP_CLOSE);
	while (m->fetch.state != POP3_FETCH_NONE || (now < m->ahead_until && begin_next(s))) {
		enum pop3_fetched got = pop3_fetch_run(s);

		if (got == POP3_FETCH_LOST)
			return pop3_give_up(s, "[SYS/TEMP] the mail server closed the connection");
		if (got == POP3_FETCH_GOES_ON && now >= m->ahead_until)
			break;
		if (got == POP3_FETCH_GOES_ON) {
			ask_next(s);
			ends_progress(&s->ends);
			return ends_wait(&s->ends, PARTY_SERVER, m->ahead_until - now, 0) ? STEP_WAIT : opened(s);
		}
		if (got == POP3_FETCHED) {
			pop3_maildrop_shelve(s);
			pop3_fetch_end(s);
		}
	}
	return opened(s);
}
