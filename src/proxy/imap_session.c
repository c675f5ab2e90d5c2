/* An IMAP session.
 *
 * A command is collected whole, literals and all, before anything of it goes
 * on: what is relayed has been understood. (A message that APPEND brings lies
 * in the spool.) Responses pass while they come, whatever their size; what a
 * session must know of them is read in passing.
 *
 * Under a policy that filters, FETCH of a message's content waits until the
 * message was judged: it is fetched whole under a tag of our own by BODY.PEEK[],
 * so that \Seen changes only when the client's own command changes it, and only
 * then the client's command goes on. What was removed is overlaid on the octets
 * that pass, in place: all that the server says of sizes, structures and ranges
 * stays true, also what it said before the message was judged. */
#include "config.h"

#include "proxy/imap_session.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const struct step front_steps[] = {
	[IMAP_FRONT_ACCEPT_CLIENT] = { "accept_client", imap_accept_client },
	[IMAP_FRONT_CONNECT_UPSTREAM] = { "connect_upstream", imap_connect_upstream },
	[IMAP_FRONT_GREET_UPSTREAM] = { "greet_upstream", imap_greet_upstream },
	[IMAP_FRONT_SECURE_UPSTREAM] = { "secure_upstream", imap_secure_upstream },
	[IMAP_FRONT_GREET] = { "greet", imap_greet },
	[IMAP_FRONT_READ_COMMAND] = { "read_command", imap_read_command },
	[IMAP_FRONT_READ_LITERAL] = { "read_literal", imap_read_literal },
	[IMAP_FRONT_DROP_LITERAL] = { "drop_literal", imap_drop_literal },
	[IMAP_FRONT_RELAY_COMMAND] = { "relay_command", imap_relay_command },
	[IMAP_FRONT_SEND_COMMAND] = { "send_command", imap_send_command },
	[IMAP_FRONT_EXCHANGE_AUTH] = { "exchange_auth", imap_exchange_auth },
	[IMAP_FRONT_START_TLS] = { "start_tls", imap_start_tls },
	[IMAP_FRONT_COMPRESS_UPSTREAM] = { "compress_upstream", imap_compress_upstream },
	[IMAP_FRONT_IDLE] = { "idle", imap_idle },
	[IMAP_FRONT_WATCH] = { "watch", imap_watch },
	[IMAP_FRONT_OPEN_MAILBOX] = { "open_mailbox", imap_open_mailbox },
	[IMAP_FRONT_JUDGE_NEWS] = { "judge_news", imap_judge_news },
	[IMAP_FRONT_MOVE_SPAM] = { "move_spam", imap_move_spam },
	[IMAP_FRONT_TELL_NEWS] = { "tell_news", imap_tell_news },
	[IMAP_FRONT_PEEK_VIEWS] = { "peek_views", imap_peek_views },
	[IMAP_FRONT_FIND_SAVED] = { "find_saved", imap_find_saved },
	[IMAP_FRONT_MAP_MAILBOX] = { "map_mailbox", imap_map_mailbox },
	[IMAP_FRONT_RECALL_VIEWS] = { "recall_views", imap_recall_views },
	[IMAP_FRONT_MARK_LATE] = { "mark_late", imap_mark_late },
	[IMAP_FRONT_JUDGE_MESSAGES] = { "judge_messages", imap_judge_messages },
	[IMAP_FRONT_SHOW_MESSAGES] = { "show_messages", imap_show_messages },
	[IMAP_FRONT_SPOOL_APPEND] = { "spool_append", imap_spool_append },
	[IMAP_FRONT_NEXT_APPEND] = { "next_append", imap_next_append },
	[IMAP_FRONT_JUDGE_APPEND] = { "judge_append", imap_judge_append },
	[IMAP_FRONT_SEND_APPEND] = { "send_append", imap_send_append },
	[IMAP_FRONT_AWAIT_LOGOUT] = { "await_logout", imap_await_logout },
	[IMAP_FRONT_CLOSE] = { "close", imap_close },
};

static const struct step back_steps[] = {
	[IMAP_BACK_REST] = { "rest", imap_rest },
	[IMAP_BACK_READ_RESPONSE] = { "read_response", imap_read_response },
	[IMAP_BACK_RELAY_LINE] = { "relay_line", imap_relay_line },
	[IMAP_BACK_RELAY_LITERAL] = { "relay_literal", imap_relay_literal },
	[IMAP_BACK_RELAY_MORE] = { "relay_more", imap_relay_more },
	[IMAP_BACK_READ_FETCH] = { "read_fetch", imap_read_fetch },
	[IMAP_BACK_JOIN_LITERAL] = { "join_literal", imap_join_literal },
	[IMAP_BACK_OVERLAY_LITERAL] = { "overlay_literal", imap_overlay_literal },
	[IMAP_BACK_TAKE_MESSAGE] = { "take_message", imap_take_message },
	[IMAP_BACK_TAKE_SHOWN] = { "take_shown", imap_take_shown },
	[IMAP_BACK_SHOW_ITEMS] = { "show_items", imap_show_items },
};

static void imap_free(struct session *session);

bool
imap_session_begin(struct proxy *p, const struct listener *listener, struct tls_server *tls, int fd,
    const struct peer *peer)
{
	struct imap_session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return false;
	}
	s->ends.session.free = imap_free;
	if (!ends_set_up(&s->ends, p, listener, tls, fd, peer)) {
		free(s);
		return false;
	}
	buf_init_secret(&s->unit, 0);
	s->policy = listener->policy;
	s->routed = settings_routes_users(p->settings) && listener->intercept == INTERCEPT_NONE;
	session_start(&s->ends.session, p, front_steps);
	session_add_lane(&s->ends.session, back_steps);
	session_wake(s);
	return true;
}

static void
imap_free(struct session *session)
{
	struct imap_session *s = imap_of(session);

	for (size_t i = 0; i < IMAP_PIPELINE_MAX; i++) {
		free(s->pending[i].tag);
		free(s->pending[i].mailbox);
	}
	imap_append_free(&s->append);
	imap_mailbox_free(&s->mailbox);
	imap_mailbox_free(&s->selecting);
	ends_release(&s->ends);
	arena_free(&s->own_arena);
	buf_free(&s->unit);
	buf_free(&s->in.line);
	buf_free(&s->in.flags);
	buf_free(&s->held_back);
	buf_free(&s->in.rest);
	buf_free(&s->greeting);
	buf_free(&s->user);
	buf_free(&s->mail_of);
	buf_free(&s->hold.octets);
	buf_free(&s->junk.name);
	buf_free(&s->junk.plain);
	buf_free(&s->junk.set);
	free(s);
}

/* ---- waiting ---- */

enum outcome
imap_goto(struct imap_session *s, enum imap_front_step step)
{
	session_goto(&s->ends.session, step);
	return STEP_NEXT;
}

enum outcome
imap_back_goto(struct imap_session *s, enum imap_back_step step)
{
	session_goto(&s->ends.session, step);
	return STEP_NEXT;
}

static enum outcome
wait_until(struct imap_session *s, enum party whom, uint64_t timeout, uint64_t deadline)
{
	static const char *const texts[] = {
		[PARTY_CLIENT] = "timeout: waited too long for the client",
		[PARTY_SERVER] = "timeout: the mail server does not answer",
		[PARTY_SCANNER] = "timeout: a message could not be scanned in time",
		[PARTY_KEEPER] = "timeout: the keeper does not answer",
	};

	if (s->hopeless || endpoint_broken(s->ends.client))
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (ends_wait(&s->ends, whom, timeout, deadline))
		return STEP_WAIT;
	ends_log(&s->ends, LOG_LEVEL_INFO, STATS_ERROR_TIMEOUT, texts[whom]);
	return imap_give_up(s, texts[whom]);
}

enum outcome
imap_wait(struct imap_session *s, enum party whom, uint64_t timeout)
{
	return wait_until(s, whom, timeout, 0);
}

void
imap_begin_rest(struct imap_session *s)
{
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	uint64_t most = s->state == IMAP_STATE_NEW ? t->client_command : t->transaction;

	s->whole_by = loop_now(s->ends.session.proxy->loop) + most;
}

enum outcome
imap_wait_for_rest(struct imap_session *s)
{
	if (endpoint_eof(s->ends.client))
		return imap_goto(s, IMAP_FRONT_CLOSE);
	return wait_until(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.client_data, s->whole_by);
}

enum outcome
imap_back_wait(struct imap_session *s)
{
	endpoint_flush(s->ends.client);
	return STEP_WAIT;
}

/* The front closes; a lane that gives up lets it know. */
enum outcome
imap_give_up(struct imap_session *s, const char *text)
{
	if (text != NULL && !s->hopeless && imap_may_say(s) && endpoint_tls(s->ends.client) != ENDPOINT_HANDSHAKE)
		imap_say(s, "* BYE %s", text);
	s->hopeless = true;
	s->listening = false;
	if (s->ends.session.lane == &s->ends.session.lanes[0])
		return imap_goto(s, IMAP_FRONT_CLOSE);
	session_wake(s);
	return imap_back_goto(s, IMAP_BACK_REST);
}

enum outcome
imap_lost(struct imap_session *s, const char *text, const char *why)
{
	ends_lose_upstream(&s->ends, why);
	return imap_give_up(s, text);
}

enum outcome
imap_await_logout(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (s->hopeless || s->pending_count == 0)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
}

enum outcome
imap_close(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (endpoint_fault(s->ends.client) != NULL)
		ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_COMPRESS, endpoint_fault(s->ends.client));
	endpoint_abort(&s->ends.server);
	endpoint_close(&s->ends.client);
	return STEP_DONE;
}

/* ---- words of our own ---- */

bool
imap_may_say(const struct imap_session *s)
{
	return !s->in.relaying;
}

const char imap_restarting[] = "the service is restarting, try again";

bool
imap_must_leave(const struct imap_session *s)
{
	return s->ends.session.draining && imap_may_say(s);
}

static void __attribute__((format(printf, 2, 0)))
say(struct imap_session *s, const char *format, va_list args)
{
	char line[1024];
	int len = vsnprintf(line, sizeof(line) - 2, format, args);

	if (len < 0)
		return;
	if ((size_t)len > sizeof(line) - 3)
		len = sizeof(line) - 3;
	memcpy(line + len, "\r\n", 2);
	endpoint_write(s->ends.client, span_of(line, (size_t)len + 2));
}

void
imap_say(struct imap_session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(s, format, args);
	va_end(args);
}

void
imap_pass(struct imap_session *s, struct span octets)
{
	if (s->hold.holding)
		buf_add_span(&s->hold.octets, octets);
	else
		endpoint_write(s->ends.client, octets);
}

void
imap_pass_buf(struct imap_session *s, const struct buf *b)
{
	if (b->failed)
		endpoint_write_buf(s->ends.client, b);
	else
		imap_pass(s, buf_span(b));
}

void
imap_answer(struct imap_session *s, const char *status, const char *text)
{
	struct span tag = s->command.tag.len > 0 ? s->command.tag : SPAN_LITERAL("*");

	imap_say(s, "%.*s %s %s", SPAN_ARG(tag), status, text);
}

/* ---- the table of tags ---- */

struct imap_pending *
imap_pending_find(struct imap_session *s, struct span tag)
{
	for (size_t i = 0; i < IMAP_PIPELINE_MAX; i++)
		if (s->pending[i].tag != NULL && span_is(tag, s->pending[i].tag))
			return &s->pending[i];
	return NULL;
}

const struct imap_pending *
imap_pending_of(const struct imap_session *s, enum imap_verb verb)
{
	for (size_t i = 0; i < IMAP_PIPELINE_MAX; i++)
		if (s->pending[i].tag != NULL && s->pending[i].verb == verb)
			return &s->pending[i];
	return NULL;
}

struct imap_pending *
imap_pending_add(struct imap_session *s, struct span tag, enum imap_verb verb, bool own, imap_handler *handle)
{
	for (size_t i = 0; i < IMAP_PIPELINE_MAX; i++) {
		struct imap_pending *p = &s->pending[i];

		if (p->tag != NULL)
			continue;
		*p = (struct imap_pending){ .tag = strndup(tag.data, tag.len), .own = own, .verb = verb, .handle = handle };
		s->pending_count += p->tag != NULL;
		return p->tag != NULL ? p : NULL;
	}
	return NULL;
}

void
imap_pending_drop(struct imap_session *s, struct imap_pending *p)
{
	free(p->tag);
	free(p->mailbox);
	p->tag = p->mailbox = NULL;
	s->pending_count--;
}

/* ---- commands of our own ---- */

static void
own_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	s->asked_done = true;
	if (s->asking == IMAP_ASKING_MOVE)
		imap_junk_moved(s, r);
	/* RFC 5530: what was asked for went while we asked */
	s->asked_ok = r->status == IMAP_OK || span_is_nocase(r->code_name, "EXPUNGEISSUED");
	s->asking = IMAP_ASKING_NOTHING;
}

void
imap_own_tag(struct imap_session *s, char tag[static IMAP_OWN_TAG_SIZE])
{
	snprintf(tag, IMAP_OWN_TAG_SIZE, IMAP_OWN_TAG "%llu", ++s->last_own);
}

void
imap_ask_line(struct imap_session *s, enum imap_asking asking, struct span command, imap_handler *handle)
{
	struct buf line = { 0 };
	char tag[IMAP_OWN_TAG_SIZE];

	imap_own_tag(s, tag);
	buf_printf(&line, "%s ", tag);
	buf_add_span(&line, command);
	buf_add_str(&line, "\r\n");
	s->asking = asking;
	s->asked_done = s->asked_ok = false;
	if (!imap_pending_add(s, span_str(tag), IMAP_UNKNOWN, true, handle) || !endpoint_write_buf(s->ends.server, &line))
		s->hopeless = true;
	endpoint_flush(s->ends.server);
	buf_free(&line);
}

void
imap_ask(struct imap_session *s, enum imap_asking asking, const char *format, ...)
{
	char text[IMAP_ASK_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	imap_ask_line(s, asking, span_str(text), own_answered);
}
