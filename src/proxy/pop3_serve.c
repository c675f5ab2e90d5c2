/* A message goes to the client: fetched and judged first where it was not yet.
 *
 * A client that waits long is kept patient: +OK, and now and then a line of a
 * header that means nothing, which will stand before the message's own. After
 * that there is no -ERR any more: what then fails ends the connection, so that
 * half a message is never taken for a whole one. */
#include "config.h"

#include "proxy/pop3_maildrop.h"


enum { STATIC_RUN = 4096 }; /* octets from which copying costs more than keeping account */

/* ---- fetch_message ---- */

static void
ask_patience(struct pop3_session *s)
{
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (!s->serving.said_ok)
		pop3_say(s, "+OK");
	s->serving.said_ok = true;
	pop3_say(s, "X-Gatepost-Wait: %llu", (unsigned long long)((now - s->serving.began) / 1000));
	s->serving.patient_until = now + ends_settings(&s->ends)->pop3.patience;
	ends_progress(&s->ends);
}

static enum outcome
wait_for_fetch(struct pop3_session *s)
{
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (endpoint_broken(s->ends.client))
		return pop3_goto(s, POP3_STEP_CLOSE);
	if (now >= s->serving.patient_until)
		ask_patience(s);
	ends_progress(&s->ends);
	ends_wait(&s->ends, PARTY_SERVER, s->serving.patient_until - now, 0);
	return STEP_WAIT;
}

static enum outcome
not_delivered(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;

	if (s->serving.said_ok)
		return pop3_goto(s, POP3_STEP_CLOSE);
	if (f->trouble != NULL)
		pop3_refuse(s, f->trouble);
	else
		endpoint_write_buf(s->ends.client, &f->refusal);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* Another message is on its way, or one that nobody asks for any more. */
static bool
is_of_another(const struct pop3_session *s)
{
	const struct pop3_fetch *f = &s->maildrop->fetch;

	return f->state != POP3_FETCH_NONE && f->index != s->serving.index;
}

enum outcome
pop3_fetch_message(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;

	if (m->messages[s->serving.index].shelved != UINT64_MAX)
		return STEP_NEXT;
	if (is_of_another(s) && !pop3_fetch_finish(s, s->serving.index))
		return pop3_give_up(s, "[SYS/TEMP] the mail server closed the connection");
	if (is_of_another(s))
		return wait_for_fetch(s);
	if (m->messages[s->serving.index].shelved != UINT64_MAX)
		return STEP_NEXT; /* just now */
	if (m->fetch.state == POP3_FETCH_NONE)
		pop3_fetch_begin(s, s->serving.index);
	switch (pop3_fetch_run(s)) {
	case POP3_FETCHED:
		pop3_maildrop_save(s);
		return STEP_NEXT;
	case POP3_FETCH_GOES_ON:
		return wait_for_fetch(s);
	case POP3_FETCH_LOST:
		return pop3_give_up(s, "[SYS/TEMP] the mail server closed the connection");
	default:
		return not_delivered(s);
	}
}

/* ---- serve_message ---- */

/* It lies where it was fetched to, not on the shelf. */
static bool
is_fetched(const struct pop3_session *s)
{
	const struct pop3_fetch *f = &s->maildrop->fetch;

	return f->state == POP3_FETCH_DONE && f->index == s->serving.index;
}

static struct edited
from_shelf(const struct pop3_maildrop *m, const struct pop3_message *message)
{
	return (struct edited){
		.file = m->shelf, .base = message->shelved, .size = message->view.octets,
		.edits = message->view.edits, .edit_count = message->view.edit_count,
	};
}

static void
begin_serving(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;

	m->serving = is_fetched(s) ? held_edited(&m->fetch.held) : from_shelf(m, &m->messages[s->serving.index]);
	m->is_serving = true;
	m->unsent = 0;
	mail_stuff_init(&m->stuffer);
	pop3_top_init(&m->top, s->serving.lines);
	m->top_ended = false;
	if (!s->serving.said_ok)
		pop3_say(s, "+OK %llu octets", (unsigned long long)edited_size(&m->serving));
	s->serving.said_ok = true;
}

/* Long runs that lie in memory are sent from there. */
static bool
to_client(void *context, struct span bytes)
{
	struct pop3_session *s = context;

	return bytes.len >= STATIC_RUN && edited_owns(&s->maildrop->serving, bytes)
	    ? endpoint_write_static(s->ends.client, bytes)
	    : endpoint_write(s->ends.client, bytes);
}

static bool
put(void *context, struct span bytes)
{
	struct pop3_session *s = context;
	struct pop3_maildrop *m = s->maildrop;

	if (s->serving.top) {
		size_t used = 0;

		m->top_ended = m->top_ended || pop3_top_take(&m->top, bytes, &used) == 1;
		bytes = span_first(bytes, used);
	}
	mail_stuff(&m->stuffer, bytes, to_client, s);
	return true;
}

/* A whole message without edits and dots goes from the file to the socket. */
static void
put_file(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;
	bool dotted = is_fetched(s) ? m->fetch.unstuffer.dot_lines > 0 : m->messages[s->serving.index].dotted;

	if (m->serving.memory.data != NULL || m->serving.file < 0 || m->serving.edit_count > 0 || m->serving.offset > 0 ||
	    s->serving.top || dotted || m->serving.size == 0)
		return;
	endpoint_write_file(s->ends.client, m->serving.file, m->serving.base, m->serving.size);
	m->serving.offset = m->serving.size;
}

static enum outcome
served(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;

	if (!s->serving.top)
		pop3_log_retrieved(s, s->serving.index, edited_size(&m->serving), s->serving.began);
	if (is_fetched(s))
		pop3_fetch_end(s);
	s->serving = (struct pop3_serving){ 0 };
	m->is_serving = m->served = false;
	ends_progress(&s->ends);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

static void
ignore_reply(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	(void)s;
	(void)p;
	(void)r;
}

/* A client that takes its time is no reason for the server to end the session. */
static void
keep_upstream_alive(struct pop3_session *s)
{
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (s->pending_count > 0 || pop3_fetch_is_running(s) || now - s->maildrop->heard < ends_settings(&s->ends)->pop3.keepalive)
		return;
	pop3_ask(s, SPAN_LITERAL("NOOP"), ignore_reply, POP3_BODY_NONE, 0);
	endpoint_flush(s->ends.server);
	s->maildrop->heard = now;
}

/* Octets that the client took are progress, however many are left. */
static enum outcome
wait_for_client(struct pop3_session *s)
{
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	struct pop3_maildrop *m = s->maildrop;

	if (endpoint_pending(s->ends.client) != m->unsent) {
		m->unsent = endpoint_pending(s->ends.client);
		m->stalled_until = loop_now(s->ends.session.proxy->loop) + t->client_data;
	}
	if (endpoint_broken(s->ends.client) || loop_now(s->ends.session.proxy->loop) >= m->stalled_until) {
		ends_log(&s->ends, LOG_LEVEL_INFO, STATS_ERROR_TIMEOUT, "the client does not take its message");
		return pop3_goto(s, POP3_STEP_CLOSE);
	}
	keep_upstream_alive(s);
	ends_progress(&s->ends);
	ends_wait(&s->ends, PARTY_CLIENT, ends_settings(&s->ends)->pop3.keepalive, m->stalled_until);
	return STEP_WAIT;
}

/* To a NOOP of ours. An upstream that is gone is noticed when the client has its
 * message. */
static bool
upstream_answers(const struct pop3_session *s)
{
	return s->pending_count > 0 && !endpoint_eof(s->ends.server) && !endpoint_broken(s->ends.server) &&
	    pop3_replies_ready(s);
}

enum outcome
pop3_serve_message(struct session *session)
{
	struct pop3_session *s = pop3_of(session);
	struct pop3_maildrop *m = s->maildrop;
	int got = 1;

	if (upstream_answers(s))
		return pop3_await_replies(s, POP3_STEP_SERVE_MESSAGE);
	if (!m->is_serving)
		begin_serving(s);
	put_file(s);
	while (got > 0 && !m->served && endpoint_pending(s->ends.client) < POP3_OUTPUT_MAX)
		got = m->top_ended ? 0 : edited_next(&m->serving, put, s);
	if (got < 0) {
		ends_log(&s->ends, LOG_LEVEL_ERROR, STATS_ERROR_SPOOL, "a message cannot be read back");
		return pop3_goto(s, POP3_STEP_CLOSE);
	}
	if (got == 0 && !m->served) {
		mail_stuff_end(&m->stuffer, to_client, s);
		m->served = true;
	}
	endpoint_flush(s->ends.client);
	if (endpoint_pending(s->ends.client) > 0)
		return endpoint_pending(s->ends.client) < POP3_OUTPUT_MAX && !m->served
		    ? pop3_goto(s, POP3_STEP_SERVE_MESSAGE) : wait_for_client(s);
	return m->served ? served(s) : pop3_goto(s, POP3_STEP_SERVE_MESSAGE);
}
