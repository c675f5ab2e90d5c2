/* A message goes on: its verdict, what the verdict asks for, and its way to
 * the upstream. The client hears 250 only from the upstream, or from us once
 * the message lies in quarantine. */
#include "config.h"

#include "proxy/smtp_message.h"

#include "base/clock.h"
#include "proxy/smtp_log.h"

enum { STATIC_RUN = 4096 }; /* octets from which copying costs more than keeping account */

/* ---- the message ends with a reply of our own ---- */

static void
say_for_each(struct smtp_session *s, const char *text)
{
	size_t times = s->lmtp && s->tx.recipient_count > 0 ? s->tx.recipient_count : 1;

	while (times-- > 0)
		smtp_say(s, text);
}

static enum outcome
end_message(struct smtp_session *s)
{
	smtp_transaction_reset(s);
	ends_progress(&s->ends);
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

enum outcome
smtp_refuse_message(struct smtp_session *s, const char *text)
{
	smtp_log_message(s, span_str(text));
	say_for_each(s, text);
	smtp_reset_upstream(s);
	return end_message(s);
}

/* ---- await_verdict ---- */

static struct span *
spans_of_recipients(struct smtp_session *s)
{
	struct span *recipients = ARENA_ARRAY(held_arena(&s->tx.held), struct span, s->tx.recipient_count);

	for (size_t i = 0; i < s->tx.recipient_count; i++)
		recipients[i] = span_str(s->tx.recipients[i]);
	return recipients;
}

static void
ask_verdict(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;
	struct scan_answer accept = { .verdict = VERDICT_ACCEPT, .complete = true, .readings = 1 };
	struct scan_preferences own;
	struct scan_request request;

	scan_preferences_from(held_arena(&tx->held), tx->own, &own);
	if (ruleset_is_empty(s->ends.session.proxy->generation->rules[smtp_policy(s)]) && !scan_preferences_any(&own)) {
		held_answer(&tx->held, &accept);
		return;
	}
	request = (struct scan_request){
		.policy = smtp_policy(s), .protocol = s->ends.listener->protocol, .helo = span_str(s->helo),
		.sender = span_str(tx->sender), .recipient_count = tx->recipient_count,
		.recipients = spans_of_recipients(s),
		.user = buf_span(&s->user), .tls = s->ends.secure,
		.own = own,
	};
	peer_bytes(&s->ends.peer, request.client);
	held_ask_verdict(&tx->held, &request);
}

enum outcome
smtp_await_verdict(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	if (s->tx.held.job == NULL && s->tx.held.answer == NULL)
		ask_verdict(s);
	if (s->tx.held.answer == NULL && s->ends.awaited == PARTY_SCANNER && endpoint_expired(s->ends.client))
		held_abandon_scan(&s->tx.held, smtp_policy(s));
	if (s->tx.held.answer == NULL)
		return smtp_wait(s, PARTY_SCANNER, scan_patience(session->proxy->scan, smtp_policy(s)));
	ends_progress(&s->ends);
	return STEP_NEXT;
}

/* ---- apply_verdict ---- */

/* A scanner that was taken over must not be able to have a client told 250. */
static enum outcome
refuse_by_rule(struct smtp_session *s, const char *otherwise)
{
	const struct scan_answer *a = s->tx.held.answer;
	bool refuses = a->reply.len > 0 && a->reply.data[0] == otherwise[0];

	return smtp_refuse_message(s, refuses ? arena_strndup(s->tx.held.arena, a->reply) : otherwise);
}

static bool
is_kept(const struct scan_answer *a)
{
	return a->verdict == VERDICT_QUARANTINE || a->verdict == VERDICT_DISCARD || a->keep_original;
}

enum outcome
smtp_apply_verdict(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct scan_answer *a = s->tx.held.answer;

	if (a->verdict == VERDICT_REJECT)
		return refuse_by_rule(s, "550 5.7.1 message refused by policy");
	if (a->verdict == VERDICT_DEFER)
		return refuse_by_rule(s, a->complete ? "451 4.7.1 message deferred by policy, try again later"
						     : "451 4.3.0 the message could not be scanned, try again later");
	return smtp_goto(s, is_kept(a) ? SMTP_STEP_AWAIT_QUARANTINE : SMTP_STEP_OPEN_REPLAY);
}

/* ---- await_quarantine ---- */

static struct span *
spans_of_parameters(struct smtp_session *s)
{
	struct span *parameters = ARENA_ARRAY(held_arena(&s->tx.held), struct span, s->tx.recipient_count);

	for (size_t i = 0; i < s->tx.recipient_count; i++)
		parameters[i] = span_trim(span_str(smtp_parameters(s->tx.recipients[i])));
	return parameters;
}

static void
ask_keeper(struct smtp_session *s)
{
	struct quarantine_item item = ends_item(&s->ends, held_arena(&s->tx.held), smtp_policy(s));

	item.helo = span_str(s->helo);
	item.user = buf_span(&s->user);
	item.sender = span_str(s->tx.sender);
	if (s->tx.sender != NULL)
		item.parameters = span_trim(span_str(smtp_parameters(s->tx.sender)));
	item.recipients = spans_of_recipients(s);
	item.recipient_parameters = spans_of_parameters(s);
	item.recipient_count = s->tx.recipient_count;
	held_ask_keeper(&s->tx.held, &item);
}

enum outcome
smtp_await_quarantine(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	char text[128];

	if (s->tx.held.keep == NULL && !s->tx.held.kept && !s->tx.held.keep_failed)
		ask_keeper(s);
	if (s->tx.held.keep_failed)
		return smtp_refuse_message(s, "451 4.3.1 the message cannot be kept now, try again later");
	if (!s->tx.held.kept)
		return smtp_wait(s, PARTY_KEEPER, ends_settings(&s->ends)->timeouts.scan);
	ends_progress(&s->ends);
	if (s->tx.held.answer->verdict < VERDICT_QUARANTINE)
		return STEP_NEXT;
	snprintf(text, sizeof(text), "250 2.0.0 held as %s", s->tx.held.kept_as);
	return smtp_refuse_message(s, s->tx.held.answer->verdict == VERDICT_DISCARD ? "250 2.0.0 message taken" : text);
}

/* ---- replay ---- */

static enum outcome
break_off(struct smtp_session *s, const char *text)
{
	smtp_log_message(s, span_str(text));
	return smtp_give_up(s, text);
}

/* Nobody accepts a message without its end. */
static bool
is_taken_too_early(const struct smtp_session *s)
{
	return smtp_is_half_sent(s) && s->reply.code < 400;
}

/* The upstream's reply ends the message. One that comes before all was sent
 * leaves the upstream in no state to go on with, and the spool still in use. */
static enum outcome
relay_end(struct smtp_session *s)
{
	if (is_taken_too_early(s))
		return break_off(s, "421 4.3.0 the mail server's reply makes no sense");
	stats_time(&s->ends.session.proxy->stats->relay, clock_micros() - s->tx.relay_began);
	smtp_log_answer(s, smtp_reply_last_line(buf_span(&s->reply.text)));
	endpoint_write_buf(s->ends.client, &s->reply.text);
	if (s->reply.code == 421 || smtp_is_half_sent(s))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	return end_message(s);
}

/* The client has had its 354 from us: by LMTP it awaits a reply for each recipient. */
static enum outcome
data_refused(struct smtp_session *s)
{
	if (s->reply.code < 400)
		return break_off(s, "421 4.3.0 the mail server's reply makes no sense");
	for (size_t i = 1; i < s->tx.replies; i++)
		endpoint_write_buf(s->ends.client, &s->reply.text);
	if (s->reply.code != 421)
		smtp_reset_upstream(s);
	return relay_end(s);
}

enum outcome
smtp_open_replay(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	struct smtp_transaction *tx = &s->tx;
	enum outcome outcome;
	int got;

	if (!s->asked) {
		tx->message = held_edited(&tx->held);
		tx->relay_began = clock_micros();
	}
	tx->replies = s->lmtp ? tx->recipient_count : 1;
	mail_stuff_init(&tx->stuffer);
	if (tx->chunked) {
		buf_clear(&s->scratch);
		buf_printf(&s->scratch, "BDAT %llu LAST\r\n", (unsigned long long)edited_size(&tx->message));
		endpoint_write_buf(s->ends.server, &s->scratch);
		tx->replaying = true;
		return STEP_NEXT;
	}
	if (!s->asked) {
		s->asked = true;
		endpoint_write(s->ends.server, SPAN_LITERAL("DATA\r\n"));
	}
	got = smtp_take_reply(s, &outcome);
	if (got < 0)
		return outcome;
	if (got == 0)
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_initiation);
	s->asked = false;
	if (s->reply.code != 354)
		return data_refused(s);
	tx->replaying = true;
	return STEP_NEXT;
}

/* Long runs that lie in the spool are sent from there. */
static bool
to_server(void *context, struct span bytes)
{
	struct smtp_session *s = context;

	return bytes.len >= STATIC_RUN && edited_owns(&s->tx.message, bytes) ? endpoint_write_static(s->ends.server, bytes)
						   : endpoint_write(s->ends.server, bytes);
}

static bool
put(void *context, struct span bytes)
{
	struct smtp_session *s = context;

	if (s->tx.chunked)
		to_server(s, bytes);
	else
		mail_stuff(&s->tx.stuffer, bytes, to_server, s);
	return true;
}

/* Original and replacements in turn until the output is full. 1: all is
 * written; 0: more to come; -1: the spool cannot be read. */
static int
put_message(struct smtp_session *s)
{
	int got = 1;

	while (got > 0 && endpoint_pending(s->ends.server) < SMTP_OUTPUT_MAX)
		got = edited_next(&s->tx.message, put, s);
	return got < 0 ? -1 : got == 0;
}

/* A large message that needs no change goes from the spool to the socket. */
static void
put_file(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;

	if (spool_file(&tx->held.spool) < 0 || tx->held.answer->edit_count > 0 || tx->message.offset > 0 ||
	    (!tx->chunked && tx->unstuffer.dot_lines > 0))
		return;
	endpoint_write_file(s->ends.server, spool_file(&tx->held.spool), 0, tx->held.spool.size);
	/* What came by DATA ended in CRLF: the stuffer is at the start of a line, as it was. */
	tx->message.offset = tx->held.spool.size;
}

/* Octets that the upstream took are progress, however many are left. */
static void
send_some(struct smtp_session *s)
{
	endpoint_flush(s->ends.server);
	if (endpoint_pending(s->ends.server) != s->tx.unsent)
		ends_progress(&s->ends);
	s->tx.unsent = endpoint_pending(s->ends.server);
}

enum outcome
smtp_replay_upstream(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	int put_all;

	if (endpoint_input(s->ends.server).len > 0) /* it has seen enough */
		return STEP_NEXT;
	if (endpoint_broken(s->ends.client) || endpoint_broken(s->ends.server))
		return break_off(s, "421 4.4.2 the mail server closed the connection");
	put_file(s);
	put_all = put_message(s);
	if (put_all < 0)
		return break_off(s, "421 4.3.0 the message cannot be read back");
	if (put_all == 0) {
		send_some(s);
		if (endpoint_pending(s->ends.server) < SMTP_OUTPUT_MAX)
			return smtp_goto(s, SMTP_STEP_REPLAY_UPSTREAM);
		return smtp_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_block);
	}
	if (!s->tx.chunked)
		mail_stuff_end(&s->tx.stuffer, to_server, s);
	s->tx.replayed = true;
	s->tx.replaying = false;
	s->tx.deadline = 0; /* from here on only the upstream knows the outcome */
	ends_progress(&s->ends);
	return STEP_NEXT;
}

enum outcome
smtp_relay_final_reply(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	enum outcome outcome;
	int got;

	while ((got = smtp_take_reply(s, &outcome)) > 0 && !is_taken_too_early(s) && --s->tx.replies > 0) {
		smtp_log_answer(s, smtp_reply_last_line(buf_span(&s->reply.text)));
		endpoint_write_buf(s->ends.client, &s->reply.text);
	}
	if (got > 0)
		return relay_end(s);
	if (got < 0) {
		smtp_log_message(s, SPAN_LITERAL("connection lost before the final reply"));
		return outcome;
	}
	send_some(s);
	return smtp_wait_final(s, s->tx.unsent > 0 ? t->data_block : t->data_final);
}
