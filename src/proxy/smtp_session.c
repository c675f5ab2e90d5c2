/* An SMTP or LMTP session.
 *
 * The client's connection opens one to the upstream, and what the upstream
 * says (greeting, EHLO, the answers to MAIL and RCPT) is passed on live. At
 * DATA or BDAT the message is held here until its verdict; only then does the
 * upstream hear DATA. Its final reply is the client's, so that a message is
 * never accepted by anybody but the server that keeps it.
 *
 * Commands may be pipelined: each one relayed is queued with the handler of
 * its reply, and replies pop the queue, our own ones in their turn. */
#include "config.h"

#include "proxy/smtp_session.h"

#include "proxy/smtp_log.h"

#include <stdlib.h>
#include <unistd.h>

static const struct step steps[] = {
	[SMTP_STEP_ACCEPT_CLIENT] = { "accept_client", smtp_accept_client },
	[SMTP_STEP_CONNECT_UPSTREAM] = { "connect_upstream", smtp_connect_upstream },
	[SMTP_STEP_GREET_UPSTREAM] = { "greet_upstream", smtp_greet_upstream },
	[SMTP_STEP_EHLO_UPSTREAM] = { "ehlo_upstream", smtp_ehlo_upstream },
	[SMTP_STEP_SECURE_UPSTREAM] = { "secure_upstream", smtp_secure_upstream },
	[SMTP_STEP_IDENTIFY_CLIENT] = { "identify_client", smtp_identify_client },
	[SMTP_STEP_GREET] = { "greet", smtp_greet },
	[SMTP_STEP_READ_COMMAND] = { "read_command", smtp_read_command },
	[SMTP_STEP_RELAY_COMMAND] = { "relay_command", smtp_relay_command },
	[SMTP_STEP_READ_REPLY] = { "read_reply", smtp_read_reply },
	[SMTP_STEP_EXCHANGE_AUTH] = { "exchange_auth", smtp_exchange_auth },
	[SMTP_STEP_START_TLS] = { "start_tls", smtp_start_tls },
	[SMTP_STEP_OPEN_DATA] = { "open_data", smtp_open_data },
	[SMTP_STEP_SPOOL_DATA] = { "spool_data", smtp_spool_data },
	[SMTP_STEP_SPOOL_CHUNK] = { "spool_chunk", smtp_spool_chunk },
	[SMTP_STEP_AWAIT_VERDICT] = { "await_verdict", smtp_await_verdict },
	[SMTP_STEP_APPLY_VERDICT] = { "apply_verdict", smtp_apply_verdict },
	[SMTP_STEP_AWAIT_QUARANTINE] = { "await_quarantine", smtp_await_quarantine },
	[SMTP_STEP_OPEN_REPLAY] = { "open_replay", smtp_open_replay },
	[SMTP_STEP_REPLAY_UPSTREAM] = { "replay_upstream", smtp_replay_upstream },
	[SMTP_STEP_RELAY_FINAL_REPLY] = { "relay_final_reply", smtp_relay_final_reply },
	[SMTP_STEP_AWAIT_QUIT] = { "await_quit", smtp_await_quit },
	[SMTP_STEP_CLOSE] = { "close", smtp_close },
};

static void smtp_free(struct session *session);

bool
smtp_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer)
{
	struct smtp_session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return false;
	}
	s->lmtp = listener->protocol == PROTOCOL_LMTP;
	s->ends.session.free = smtp_free;
	if (!ends_set_up(&s->ends, p, listener, tls, fd, peer)) {
		free(s);
		return false;
	}
	buf_init_secret(&s->scratch, 0);
	smtp_reply_init(&s->reply, p->settings->limits.reply_line, p->settings->limits.reply_lines);
	session_start(&s->ends.session, p, steps);
	held_init(&s->tx.held, &s->ends.session);
	session_wake(s);
	return true;
}

static void
smtp_free(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	smtp_transaction_reset(s);
	held_free(&s->tx.held);
	while (s->pending_count > 0)
		smtp_pending_pop(s);
	ends_release(&s->ends);
	smtp_reply_free(&s->reply);
	buf_free(&s->greeting);
	buf_free(&s->scratch);
	buf_free(&s->user);
	if (s->user_arena != NULL)
		arena_free(&s->user_arena);
	free(s->helo);
	free(s);
}

/* ---- waiting ---- */

enum outcome
smtp_goto(struct smtp_session *s, enum smtp_step step)
{
	session_goto(&s->ends.session, step);
	return STEP_NEXT;
}

static enum outcome
time_out(struct smtp_session *s, enum party whom)
{
	static const char *const texts[] = {
		[PARTY_CLIENT] = "421 4.4.2 timeout: waited too long for the client",
		[PARTY_SERVER] = "421 4.4.2 timeout: the mail server does not answer",
		[PARTY_SCANNER] = "421 4.3.0 timeout: the message could not be scanned in time",
		[PARTY_KEEPER] = "421 4.3.0 timeout: the message could not be kept in time",
	};

	ends_log(&s->ends, LOG_LEVEL_INFO, STATS_ERROR_TIMEOUT, texts[whom] + sizeof("421 4.4.2"));
	if (s->tx.held.answer != NULL)
		smtp_log_message(s, span_str(texts[whom]));
	return smtp_give_up(s, texts[whom]);
}

static enum outcome
wait_armed(struct smtp_session *s, enum party whom, uint64_t timeout)
{
	return ends_wait(&s->ends, whom, timeout, s->tx.deadline) ? STEP_WAIT : time_out(s, whom);
}

enum outcome
smtp_wait_final(struct smtp_session *s, uint64_t timeout)
{
	return wait_armed(s, PARTY_SERVER, timeout);
}

enum outcome
smtp_wait(struct smtp_session *s, enum party whom, uint64_t timeout)
{
	if (endpoint_broken(s->ends.client))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	return wait_armed(s, whom, timeout);
}

enum outcome
smtp_give_up(struct smtp_session *s, const char *text)
{
	s->last_word = text;
	if (text != NULL)
		smtp_say(s, text);
	return smtp_goto(s, SMTP_STEP_CLOSE);
}

enum outcome
smtp_refuse_session(struct smtp_session *s, const char *command, const char *text)
{
	smtp_log_own_refusal(s, command, SPAN_NONE, text);
	return smtp_give_up(s, text);
}

enum outcome
smtp_await_quit(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	return s->pending_count > 0 ? smtp_await_replies(s, SMTP_STEP_AWAIT_QUIT) : smtp_goto(s, SMTP_STEP_CLOSE);
}

bool
smtp_is_half_sent(const struct smtp_session *s)
{
	return s->tx.replaying || (s->tx.replayed && endpoint_pending(s->ends.server) > 0);
}

static bool
may_say_quit(const struct smtp_session *s)
{
	return !s->quit && !s->asked && s->pending_count == 0 && !endpoint_broken(s->ends.server);
}

enum outcome
smtp_close(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	if (s->tx.coming && !s->tx.counted)
		smtp_log_message(s, s->last_word != NULL ? span_str(s->last_word) : SPAN_LITERAL("session ended before the reply"));
	/* Half a message must never look like a whole one; and what is queued may
	 * lie in the spool, which ends with the session. */
	if (s->ends.server != NULL && smtp_is_half_sent(s))
		endpoint_abort(&s->ends.server);
	else if (s->ends.server != NULL && may_say_quit(s))
		endpoint_write(s->ends.server, SPAN_LITERAL("QUIT\r\n"));
	endpoint_close(&s->ends.server);
	endpoint_close(&s->ends.client);
	return STEP_DONE;
}

/* ---- replies of our own ---- */

void
smtp_say(struct smtp_session *s, const char *text)
{
	buf_clear(&s->scratch);
	smtp_reply_print(&s->scratch, text);
	endpoint_write_buf(s->ends.client, &s->scratch);
}

void
smtp_say_in_turn(struct smtp_session *s, const char *text)
{
	if (s->pending_count == 0)
		smtp_say(s, text);
	else if (!smtp_pending_push(s, NULL, span_str(text), 0))
		session_ran_short(&s->ends.session);
}

/* ---- the queue of replies ---- */

bool
smtp_pending_push(struct smtp_session *s, smtp_handler *handle, struct span text, uint64_t timeout)
{
	struct smtp_pending *p = &s->pending[(s->pending_first + s->pending_count) % SMTP_PIPELINE_MAX];
	char *copy = strndup(text.data != NULL ? text.data : "", text.len);

	if (s->pending_count == SMTP_PIPELINE_MAX || copy == NULL) {
		free(copy);
		return false;
	}
	*p = (struct smtp_pending){ handle, copy, timeout };
	s->pending_count++;
	return true;
}

void
smtp_pending_pop(struct smtp_session *s)
{
	free(s->pending[s->pending_first].text);
	s->pending_first = (s->pending_first + 1) % SMTP_PIPELINE_MAX;
	s->pending_count--;
}

/* ---- the transaction ---- */

void
smtp_transaction_reset(struct smtp_session *s)
{
	struct smtp_transaction *tx = &s->tx;
	struct held held;

	held_reset(&tx->held);
	held = tx->held;
	free(tx->sender);
	for (size_t i = 0; i < tx->recipient_count; i++)
		free(tx->recipients[i]);
	free(tx->recipients);
	*tx = (struct smtp_transaction){ .held = held };
}

size_t
smtp_policy(const struct smtp_session *s)
{
	return s->tx.has_policy ? s->tx.policy : s->ends.listener->policy;
}

uint64_t
smtp_size_limit(const struct smtp_session *s)
{
	uint64_t ours = ends_settings(&s->ends)->policies[smtp_policy(s)].max_message_size;

	return s->offers.size > 0 && s->offers.size < ours ? s->offers.size : ours;
}
