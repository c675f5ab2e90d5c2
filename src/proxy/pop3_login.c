/* The login of a POP3 session: where a user is routed to before it, and what
 * applies after it.
 *
 * A routed session has no upstream until it knows the user. The line that
 * completes the login (PASS, or a response of AUTH) stays in the client's input
 * until the upstream was reached and knows who comes; then it is read again. So
 * no password is ever copied. */
#include "config.h"

#include "proxy/pop3_maildrop.h"
#include "proxy/pop3_verbs.h"
#include "proxy/user.h"

/* ---- routing ---- */

bool
pop3_must_be_introduced(const struct pop3_session *s)
{
	return s->routed && !s->introduced;
}

/* The answer to USER, or the first turn of AUTH, which the client has had from
 * us. */
static void
introduced(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	(void)p;
	s->introduced = r->status != POP3_ERR;
	s->turned_away = !s->introduced;
}

/* An AUTH that brings its response needs no introduction. */
static void
say_who_comes(struct pop3_session *s, enum pop3_step back)
{
	struct buf line = { 0 };

	s->introduced = back == POP3_STEP_READ_COMMAND && s->command.verb == POP3_AUTH;
	if (s->introduced)
		return;
	if (back == POP3_STEP_EXCHANGE_AUTH)
		buf_printf(&line, "AUTH %s", s->mechanism);
	else
		buf_printf(&line, "USER %.*s", SPAN_ARG(buf_span(&s->user)));
	pop3_ask_turn(s, buf_span(&line), introduced);
	buf_free(&line);
}

enum outcome
pop3_introduce(struct pop3_session *s, enum pop3_step back)
{
	const struct user_settings *u = settings_user(ends_settings(&s->ends), buf_span(&s->user));

	if (s->ends.server != NULL) {
		say_who_comes(s, back);
		return pop3_goto(s, back); /* where the reply is awaited: the command is read again after it */
	}
	s->ends.upstream = u != NULL && u->upstream != SIZE_MAX ? u->upstream : s->ends.listener->upstream;
	s->after_replies = back;
	return pop3_goto(s, POP3_STEP_CONNECT_UPSTREAM);
}

void
pop3_forget_user(struct pop3_session *s)
{
	buf_clear(&s->user);
	buf_clear(&s->mail_of);
	s->introduced = false;
	if (s->routed)
		endpoint_close(&s->ends.server);
}

/* ---- what applies ---- */

void
pop3_logged_in(struct pop3_session *s)
{
	const struct generation *g = s->ends.session.proxy->generation;

	if (s->mail_of.len > 0)
		buf_add_byte(&s->mail_of, '*');
	buf_add_span(&s->mail_of, buf_span(&s->user));
	if (s->user.failed || s->mail_of.failed)
		session_ran_short(&s->ends.session);
	buf_shrink(&s->user);
	buf_shrink(&s->mail_of);
	s->own = user_own(s->ends.session.proxy, &s->own_arena, buf_span(&s->user));
	if (s->own != NULL && s->own->policy != SIZE_MAX)
		s->policy = s->own->policy;
	if (ruleset_is_empty(g->rules[s->policy]) && (s->own == NULL || user_settings_plain(s->own)))
		return;
	s->maildrop = pop3_maildrop_new(s);
	s->hopeless = s->maildrop == NULL; /* nobody's mail passes unseen for want of memory */
}
