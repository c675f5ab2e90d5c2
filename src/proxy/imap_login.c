/* The login of an IMAP session: where a user is routed to before it, and what
 * applies after it. A routed session has no upstream until it knows the user;
 * the command that tells him stays where it is until the upstream was reached. */
#include "config.h"

#include "proxy/imap_verbs.h"
#include "proxy/user.h"

enum outcome
imap_reach_user(struct imap_session *s, enum imap_front_step back)
{
	const struct user_settings *u = settings_user(ends_settings(&s->ends), buf_span(&s->user));

	s->ends.upstream = u != NULL && u->upstream != SIZE_MAX ? u->upstream : s->ends.listener->upstream;
	s->after = back;
	return imap_goto(s, IMAP_FRONT_CONNECT_UPSTREAM);
}

/* The next user may live elsewhere. */
void
imap_forget_user(struct imap_session *s)
{
	buf_clear(&s->user);
	buf_clear(&s->mail_of);
	if (!s->routed)
		return;
	s->listening = false;
	endpoint_close(&s->ends.server);
}

void
imap_logged_in(struct imap_session *s)
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
	s->filtered = !ruleset_is_empty(g->rules[s->policy]) || (s->own != NULL && !user_settings_plain(s->own));
}
