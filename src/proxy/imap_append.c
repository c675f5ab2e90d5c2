/* APPEND: a message comes from the client. It is held in the spool until it was
 * judged, whatever the upstream offers for literals, and then sent on or refused.
 * What a literal announced is consumed in any case. */
#include "config.h"

#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include "proxy/held.h"
#include "wire/imap_append.h"

#include <stdlib.h>

enum { STATIC_RUN = 4096 }; /* octets from which copying costs more than keeping account */

struct imap_append_job {
	struct held held;
	uint64_t octets;        /* as announced */
	uint64_t left;          /* of the literal, still to come */
	const char *refusal;    /* the message is only consumed */
	bool sending;
	struct edited message;
};

void
imap_append_free(struct imap_append_job **job)
{
	if (*job == NULL)
		return;
	held_free(&(*job)->held);
	free(*job);
	*job = NULL;
}

static uint64_t
size_limit(const struct imap_session *s)
{
	return ends_settings(&s->ends)->policies[s->policy].max_message_size;
}

enum outcome
imap_proceed_append(struct imap_session *s, const struct imap_command *c)
{
	struct arena *a = arena_new(0);
	struct imap_append append;
	struct imap_literal l = s->announced;
	const char *wrong = "APPEND takes a mailbox and a message", *end = s->unit.data + s->announced_at;
	int got = -1;

	if (s->announces)
		got = imap_append_parse(span_of(c->arguments.data, (size_t)(end - c->arguments.data)), a, &append, &wrong);
	arena_free(&a);
	if (got == 0) { /* the literal is the mailbox's name: go on collecting */
		buf_add_str(&s->unit, "\r\n");
		return imap_collect_literal(s, &l);
	}
	if (got < 0)
		return imap_refuse_unit(s, "BAD", wrong);
	imap_append_free(&s->append);
	s->append = calloc(1, sizeof(*s->append));
	if (s->append == NULL)
		return imap_give_up(s, "out of memory");
	held_init(&s->append->held, &s->ends.session);
	s->append->octets = s->append->left = l.octets;
	if (size_limit(s) > 0 && l.octets > size_limit(s)) {
		s->append->refusal = "[TOOBIG] the message is too big";
		if (l.synchronising)
			return imap_refuse(s, "NO", s->append->refusal);
	}
	if (l.synchronising)
		imap_say(s, "+ go on");
	ends_progress(&s->ends);
	return imap_goto(s, IMAP_FRONT_SPOOL_APPEND);
}

/* ---- spool_append, next_append ---- */

static enum outcome
wait_for_client(struct imap_session *s)
{
	if (endpoint_eof(s->ends.client))
		return imap_goto(s, IMAP_FRONT_CLOSE);
	return imap_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_data);
}

enum outcome
imap_spool_append(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_append_job *j = s->append;
	struct span in;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	while (j->left > 0 && (in = endpoint_input(s->ends.client)).len > 0) {
		in = in.len > j->left ? span_first(in, (size_t)j->left) : in;
		if (j->refusal == NULL && !spool_add(&j->held.spool, in))
			j->refusal = "[UNAVAILABLE] no room for the message, try again later";
		j->left -= in.len;
		endpoint_consume(s->ends.client, in.len);
		ends_progress(&s->ends);
	}
	return j->left > 0 ? wait_for_client(s) : STEP_NEXT;
}

static enum outcome
end_append(struct imap_session *s, const char *refusal)
{
	imap_append_free(&s->append);
	return refusal != NULL ? imap_refuse(s, "NO", refusal) : imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

/* The command's end: MULTIAPPEND (RFC 3502) is not offered. */
enum outcome
imap_next_append(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_append_job *j = s->append;
	struct imap_append append;
	struct imap_line line;
	const char *why = "";
	size_t used;
	int got, next;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	got = imap_line_take(endpoint_input(s->ends.client), ends_settings(&s->ends)->limits.command_line, &line, &used, &why);
	if (got == 0)
		return wait_for_client(s);
	if (got < 0)
		return imap_give_up(s, why);
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	next = imap_append_next(line.text, line.has_literal, &append, &why);
	endpoint_consume(s->ends.client, used);
	if (line.has_literal && !line.literal.synchronising) {
		s->literal_left = line.literal.octets;
		imap_append_free(&s->append);
		return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
	}
	if (next != 0)
		return end_append(s, "one message at a time, please");
	return j->refusal != NULL ? end_append(s, j->refusal) : STEP_NEXT;
}

/* ---- judge_append ---- */

static void
ask_verdict(struct imap_session *s)
{
	struct held *h = &s->append->held;
	struct scan_answer accept = { .verdict = VERDICT_ACCEPT, .complete = true, .readings = 1 };
	struct scan_request request = {
		.policy = s->policy, .protocol = PROTOCOL_IMAP, .user = buf_span(&s->user), .tls = s->ends.secure,
	};

	if (!s->filtered) {
		held_answer(h, &accept);
		return;
	}
	peer_bytes(&s->ends.peer, request.client);
	scan_preferences_from(held_arena(h), s->own, &request.own);
	held_ask_verdict(h, &request);
}

static void
log_append(struct imap_session *s, const char *reply)
{
	const struct held *h = &s->append->held;
	struct log_entry e;

	stats_add(&s->ends.session.proxy->stats->messages, 1);
	stats_add(&s->ends.session.proxy->stats->octets, h->spool.size);
	stats_add(&s->ends.session.proxy->stats->verdicts[h->answer->verdict], 1);
	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "append");
	log_span(&e, "user", buf_span(&s->user));
	log_number(&e, "size", (int64_t)h->spool.size);
	log_text(&e, "policy", ends_settings(&s->ends)->policies[s->policy].name);
	held_log(&e, h);
	log_text(&e, "reply", reply);
	log_end(&e);
}

static const char *
refusal_of(const struct scan_answer *a)
{
	if (!a->complete && a->verdict == VERDICT_DEFER)
		return "[UNAVAILABLE] the message could not be scanned, try again later";
	return a->verdict >= VERDICT_STRIP ? "[CANNOT] message refused by policy" : NULL;
}

/* The upstream is asked for its "+", whatever it offers. Its word is the client's, as
 * with any command. */
static enum outcome
announce(struct imap_session *s)
{
	s->unit.len = s->announced_at;
	buf_printf(&s->unit, "%s{%llu}", s->announced.binary ? "~" : "", (unsigned long long)s->append->octets);
	imap_command_parse(buf_span(&s->unit), &s->command);
	return imap_relay_unit(s, NULL, IMAP_FRONT_SEND_APPEND);
}

enum outcome
imap_judge_append(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct held *h = &s->append->held;
	const char *refusal;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (h->job == NULL && h->answer == NULL)
		ask_verdict(s);
	if (h->answer == NULL && s->ends.awaited == PARTY_SCANNER && endpoint_expired(s->ends.client))
		held_abandon_scan(h, s->policy);
	if (h->answer == NULL)
		return imap_wait(s, PARTY_SCANNER, scan_patience(session->proxy->scan, s->policy));
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	refusal = refusal_of(h->answer);
	log_append(s, refusal != NULL ? refusal : "passed on");
	if (refusal != NULL)
		return end_append(s, refusal);
	/* The message goes on as it came: a draft or a copy of what was sent has no marks. */
	s->append->message = held_edited(h);
	s->append->message.edit_count = 0;
	return announce(s);
}

/* ---- send_append ---- */

static bool
to_server(void *context, struct span octets)
{
	struct imap_session *s = context;

	return octets.len >= STATIC_RUN && edited_owns(&s->append->message, octets)
	    ? endpoint_write_static(s->ends.server, octets)
	    : endpoint_write(s->ends.server, octets);
}

enum outcome
imap_send_append(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_append_job *j = s->append;
	int got = 1;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->refused && (!j->sending || s->awaits == IMAP_CONTINUE_LITERAL)) { /* once begun, the octets are owed */
		s->awaits = IMAP_CONTINUE_NONE;
		return end_append(s, NULL);
	}
	if (!j->sending) {
		j->sending = true;
		s->awaits = IMAP_CONTINUE_LITERAL;
		s->may_send = false;
	}
	if (s->awaits == IMAP_CONTINUE_LITERAL && !s->may_send)
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	s->awaits = IMAP_CONTINUE_NONE;
	while (got > 0 && endpoint_pending(s->ends.server) < IMAP_OUTPUT_MAX)
		got = edited_next(&j->message, to_server, s);
	if (got < 0)
		return imap_lost(s, "the message cannot be read back", "the spool cannot be read");
	endpoint_flush(s->ends.server);
	if (got > 0 && endpoint_pending(s->ends.server) < IMAP_OUTPUT_MAX) /* nobody calls when it is taken at once */
		return imap_goto(s, IMAP_FRONT_SEND_APPEND);
	if (got > 0 || endpoint_pending(s->ends.server) > 0) {
		ends_progress(&s->ends);
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_block);
	}
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
	return end_append(s, NULL);
}
