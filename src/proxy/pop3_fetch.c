/* One message of a filtered maildrop: fetched from the upstream, judged, and
 * kept in quarantine where its reader will not see all of it. All of that is
 * done before anybody is told of the message, and may go on while the client
 * is busy with something else.
 *
 * The upstream's deadline is on its own endpoint, for the client's may be
 * waited for at the same time. */
#include "config.h"

#include "proxy/pop3_maildrop.h"

#include "base/log.h"

/* A message that no server could have taken in, and what is read of one at most. */
static const uint64_t fetched_octets_most = UINT64_C(1) << 31;

static struct pop3_message *
message_of(struct pop3_session *s)
{
	return &s->maildrop->messages[s->maildrop->fetch.index];
}

static void
arm(struct pop3_session *s, uint64_t timeout)
{
	endpoint_deadline(s->ends.server, loop_now(s->ends.session.proxy->loop) + timeout);
}

void
pop3_fetch_ask(struct pop3_session *s, size_t index)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "RETR %llu", (unsigned long long)s->maildrop->messages[index].number);

	pop3_tell(s, span_of(line, (size_t)len));
	endpoint_flush(s->ends.server);
	s->maildrop->fetch.asked = index;
}

void
pop3_fetch_begin(struct pop3_session *s, size_t index)
{
	struct pop3_fetch *f = &s->maildrop->fetch;

	if (f->asked != index)
		pop3_fetch_ask(s, index);
	f->asked = POP3_NO_INDEX;
	f->state = POP3_FETCH_ASKED;
	f->index = index;
	f->trouble = NULL;
	f->octets = 0;
	f->began = loop_now(s->ends.session.proxy->loop);
	buf_clear(&f->refusal);
	mail_unstuff_init(&f->unstuffer, false, 0);
	arm(s, ends_settings(&s->ends)->timeouts.command);
}

void
pop3_fetch_end(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;

	held_reset(&f->held);
	f->state = POP3_FETCH_NONE;
	if (f->asked != POP3_NO_INDEX)
		pop3_fetch_begin(s, f->asked);
}

bool
pop3_fetch_is_running(const struct pop3_session *s)
{
	const struct pop3_maildrop *m = s->maildrop;

	return m != NULL && m->fetch.state != POP3_FETCH_NONE && m->fetch.state != POP3_FETCH_DONE;
}

/* text: NULL when the upstream refused. */
static enum pop3_fetched
fail(struct pop3_session *s, const char *text)
{
	message_of(s)->refused = true;
	message_of(s)->denied = text == NULL;
	pop3_fetch_end(s);
	s->maildrop->fetch.trouble = text;
	return POP3_FETCH_FAILED;
}

static enum pop3_fetched
lose(struct pop3_session *s, const char *why)
{
	message_of(s)->refused = true;
	ends_lose_upstream(&s->ends, why);
	s->maildrop->fetch.asked = POP3_NO_INDEX;
	pop3_fetch_end(s);
	return POP3_FETCH_LOST;
}

/* ---- what the upstream sends ---- */

static enum pop3_fetched
wait_upstream(struct pop3_session *s)
{
	if (endpoint_eof(s->ends.server) || endpoint_broken(s->ends.server))
		return lose(s, "connection lost within a message");
	if (endpoint_expired(s->ends.server))
		return lose(s, "timeout: the mail server does not send the message");
	return POP3_FETCH_GOES_ON;
}

static enum pop3_fetched
hear_reply(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;
	struct span in = endpoint_input(s->ends.server);
	const char *why = "";
	struct pop3_reply reply;
	size_t used;
	int got = pop3_reply_take(in, ends_settings(&s->ends)->limits.reply_line, &reply, &used, &why);

	if (got < 0)
		return lose(s, why);
	if (got == 0)
		return wait_upstream(s);
	endpoint_consume(s->ends.server, used);
	if (reply.status == POP3_OK) {
		f->state = POP3_FETCH_BODY;
		arm(s, ends_settings(&s->ends)->timeouts.data_block);
		return POP3_FETCH_GOES_ON;
	}
	if (reply.status != POP3_ERR)
		return lose(s, "the answer to RETR makes no sense");
	fail(s, NULL);
	buf_add_span(&f->refusal, span_first(in, used));
	return POP3_FETCH_REFUSED;
}

static bool
take_bytes(void *context, struct span bytes)
{
	struct pop3_session *s = context;
	struct spool *spool = &s->maildrop->fetch.held.spool;

	return spool_add(spool, bytes);
}

static enum pop3_fetched
hear_body(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;
	struct span in = endpoint_input(s->ends.server);
	size_t used = 0;
	int ended;

	if (in.len == 0)
		return wait_upstream(s);
	ended = mail_unstuff(&f->unstuffer, in, &used, take_bytes, s);
	endpoint_consume(s->ends.server, used);
	f->octets += used;
	if (f->octets > fetched_octets_most)
		return lose(s, "a message without an end");
	if (!ended) {
		arm(s, ends_settings(&s->ends)->timeouts.data_block);
		return wait_upstream(s);
	}
	s->maildrop->heard = loop_now(s->ends.session.proxy->loop);
	if (f->unstuffer.refused)
		return fail(s, "[SYS/TEMP] no room for the message, try again later");
	f->state = POP3_FETCH_JUDGING;
	return POP3_FETCH_GOES_ON;
}

/* ---- the verdict ---- */

/* What the client was shown of it before is shown again. */
static bool
answer_from_view(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;
	struct pop3_message *m = message_of(s);
	const struct scan_answer answer = {
		.verdict = m->view.verdict, .complete = true, .readings = 1, .edits = m->view.edits,
		.edit_count = m->view.edit_count,
	};

	if (!m->view.judged || m->view.octets != f->held.spool.size || (view_withholds(&m->view) && !m->view.kept))
		return false;
	held_answer(&f->held, &answer);
	return true;
}

static void
ask_verdict(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;
	struct scan_request request = {
		.policy = s->policy, .protocol = PROTOCOL_POP3, .user = buf_span(&s->user), .tls = s->ends.secure,
	};

	peer_bytes(&s->ends.peer, request.client);
	scan_preferences_from(held_arena(&f->held), s->own, &request.own);
	held_ask_verdict(&f->held, &request);
	arm(s, scan_patience(s->ends.session.proxy->scan, s->policy));
}

static void
log_verdict(struct pop3_session *s)
{
	const struct pop3_fetch *f = &s->maildrop->fetch;
	struct log_entry e;

	held_count(&f->held, PROTOCOL_POP3, s->policy);
	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "message");
	log_span(&e, "user", buf_span(&s->user));
	log_span(&e, "uid", pop3_maildrop_uid(s->maildrop, f->index));
	log_number(&e, "size", (int64_t)f->held.spool.size);
	log_text(&e, "policy", ends_settings(&s->ends)->policies[s->policy].name);
	held_log(&e, &f->held);
	log_number(&e, "ms", (int64_t)(loop_now(s->ends.session.proxy->loop) - f->began));
	log_end(&e);
}

static void
withhold(struct pop3_session *s, const char *why)
{
	struct held *h = &s->maildrop->fetch.held;

	scan_answer_withhold(held_arena(h), h->answer, held_head(h), h->spool.size, why);
}

/* Nobody could scan it this time: later perhaps, but not for ever. False: the
 * client is to come again. The log and the quarantine are told why. */
static bool
take_failure(struct pop3_session *s)
{
	struct pop3_message *m = message_of(s);
	struct scan_answer *a = s->maildrop->fetch.held.answer;
	struct span reason = a->reason;

	m->view.failures++;
	m->view.listed = m->listed;
	m->unsaved = true;
	if (a->readings == 0 && m->view.failures < POP3_SCAN_TRIES) {
		log_verdict(s);
		pop3_maildrop_save(s);
		return false;
	}
	withhold(s, "this message could not be scanned");
	a->reason = reason;
	return true;
}

static struct message_view
view_of(struct pop3_session *s, bool kept)
{
	const struct held *h = &s->maildrop->fetch.held;
	const struct edit *edits = NULL;

	if (h->answer->edit_count > 0)
		edits = edits_copy(pop3_maildrop_arena(s->maildrop), h->answer->edits, h->answer->edit_count);
	return (struct message_view){
		.judged = true, .verdict = h->answer->verdict, .kept = kept, .listed = message_of(s)->listed,
		.octets = h->spool.size, .edits = edits, .edit_count = h->answer->edit_count,
	};
}

static enum pop3_fetched
done(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;
	struct pop3_message *m = message_of(s);

	m->refused = m->denied = false;
	if (!m->view.judged || m->view.octets != f->held.spool.size) {
		m->view = view_of(s, f->held.kept);
		m->unsaved = true;
	}
	f->state = POP3_FETCH_DONE;
	endpoint_deadline(s->ends.server, 0);
	return POP3_FETCHED;
}

static bool
is_withheld(const struct scan_answer *a)
{
	return a->verdict >= VERDICT_QUARANTINE;
}

/* The verdict is there. */
static enum pop3_fetched
hear_verdict(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;

	if (!f->held.answer->complete && f->held.answer->verdict == VERDICT_DEFER) {
		if (!take_failure(s))
			return fail(s, "[SYS/TEMP] the message could not be scanned, try again later");
	} else if (is_withheld(f->held.answer) && f->held.answer->edit_count == 0) {
		withhold(s, arena_strndup(held_arena(&f->held), f->held.answer->reason));
	}
	if (f->held.answer->verdict < VERDICT_STRIP) {
		log_verdict(s);
		return done(s);
	}
	f->state = POP3_FETCH_KEEPING;
	return POP3_FETCH_GOES_ON;
}

static enum pop3_fetched
judge(struct pop3_session *s)
{
	struct pop3_fetch *f = &s->maildrop->fetch;

	if (f->held.job == NULL && f->held.answer == NULL) {
		if (answer_from_view(s))
			return done(s);
		ask_verdict(s);
	}
	if (f->held.answer == NULL && endpoint_expired(s->ends.server))
		held_abandon_scan(&f->held, s->policy);
	return f->held.answer != NULL ? hear_verdict(s) : POP3_FETCH_GOES_ON;
}

/* ---- quarantine ---- */

static void
ask_keeper(struct pop3_session *s)
{
	struct held *h = &s->maildrop->fetch.held;
	struct quarantine_item item = ends_item(&s->ends, held_arena(h), s->policy);

	item.user = buf_span(&s->user);
	held_ask_keeper(h, &item);
	arm(s, ends_settings(&s->ends)->timeouts.scan);
}

static enum pop3_fetched
keep(struct pop3_session *s)
{
	struct held *h = &s->maildrop->fetch.held;

	if (h->keep == NULL && !h->kept && !h->keep_failed)
		ask_keeper(s);
	if (!h->kept && !h->keep_failed && endpoint_expired(s->ends.server))
		h->keep_failed = true;
	if (h->keep_failed)
		return fail(s, "[SYS/TEMP] the original cannot be kept now, try again later");
	if (!h->kept)
		return POP3_FETCH_GOES_ON;
	log_verdict(s);
	return done(s);
}

/* ---- all of it ---- */

enum pop3_fetched
pop3_fetch_run(struct pop3_session *s)
{
	static enum pop3_fetched (*const states[])(struct pop3_session *s) = {
		[POP3_FETCH_ASKED] = hear_reply, [POP3_FETCH_BODY] = hear_body, [POP3_FETCH_JUDGING] = judge,
		[POP3_FETCH_KEEPING] = keep,
	};
	struct pop3_fetch *f = &s->maildrop->fetch;
	enum pop3_fetch_state before;
	enum pop3_fetched got;

	if (f->state == POP3_FETCH_DONE)
		return POP3_FETCHED;
	do {
		before = f->state;
		got = states[f->state](s);
	} while (got == POP3_FETCH_GOES_ON && f->state != before);
	return got;
}

bool
pop3_fetch_finish(struct pop3_session *s, size_t wanted)
{
	enum pop3_fetched got;

	do {
		got = pop3_fetch_run(s);
		if (got == POP3_FETCHED) {
			pop3_maildrop_shelve(s);
			pop3_maildrop_save(s);
			pop3_fetch_end(s);
		}
	} while (got != POP3_FETCH_GOES_ON && got != POP3_FETCH_LOST && pop3_fetch_is_running(s) &&
	    s->maildrop->fetch.index != wanted);
	return got != POP3_FETCH_LOST;
}
