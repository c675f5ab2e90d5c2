/* APPEND: a message comes from the client, or several (MULTIAPPEND, RFC 3502). Each
 * is held in the spool until it was judged, whatever the upstream offers for
 * literals, and waits for the others behind that: all are sent on, or none. What a
 * literal announced is consumed in any case. */
#include "config.h"

#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include "proxy/held.h"
#include "wire/imap_append.h"

#include <stdlib.h>

enum {
	STATIC_RUN = 4096, /* octets from which copying costs more than keeping account */
	/* Of one command; those that are refused are counted by nobody. */
	APPEND_MESSAGES_MAX = 1000,
	/* Octets of all messages of one command but the last, which has the policy's limit. */
	APPEND_TOGETHER_MAX = 128 * 1024 * 1024,
};

/* A message of the command: what stands before its literal, and that. */
struct part {
	struct part *next;
	struct span options;    /* as written; of the first one they are in the unit */
	struct imap_literal literal;
};

struct imap_append_job {
	struct arena *arena;    /* of the parts */
	struct part *first, *last;
	size_t count;
	struct held held;       /* the last message */
	struct spool before;    /* those before it, judged, one behind the other */
	uint64_t left;          /* of the literal, still to come */
	const char *refusal;    /* of all of it: what comes is only consumed */
	bool another;           /* the next message was announced, by */
	struct buf options;
	struct imap_literal literal;
	/* Sending. */
	bool sending;
	struct part *part;
	uint64_t offset;        /* in `before` */
	struct edited message;
	uint64_t unsent;        /* octets of it, when last looked */
};

void
imap_append_free(struct imap_append_job **job)
{
	if (*job == NULL)
		return;
	held_free(&(*job)->held);
	spool_reset(&(*job)->before, false);
	buf_free(&(*job)->options);
	arena_free(&(*job)->arena);
	free(*job);
	*job = NULL;
}

static bool
begin_job(struct imap_session *s)
{
	imap_append_free(&s->append);
	s->append = calloc(1, sizeof(*s->append));
	if (s->append == NULL)
		return false;
	s->append->arena = arena_new(0);
	held_init(&s->append->held, &s->ends.session);
	spool_init(&s->append->before, s->ends.session.proxy->spools);
	return true;
}

static enum outcome
end_append(struct imap_session *s, const char *refusal)
{
	imap_append_free(&s->append);
	return refusal != NULL ? imap_refuse(s, "NO", refusal) : imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

/* ---- a message is announced ---- */

static const char *
refusal_of_announced(const struct imap_session *s, const struct imap_literal *l)
{
	const struct imap_append_job *j = s->append;
	uint64_t limit = ends_settings(&s->ends)->policies[s->policy].max_message_size;

	if (limit > 0 && l->octets > limit)
		return "[TOOBIG] the message is too big";
	return j->count < APPEND_MESSAGES_MAX ? NULL : "[LIMIT] too many messages for one command";
}

static void
add_part(struct imap_append_job *j, struct span options, const struct imap_literal *l)
{
	struct part *p = ARENA_NEW(j->arena, struct part);

	p->options = arena_copy(j->arena, options);
	p->literal = *l;
	if (j->last != NULL)
		j->last->next = p;
	else
		j->first = p;
	j->last = p;
	j->count++;
}

static enum outcome
take_message(struct imap_session *s, struct span options, const struct imap_literal *l)
{
	struct imap_append_job *j = s->append;

	if (j->refusal == NULL)
		j->refusal = refusal_of_announced(s, l);
	if (j->refusal != NULL && l->synchronising)
		return end_append(s, j->refusal);
	if (j->refusal == NULL)
		add_part(j, options, l);
	j->left = l->octets;
	if (l->synchronising)
		imap_say(s, "+ go on");
	ends_progress(&s->ends);
	return imap_goto(s, IMAP_FRONT_SPOOL_APPEND);
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
	if (!begin_job(s))
		return imap_give_up(s, "out of memory");
	return take_message(s, SPAN_NONE, &l);
}

static bool
keep_octets(void *context, struct span octets)
{
	struct imap_append_job *j = context;

	if (!spool_add(&j->before, octets))
		j->refusal = "[UNAVAILABLE] no room for the messages, try again later";
	return j->refusal == NULL;
}

/* It was judged, and waits for the others. */
static void
keep_message(struct imap_append_job *j)
{
	struct edited message = held_edited(&j->held);
	int got = 1;

	if (message.size > APPEND_TOGETHER_MAX - j->before.size) {
		j->refusal = "[LIMIT] too much for one command";
		return;
	}
	message.edit_count = 0;
	while (got > 0 && j->refusal == NULL)
		got = edited_next(&message, keep_octets, j);
	if (got < 0)
		j->refusal = "[UNAVAILABLE] a message cannot be read back, try again later";
}

static enum outcome
take_another(struct imap_session *s)
{
	struct imap_append_job *j = s->append;

	j->another = false;
	if (j->refusal == NULL)
		keep_message(j);
	held_reset(&j->held);
	imap_begin_rest(s);
	return take_message(s, buf_span(&j->options), &j->literal);
}

/* ---- spool_append, next_append ---- */

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
	return j->left > 0 ? imap_wait_for_rest(s) : STEP_NEXT;
}

static enum outcome
refuse_rest(struct imap_session *s, const struct imap_line *line, const char *why)
{
	imap_append_free(&s->append);
	if (!line->has_literal || line->literal.synchronising)
		return imap_refuse(s, "BAD", why);
	s->literal_left = line->literal.octets;
	return imap_goto(s, IMAP_FRONT_DROP_LITERAL);
}

static void
note_another(struct imap_session *s, const struct imap_line *line)
{
	struct imap_append_job *j = s->append;

	j->another = true;
	j->literal = line->literal;
	buf_clear(&j->options);
	buf_add_span(&j->options, line->text);
	if (j->options.failed)
		j->refusal = "[UNAVAILABLE] no memory, try again later";
	if ((s->offers & imap_capa_bit(IMAP_CAPA_MULTIAPPEND)) == 0)
		j->refusal = "one message at a time, please";
}

/* The command's end, or what stands before another message. */
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
		return imap_wait_for_rest(s);
	if (got < 0)
		return imap_give_up(s, why);
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	next = imap_append_next(line.text, line.has_literal, &append, &why);
	endpoint_consume(s->ends.client, used);
	if (next < 0)
		return refuse_rest(s, &line, why);
	if (next > 0)
		note_another(s, &line);
	if (j->refusal == NULL)
		return STEP_NEXT;
	return j->another ? take_another(s) : end_append(s, j->refusal);
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

	held_count(h, PROTOCOL_IMAP, s->policy);
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

/* The upstream is asked for its "+", whatever it offers. */
static void
print_announcement(struct buf *out, const struct imap_literal *l)
{
	buf_printf(out, "%s{%llu}", l->binary ? "~" : "", (unsigned long long)l->octets);
}

/* The message goes on as it came: a draft or a copy of what was sent has no marks. */
static void
choose_message(struct imap_append_job *j, struct part *part)
{
	j->part = part;
	if (part == j->last) {
		j->message = held_edited(&j->held);
		j->message.edit_count = 0;
		return;
	}
	j->message = (struct edited){ .memory = spool_bytes(&j->before), .file = spool_file(&j->before), .base = j->offset,
		.size = part->literal.octets };
	if (j->message.memory.data != NULL)
		j->message.memory = span_first(span_from(j->message.memory, (size_t)j->offset), (size_t)part->literal.octets);
	j->offset += part->literal.octets;
}

/* Its word is the client's, as with any command. */
static enum outcome
announce(struct imap_session *s)
{
	choose_message(s->append, s->append->first);
	s->unit.len = s->announced_at;
	print_announcement(&s->unit, &s->append->first->literal);
	if (s->unit.failed)
		return imap_give_up(s, "out of memory");
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
	else if (h->answer == NULL && s->ends.awaited == PARTY_SCANNER && endpoint_expired(s->ends.client))
		held_abandon_scan(h, s->policy);
	if (h->answer == NULL)
		return imap_wait(s, PARTY_SCANNER, scan_patience(session->proxy->scan, s->policy));
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	refusal = refusal_of(h->answer);
	log_append(s, refusal != NULL ? refusal : s->append->another ? "waits for the others" : "passed on");
	s->append->refusal = refusal;
	if (s->append->another)
		return take_another(s);
	return refusal != NULL ? end_append(s, refusal) : announce(s);
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

static void
await_go_on(struct imap_session *s)
{
	s->awaits = IMAP_CONTINUE_LITERAL;
	s->may_send = false;
}

/* All octets of a message were taken. */
static enum outcome
end_message(struct imap_session *s)
{
	struct imap_append_job *j = s->append;
	struct part *next = j->part->next;
	struct buf text = { 0 };

	if (next == NULL || s->refused) {
		endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
		return end_append(s, NULL);
	}
	buf_add_span(&text, next->options);
	print_announcement(&text, &next->literal);
	buf_add_str(&text, "\r\n");
	s->hopeless = s->hopeless || text.failed;
	endpoint_write_buf(s->ends.server, &text);
	buf_free(&text);
	choose_message(j, next);
	await_go_on(s);
	return imap_goto(s, IMAP_FRONT_SEND_APPEND);
}

/* What it took since the last look is progress; being looked at is not. */
static enum outcome
wait_for_reader(struct imap_session *s)
{
	struct imap_append_job *j = s->append;
	uint64_t unsent = endpoint_pending(s->ends.server) + j->message.size - j->message.offset;

	if (unsent != j->unsent)
		ends_progress(&s->ends);
	j->unsent = unsent;
	return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_block);
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
		await_go_on(s);
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
	if (got > 0 || endpoint_pending(s->ends.server) > 0)
		return wait_for_reader(s);
	return end_message(s);
}
