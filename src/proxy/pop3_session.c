/* A POP3 session.
 *
 * The client's connection opens one to the upstream, and what the upstream
 * says is passed on live: its greeting with the banner of APOP, the login, and
 * under a policy that filters nothing all the rest too. Where users have
 * upstreams of their own the session greets by itself and goes to the
 * upstream when it knows the user.
 *
 * Under a policy that filters, what lies in the maildrop is listed at the first
 * command that asks for it, and what the client was shown of each message
 * before is recalled. New messages are fetched and judged there and then, as
 * far as the time for that goes, so that STAT and LIST tell the octets that RETR
 * will send; they are kept on a shelf for RETR. What is left is judged when the
 * client asks for it.
 *
 * QUIT is passed on only when the client said it: a client that is lost has
 * deleted nothing (RFC 1939 6). */
#include "config.h"

#include "proxy/pop3_session.h"

#include "proxy/pop3_maildrop.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const struct step steps[] = {
	[POP3_STEP_ACCEPT_CLIENT] = { "accept_client", pop3_accept_client },
	[POP3_STEP_CONNECT_UPSTREAM] = { "connect_upstream", pop3_connect_upstream },
	[POP3_STEP_GREET_UPSTREAM] = { "greet_upstream", pop3_greet_upstream },
	[POP3_STEP_SECURE_UPSTREAM] = { "secure_upstream", pop3_secure_upstream },
	[POP3_STEP_GREET] = { "greet", pop3_greet },
	[POP3_STEP_READ_COMMAND] = { "read_command", pop3_read_command },
	[POP3_STEP_RELAY_COMMAND] = { "relay_command", pop3_relay_command },
	[POP3_STEP_READ_REPLY] = { "read_reply", pop3_read_reply },
	[POP3_STEP_RELAY_BODY] = { "relay_body", pop3_relay_body },
	[POP3_STEP_EXCHANGE_AUTH] = { "exchange_auth", pop3_exchange_auth },
	[POP3_STEP_START_TLS] = { "start_tls", pop3_start_tls },
	[POP3_STEP_LIST_MAILDROP] = { "list_maildrop", pop3_list_maildrop },
	[POP3_STEP_IDENTIFY_MAILDROP] = { "identify_maildrop", pop3_identify_maildrop },
	[POP3_STEP_RECALL_VIEWS] = { "recall_views", pop3_recall_views },
	[POP3_STEP_SCAN_AHEAD] = { "scan_ahead", pop3_scan_ahead },
	[POP3_STEP_FETCH_MESSAGE] = { "fetch_message", pop3_fetch_message },
	[POP3_STEP_SERVE_MESSAGE] = { "serve_message", pop3_serve_message },
	[POP3_STEP_AWAIT_QUIT] = { "await_quit", pop3_await_quit },
	[POP3_STEP_CLOSE] = { "close", pop3_close },
};

static void pop3_free(struct session *session);

bool
pop3_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer)
{
	struct pop3_session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return false;
	}
	s->ends.session.free = pop3_free;
	if (!ends_set_up(&s->ends, p, listener, tls, fd, peer)) {
		free(s);
		return false;
	}
	s->policy = listener->policy;
	s->routed = settings_routes_users(p->settings) && listener->intercept == INTERCEPT_NONE;
	session_start(&s->ends.session, p, steps);
	session_wake(s);
	return true;
}

static void
pop3_free(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	pop3_maildrop_free(&s->maildrop);
	ends_release(&s->ends);
	arena_free(&s->own_arena);
	buf_free(&s->greeting);
	buf_free(&s->user);
	buf_free(&s->mail_of);
	free(s->offers);
	free(s);
}

/* ---- waiting ---- */

enum outcome
pop3_goto(struct pop3_session *s, enum pop3_step step)
{
	session_goto(&s->ends.session, step);
	return STEP_NEXT;
}

enum outcome
pop3_wait(struct pop3_session *s, enum party whom, uint64_t timeout)
{
	static const char *const texts[] = {
		[PARTY_CLIENT] = "timeout: waited too long for the client",
		[PARTY_SERVER] = "[SYS/TEMP] timeout: the mail server does not answer",
		[PARTY_SCANNER] = "[SYS/TEMP] timeout: the message could not be scanned in time",
		[PARTY_KEEPER] = "[SYS/TEMP] timeout: the keeper does not answer",
	};

	if (endpoint_broken(s->ends.client))
		return pop3_goto(s, POP3_STEP_CLOSE);
	if (ends_wait(&s->ends, whom, timeout, 0))
		return STEP_WAIT;
	ends_log(&s->ends, LOG_LEVEL_INFO, STATS_ERROR_TIMEOUT, texts[whom]);
	return pop3_give_up(s, texts[whom]);
}

/* Within a multi-line reply a line of ours would be taken for the message's. */
enum outcome
pop3_give_up(struct pop3_session *s, const char *text)
{
	if (text != NULL && s->body == POP3_BODY_NONE && !s->serving.said_ok)
		pop3_refuse(s, text);
	return pop3_goto(s, POP3_STEP_CLOSE);
}

enum outcome
pop3_await_quit(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	return s->pending_count > 0 ? pop3_await_replies(s, POP3_STEP_AWAIT_QUIT) : pop3_goto(s, POP3_STEP_CLOSE);
}

/* The upstream hears no QUIT of ours: it would delete what the client marked,
 * who may not have what it asked for. What is queued of a message may lie in
 * what ends with the session. */
enum outcome
pop3_close(struct session *session)
{
	struct pop3_session *s = pop3_of(session);

	endpoint_abort(&s->ends.server);
	if (s->serving.said_ok)
		endpoint_abort(&s->ends.client);
	else
		endpoint_close(&s->ends.client);
	return STEP_DONE;
}

/* ---- words of our own ---- */

void
pop3_say(struct pop3_session *s, const char *format, ...)
{
	char line[512]; /* RFC 2449 4 */
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len > sizeof(line) - 3)
		len = sizeof(line) - 3;
	memcpy(line + len, "\r\n", 2);
	endpoint_write(s->ends.client, span_of(line, (size_t)len + 2));
}

void
pop3_refuse(struct pop3_session *s, const char *text)
{
	pop3_say(s, "-ERR %s", text);
}

void
pop3_refuse_in_turn(struct pop3_session *s, const char *text)
{
	if (s->pending_count == 0)
		pop3_refuse(s, text);
	else
		s->pending[(s->pending_first + s->pending_count++) % POP3_PIPELINE_MAX] =
		    (struct pop3_pending){ .text = text };
}

/* ---- the queue of replies ---- */

void
pop3_tell(struct pop3_session *s, struct span line)
{
	endpoint_write(s->ends.server, line);
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
}

static bool
ask(struct pop3_session *s, struct span line, struct pop3_pending pending)
{
	if (s->pending_count == POP3_PIPELINE_MAX)
		return false;
	s->pending[(s->pending_first + s->pending_count++) % POP3_PIPELINE_MAX] = pending;
	pop3_tell(s, line);
	return true;
}

bool
pop3_ask(struct pop3_session *s, struct span line, pop3_handler *handle, enum pop3_body body, uint64_t number)
{
	return ask(s, line, (struct pop3_pending){ .handle = handle, .body = body, .number = number });
}

bool
pop3_ask_turn(struct pop3_session *s, struct span line, pop3_handler *handle)
{
	return ask(s, line, (struct pop3_pending){ .handle = handle, .turn = true });
}

void
pop3_pending_pop(struct pop3_session *s)
{
	s->pending_first = (s->pending_first + 1) % POP3_PIPELINE_MAX;
	s->pending_count--;
}
