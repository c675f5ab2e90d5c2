/* What a filtered maildrop answers by itself: how many messages there are and
 * how large, as the client gets them; and what it asks of one of them. */
#include "config.h"

#include "proxy/pop3_maildrop.h"
#include "proxy/pop3_verbs.h"

static const char no_message[] = "there is no such message";

static enum outcome
answered(struct pop3_session *s)
{
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

static enum outcome
refused(struct pop3_session *s, const char *text)
{
	pop3_refuse(s, text);
	return answered(s);
}

struct total {
	uint64_t messages, octets;
};

static struct total
total_of(struct pop3_maildrop *m)
{
	struct total t = { 0 };

	for (size_t i = 0; i < m->shown_count; i++) {
		if (m->messages[m->shown[i]].deleted)
			continue;
		t.messages++;
		t.octets += pop3_maildrop_octets(m, m->shown[i]);
	}
	return t;
}

enum outcome
pop3_answer_stat(struct pop3_session *s, const struct pop3_command *c)
{
	struct total t = total_of(s->maildrop);

	(void)c;
	pop3_say(s, "+OK %llu %llu", (unsigned long long)t.messages, (unsigned long long)t.octets);
	return answered(s);
}

/* ---- LIST, UIDL ---- */

typedef void put_entry(struct pop3_maildrop *m, size_t index, uint64_t number, struct buf *out);

static void
put_octets(struct pop3_maildrop *m, size_t index, uint64_t number, struct buf *out)
{
	buf_printf(out, "%llu %llu", (unsigned long long)number, (unsigned long long)pop3_maildrop_octets(m, index));
}

static void
put_uid(struct pop3_maildrop *m, size_t index, uint64_t number, struct buf *out)
{
	buf_printf(out, "%llu %.*s", (unsigned long long)number, SPAN_ARG(pop3_maildrop_uid(m, index)));
}

static enum outcome
list(struct pop3_session *s, const struct pop3_command *c, put_entry *put, struct buf *out)
{
	struct pop3_maildrop *m = s->maildrop;
	size_t index = c->has_number ? pop3_maildrop_find(m, c->number) : 0;

	if (index == POP3_NO_INDEX) {
		buf_free(out);
		return refused(s, no_message);
	}
	if (c->has_number) {
		put(m, index, c->number, out);
		buf_add_str(out, "\r\n");
	}
	for (size_t i = 0; !c->has_number && i < m->shown_count; i++) {
		if (m->messages[m->shown[i]].deleted)
			continue;
		put(m, m->shown[i], i + 1, out);
		buf_add_str(out, "\r\n");
	}
	if (!c->has_number)
		buf_add_str(out, ".\r\n");
	s->hopeless = !endpoint_write_buf(s->ends.client, out);
	buf_free(out);
	return answered(s);
}

enum outcome
pop3_answer_list(struct pop3_session *s, const struct pop3_command *c)
{
	struct total t = total_of(s->maildrop);
	struct buf out = { 0 };

	buf_add_str(&out, "+OK ");
	if (!c->has_number)
		buf_printf(&out, "%llu messages (%llu octets)\r\n", (unsigned long long)t.messages,
		    (unsigned long long)t.octets);
	return list(s, c, put_octets, &out);
}

enum outcome
pop3_answer_uidl(struct pop3_session *s, const struct pop3_command *c)
{
	struct buf out = { 0 };

	if (!s->maildrop->has_uids)
		return refused(s, "the mail server knows no UIDL");
	buf_add_str(&out, c->has_number ? "+OK " : "+OK\r\n");
	return list(s, c, put_uid, &out);
}

/* ---- RETR, TOP ---- */

static void
passed_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	struct pop3_maildrop *m = s->maildrop;
	uint64_t now = loop_now(s->ends.session.proxy->loop);
	size_t index = pop3_maildrop_find(m, p->number);

	m->heard = now;
	pop3_relay_reply(s, p, r);
	if (r->status == POP3_OK && index != POP3_NO_INDEX)
		pop3_log_retrieved(s, index, m->messages[index].view.octets, now);
}

/* Judged before, and clean: it passes while it comes. */
static enum outcome
pass(struct pop3_session *s, const struct pop3_command *c, const struct pop3_message *m)
{
	char line[64];
	int len = c->verb == POP3_TOP
	    ? snprintf(line, sizeof(line), "TOP %llu %llu", (unsigned long long)m->number, (unsigned long long)c->lines)
	    : snprintf(line, sizeof(line), "RETR %llu", (unsigned long long)m->number);

	pop3_ask(s, span_of(line, (size_t)len), passed_replied, POP3_BODY_RELAYED,
	    c->verb == POP3_RETR ? c->number : 0);
	return answered(s);
}

static enum outcome
serve(struct pop3_session *s, const struct pop3_command *c)
{
	struct pop3_maildrop *m = s->maildrop;
	size_t index = pop3_maildrop_find(m, c->number);
	const struct pop3_message *message;
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (index == POP3_NO_INDEX)
		return refused(s, no_message);
	message = &m->messages[index];
	if (c->verb == POP3_RETR && c->number > m->last)
		m->last = c->number;
	if (message->view.judged && message->view.edit_count == 0 && message->shelved == UINT64_MAX &&
	    !pop3_fetch_is_running(s))
		return pass(s, c, message);
	s->serving = (struct pop3_serving){
		.index = index, .top = c->verb == POP3_TOP, .lines = c->lines, .began = now,
		.patient_until = now + ends_settings(&s->ends)->pop3.patience,
	};
	return pop3_goto(s, POP3_STEP_FETCH_MESSAGE);
}

enum outcome
pop3_answer_retr(struct pop3_session *s, const struct pop3_command *c)
{
	return serve(s, c);
}

enum outcome
pop3_answer_top(struct pop3_session *s, const struct pop3_command *c)
{
	return serve(s, c);
}

/* ---- DELE, RSET, LAST ---- */

static void
dele_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	size_t index = pop3_maildrop_find(s->maildrop, p->number);

	if (r->status != POP3_OK || index == POP3_NO_INDEX) {
		pop3_relay_reply(s, p, r);
		return;
	}
	s->maildrop->messages[index].deleted = true;
	if (s->maildrop->messages[index].number == p->number)
		pop3_relay_reply(s, p, r);
	else
		pop3_say(s, "+OK message %llu deleted", (unsigned long long)p->number);
}

/* What the reader did not see all of must lie in quarantine; and what he asked
 * for and did not get from us is not his to delete. */
enum outcome
pop3_answer_dele(struct pop3_session *s, const struct pop3_command *c)
{
	size_t index = pop3_maildrop_find(s->maildrop, c->number);
	const struct pop3_message *m;
	char line[32];
	int len;

	if (index == POP3_NO_INDEX)
		return refused(s, no_message);
	m = &s->maildrop->messages[index];
	if ((m->refused && !m->denied) || (view_withholds(&m->view) && !m->view.kept))
		return refused(s, "[SYS/TEMP] the message was not delivered, it stays");
	len = snprintf(line, sizeof(line), "DELE %llu", (unsigned long long)m->number);
	pop3_ask(s, span_of(line, (size_t)len), dele_replied, POP3_BODY_NONE, c->number);
	return answered(s);
}

/* RFC 1460: what was accessed is forgotten too. */
static void
rset_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	for (size_t i = 0; r->status == POP3_OK && i < s->maildrop->count; i++)
		s->maildrop->messages[i].deleted = false;
	if (r->status == POP3_OK)
		s->maildrop->last = 0;
	pop3_relay_reply(s, p, r);
}

enum outcome
pop3_answer_rset(struct pop3_session *s, const struct pop3_command *c)
{
	pop3_ask(s, c->line, rset_replied, POP3_BODY_NONE, 0);
	return answered(s);
}

/* RFC 1460: the highest number that was accessed, as the client counts. Other
 * messages than the client's were fetched ahead, so it is answered here. */
enum outcome
pop3_answer_last(struct pop3_session *s, const struct pop3_command *c)
{
	(void)c;
	pop3_say(s, "+OK %llu", (unsigned long long)s->maildrop->last);
	return answered(s);
}
