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

static void
keep_answer(struct smtp_session *s, const struct scan_answer *answer)
{
	struct smtp_transaction *tx = &s->tx;
	struct buf copy = { 0 };

	if (tx->arena == NULL)
		tx->arena = arena_new(0);
	tx->answer = ARENA_NEW(tx->arena, struct scan_answer);
	scan_answer_encode(&copy, answer);
	if (copy.failed || !scan_answer_decode(tx->arena, arena_copy(tx->arena, buf_span(&copy)), tx->answer) ||
	    !edits_valid(tx->answer->edits, tx->answer->edit_count, tx->spool.size))
		scan_answer_failure(tx->answer, FAILURE_DEFER, "the answer of the scan cannot be used");
	buf_free(&copy);
}

static void
verdict_came(void *context, const struct scan_answer *answer)
{
	struct smtp_session *s = context;

	s->tx.job = NULL;
	keep_answer(s, answer);
	session_wake(&s->ends.session);
}

static void
fail_scan(struct smtp_session *s, const char *why)
{
	struct scan_answer answer;

	scan_answer_failure(&answer, ends_settings(&s->ends)->policies[smtp_policy(s)].on_failure, why);
	keep_answer(s, &answer);
}

static struct span *
spans_of_recipients(const struct smtp_session *s)
{
	struct span *recipients = ARENA_ARRAY(s->tx.arena, struct span, s->tx.recipient_count);

	for (size_t i = 0; i < s->tx.recipient_count; i++)
		recipients[i] = span_str(s->tx.recipients[i]);
	return recipients;
}

static void
ask_verdict(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;
	struct scan_answer accept = { .verdict = VERDICT_ACCEPT, .complete = true, .readings = 1 };
	struct scan_request request;

	if (ruleset_is_empty(s->ends.session.proxy->generation->rules[smtp_policy(s)])) {
		keep_answer(s, &accept);
		return;
	}
	if (tx->arena == NULL)
		tx->arena = arena_new(0);
	request = (struct scan_request){
		.policy = smtp_policy(s), .protocol = s->ends.listener->protocol, .helo = span_str(s->helo),
		.sender = span_str(tx->sender), .recipient_count = tx->recipient_count,
		.recipients = spans_of_recipients(s),
		.user = buf_span(&s->user), .tls = s->ends.secure,
	};
	peer_bytes(&s->ends.peer, request.client);
	tx->job = scan_submit(s->ends.session.proxy->scan, &request, &tx->spool, verdict_came, s);
	if (tx->job == NULL)
		fail_scan(s, "no memory for the scan");
}

enum outcome
smtp_await_verdict(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	if (s->tx.job == NULL && s->tx.answer == NULL)
		ask_verdict(s);
	if (s->tx.answer == NULL && s->ends.awaited == PARTY_SCANNER && endpoint_expired(s->ends.client)) {
		scan_cancel(&s->tx.job);
		s->tx.abandoned = true;
		fail_scan(s, "not scanned in time");
	}
	if (s->tx.answer == NULL)
		return smtp_wait(s, PARTY_SCANNER, scan_patience(session->proxy->scan, smtp_policy(s)));
	ends_progress(&s->ends);
	return STEP_NEXT;
}

/* ---- apply_verdict ---- */

/* A scanner that was taken over must not be able to have a client told 250. */
static enum outcome
refuse_by_rule(struct smtp_session *s, const char *otherwise)
{
	const struct scan_answer *a = s->tx.answer;
	bool refuses = a->reply.len > 0 && a->reply.data[0] == otherwise[0];

	return smtp_refuse_message(s, refuses ? arena_strndup(s->tx.arena, a->reply) : otherwise);
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
	const struct scan_answer *a = s->tx.answer;

	stats_add(&session->proxy->stats->verdicts[a->verdict], 1);
	if (!a->complete)
		stats_add(&session->proxy->stats->failures, 1);
	if (a->verdict == VERDICT_REJECT)
		return refuse_by_rule(s, "550 5.7.1 message refused by policy");
	if (a->verdict == VERDICT_DEFER)
		return refuse_by_rule(s, a->complete ? "451 4.7.1 message deferred by policy, try again later"
						     : "451 4.3.0 the message could not be scanned, try again later");
	return smtp_goto(s, is_kept(a) ? SMTP_STEP_AWAIT_QUARANTINE : SMTP_STEP_OPEN_REPLAY);
}

/* ---- await_quarantine ---- */

static void
kept(void *context, bool ok, const char *id)
{
	struct smtp_session *s = context;

	s->tx.keep = NULL;
	s->tx.kept = ok;
	s->tx.keep_failed = !ok;
	snprintf(s->tx.kept_as, sizeof(s->tx.kept_as), "%s", id);
	session_wake(&s->ends.session);
}

static const struct span *
spans_of_rules(struct arena *a, const struct scan_answer *answer)
{
	struct span *rules = ARENA_ARRAY(a, struct span, answer->hit_count);

	for (size_t i = 0; i < answer->hit_count; i++)
		rules[i] = answer->hits[i].rule;
	return rules;
}

static void
ask_keeper(struct smtp_session *s)
{
	const struct scan_answer *a = s->tx.answer;
	char client[PEER_TEXT_SIZE];
	struct quarantine_item item = {
		.time = clock_wall_millis(), .protocol = span_str(s->lmtp ? "lmtp" : "smtp"),
		.policy = span_str(ends_settings(&s->ends)->policies[smtp_policy(s)].name), 
		.helo = span_str(s->helo), .sender = span_str(s->tx.sender), .user = buf_span(&s->user),
		.recipients = spans_of_recipients(s), .recipient_count = s->tx.recipient_count,
		.verdict = span_str(verdict_name(a->verdict)), .reason = a->reason,
		.rules = spans_of_rules(s->tx.arena, a), .rule_count = a->hit_count,
	};

	peer_text(&s->ends.peer, client);
	item.client = span_str(client);
	s->tx.keep = keep_submit(s->ends.session.proxy->keep, &item, &s->tx.spool, kept, s);
	s->tx.keep_failed = s->tx.keep == NULL;
}

enum outcome
smtp_await_quarantine(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	char text[128];

	if (s->tx.keep == NULL && !s->tx.kept && !s->tx.keep_failed)
		ask_keeper(s);
	if (s->tx.keep_failed)
		return smtp_refuse_message(s, "451 4.3.1 the message cannot be kept now, try again later");
	if (!s->tx.kept)
		return smtp_wait(s, PARTY_KEEPER, ends_settings(&s->ends)->timeouts.scan);
	ends_progress(&s->ends);
	if (s->tx.answer->verdict < VERDICT_QUARANTINE)
		return STEP_NEXT;
	snprintf(text, sizeof(text), "250 2.0.0 held as %s", s->tx.kept_as);
	return smtp_refuse_message(s, s->tx.answer->verdict == VERDICT_DISCARD ? "250 2.0.0 message taken" : text);
}

/* ---- replay ---- */

static uint64_t
size_after_edits(const struct smtp_transaction *tx)
{
	uint64_t size = tx->spool.size;

	for (size_t i = 0; i < tx->answer->edit_count; i++)
		size += tx->answer->edits[i].replacement.len - tx->answer->edits[i].length;
	return size;
}

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
	smtp_log_message(s, smtp_reply_last_line(buf_span(&s->reply.text)));
	endpoint_write(s->ends.client, buf_span(&s->reply.text));
	if (s->reply.code == 421 || smtp_is_half_sent(s))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	return end_message(s);
}

enum outcome
smtp_open_replay(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	struct smtp_transaction *tx = &s->tx;
	enum outcome outcome;
	int got;

	tx->replies = s->lmtp ? tx->recipient_count : 1;
	mail_stuff_init(&tx->stuffer);
	if (tx->chunked) {
		buf_clear(&s->scratch);
		buf_printf(&s->scratch, "BDAT %llu LAST\r\n", (unsigned long long)size_after_edits(tx));
		endpoint_write(s->ends.server, buf_span(&s->scratch));
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
	if (s->reply.code != 354) {
		for (size_t i = 1; i < tx->replies; i++)
			endpoint_write(s->ends.client, buf_span(&s->reply.text));
		if (s->reply.code >= 400 && s->reply.code != 421)
			smtp_reset_upstream(s);
		return s->reply.code >= 400 ? relay_end(s) : smtp_give_up(s, "421 4.3.0 the mail server's reply makes no sense");
	}
	tx->replaying = true;
	return STEP_NEXT;
}

/* Long runs that lie in the spool are sent from there. */
static bool
to_server(void *context, struct span bytes)
{
	struct smtp_session *s = context;
	struct span spool = spool_bytes(&s->tx.spool);
	bool in_spool = bytes.data >= spool.data && bytes.data < span_end(spool);

	return in_spool && bytes.len >= STATIC_RUN ? endpoint_write_static(s->ends.server, bytes)
						   : endpoint_write(s->ends.server, bytes);
}

static void
put(struct smtp_session *s, struct span bytes)
{
	if (s->tx.chunked)
		to_server(s, bytes);
	else
		mail_stuff(&s->tx.stuffer, bytes, to_server, s);
}

/* The next run of the original, up to `end`: false when it cannot be read. */
static bool
put_original(struct smtp_session *s, uint64_t end)
{
	struct smtp_transaction *tx = &s->tx;
	char chunk[32 * 1024];
	uint64_t want = end - tx->offset;
	ssize_t n;

	if (spool_file(&tx->spool) < 0) {
		put(s, span_first(span_from(spool_bytes(&tx->spool), (size_t)tx->offset), (size_t)want));
		tx->offset = end;
		return true;
	}
	n = spool_read(&tx->spool, tx->offset, chunk, want < sizeof(chunk) ? (size_t)want : sizeof(chunk));
	if (n <= 0)
		return false;
	put(s, span_of(chunk, (size_t)n));
	tx->offset += (uint64_t)n;
	return true;
}

/* Original and replacements in turn until the output is full. 1: all is
 * written; 0: more to come; -1: the spool cannot be read. */
static int
put_message(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;
	const struct scan_answer *a = tx->answer;

	while (endpoint_pending(s->ends.server) < SMTP_OUTPUT_MAX) {
		const struct edit *e = tx->edit < a->edit_count ? &a->edits[tx->edit] : NULL;

		if (e != NULL && tx->offset == e->offset) {
			put(s, e->replacement);
			tx->offset += e->length;
			tx->edit++;
		} else if (tx->offset < tx->spool.size) {
			if (!put_original(s, e != NULL ? e->offset : tx->spool.size))
				return -1;
		} else {
			return 1;
		}
	}
	return 0;
}

/* A large message that needs no change goes from the spool to the socket. */
static void
put_file(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;

	if (spool_file(&tx->spool) < 0 || tx->answer->edit_count > 0 || tx->offset > 0 ||
	    (!tx->chunked && tx->unstuffer.dot_lines > 0))
		return;
	endpoint_write_file(s->ends.server, spool_file(&tx->spool), 0, tx->spool.size);
	/* What came by DATA ended in CRLF: the stuffer is at the start of a line, as it was. */
	tx->offset = tx->spool.size;
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
		smtp_log_message(s, smtp_reply_last_line(buf_span(&s->reply.text)));
		endpoint_write(s->ends.client, buf_span(&s->reply.text));
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
