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

static bool
set_up(struct smtp_session *s, struct proxy *p, int fd, const struct peer *peer)
{
	socklen_t len = sizeof(s->local.address);

	s->peer = s->accepted_from = *peer;
	if (getsockname(fd, (struct sockaddr *)&s->local.address, &len) == 0)
		s->local.len = len;
	if (s->listener->intercept != INTERCEPT_NONE)
		peer_original_destination(fd, s->listener->intercept, &s->destination);
	s->client = endpoint_new(p->loop, fd, session_wake, s);
	return s->client != NULL;
}

bool
smtp_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer)
{
	struct smtp_session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return false;
	}
	s->listener = listener;
	s->tls = tls;
	s->lmtp = listener->protocol == PROTOCOL_LMTP;
	s->session.free = smtp_free;
	spool_init(&s->tx.spool, p->spools);
	if (!set_up(s, p, fd, peer)) {
		free(s);
		return false;
	}
	smtp_reply_init(&s->reply, p->settings->limits.reply_line, p->settings->limits.reply_lines);
	s->armed = UINT64_MAX;
	session_start(&s->session, p, steps);
	stats_add(&p->stats->sessions, 1);
	session_wake(s);
	return true;
}

static void
smtp_free(struct session *session)
{
	struct smtp_session *s = smtp_of(session);
	unsigned char client[16];

	peer_bytes(&s->accepted_from, client);
	census_leave(session->proxy->census, session->proxy->index, client);
	connecting_cancel(&s->connecting);
	smtp_transaction_reset(s);
	arena_free(&s->tx.arena);
	while (s->pending_count > 0)
		smtp_pending_pop(s);
	endpoint_abort(&s->client);
	endpoint_abort(&s->server);
	smtp_reply_free(&s->reply);
	buf_free(&s->greeting);
	buf_free(&s->scratch);
	buf_free(&s->user);
	free(s->helo);
	free(s);
}

const struct settings *
smtp_settings(const struct smtp_session *s)
{
	return s->session.proxy->settings;
}

const struct upstream *
smtp_upstream(const struct smtp_session *s)
{
	if (s->listener->upstream == SIZE_MAX)
		return NULL;
	return &smtp_settings(s)->upstreams[s->listener->upstream];
}

/* ---- waiting ---- */

void
smtp_progress(struct smtp_session *s)
{
	s->progress++;
}

enum outcome
smtp_goto(struct smtp_session *s, enum smtp_step step)
{
	session_goto(&s->session, step);
	return STEP_NEXT;
}

static enum outcome
time_out(struct smtp_session *s, enum smtp_party whom)
{
	static const char *const texts[] = {
		[SMTP_CLIENT] = "421 4.4.2 timeout: waited too long for the client",
		[SMTP_SERVER] = "421 4.4.2 timeout: the mail server does not answer",
		[SMTP_SCANNER] = "421 4.3.0 timeout: the message could not be scanned in time",
		[SMTP_KEEPER] = "421 4.3.0 timeout: the message could not be kept in time",
	};

	smtp_log_event(s, LOG_LEVEL_INFO, "timeout", texts[whom] + sizeof("421 4.4.2"));
	if (s->tx.answer != NULL)
		smtp_log_message(s, span_str(texts[whom]));
	return smtp_give_up(s, texts[whom]);
}

static enum outcome
wait_armed(struct smtp_session *s, enum smtp_party whom, uint64_t timeout)
{
	if (s->armed != s->progress || s->awaited != whom) {
		uint64_t when = loop_now(s->session.proxy->loop) + timeout;

		if (s->tx.deadline != 0 && s->tx.deadline < when)
			when = s->tx.deadline;
		s->armed = s->progress;
		s->awaited = whom;
		endpoint_deadline(s->client, when);
	} else if (endpoint_expired(s->client)) {
		return time_out(s, whom);
	}
	if (s->server != NULL)
		endpoint_flush(s->server);
	endpoint_flush(s->client);
	return STEP_WAIT;
}

enum outcome
smtp_wait_final(struct smtp_session *s, uint64_t timeout)
{
	return wait_armed(s, SMTP_SERVER, timeout);
}

enum outcome
smtp_wait(struct smtp_session *s, enum smtp_party whom, uint64_t timeout)
{
	if (endpoint_broken(s->client))
		return smtp_goto(s, SMTP_STEP_CLOSE);
	return wait_armed(s, whom, timeout);
}

enum outcome
smtp_give_up(struct smtp_session *s, const char *text)
{
	if (text != NULL)
		smtp_say(s, text);
	return smtp_goto(s, SMTP_STEP_CLOSE);
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
	return s->tx.replaying || (s->tx.replayed && endpoint_pending(s->server) > 0);
}

static bool
may_say_quit(const struct smtp_session *s)
{
	return !s->quit && !s->asked && s->pending_count == 0 && !endpoint_broken(s->server);
}

enum outcome
smtp_close(struct session *session)
{
	struct smtp_session *s = smtp_of(session);

	/* Half a message must never look like a whole one; and what is queued may
	 * lie in the spool, which ends with the session. */
	if (s->server != NULL && smtp_is_half_sent(s))
		endpoint_abort(&s->server);
	else if (s->server != NULL && may_say_quit(s))
		endpoint_write(s->server, SPAN_LITERAL("QUIT\r\n"));
	endpoint_close(&s->server);
	endpoint_close(&s->client);
	return STEP_DONE;
}

/* ---- replies of our own ---- */

void
smtp_say(struct smtp_session *s, const char *text)
{
	buf_clear(&s->scratch);
	smtp_reply_print(&s->scratch, text);
	endpoint_write(s->client, buf_span(&s->scratch));
}

void
smtp_say_in_turn(struct smtp_session *s, const char *text)
{
	if (s->pending_count == 0)
		smtp_say(s, text);
	else
		smtp_pending_push(s, NULL, span_str(text), 0);
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
	struct spool spool = tx->spool;
	bool shared = tx->job != NULL || tx->keep != NULL || tx->abandoned; /* asked, and not answered */
	struct arena *arena = tx->arena;

	scan_cancel(&tx->job);
	keep_cancel(&tx->keep);
	free(tx->sender);
	for (size_t i = 0; i < tx->recipient_count; i++)
		free(tx->recipients[i]);
	free(tx->recipients);
	spool_reset(&spool, shared);
	if (arena != NULL)
		arena_reset(arena);
	*tx = (struct smtp_transaction){ .spool = spool, .arena = arena };
}

size_t
smtp_policy(const struct smtp_session *s)
{
	return s->tx.has_policy ? s->tx.policy : s->listener->policy;
}

uint64_t
smtp_size_limit(const struct smtp_session *s)
{
	uint64_t ours = smtp_settings(s)->policies[smtp_policy(s)].max_message_size;

	return s->offers.size > 0 && s->offers.size < ours ? s->offers.size : ours;
}
