/* An SMTP client for one message. There is nothing else to be done meanwhile, so
 * the conversation is straight-line code: each wait runs the loop until the
 * endpoint has something to say. */
#include "config.h"

#include "cli/smtp_sender.h"

#include "base/limits.h"
#include "io/connect.h"
#include "io/endpoint.h"
#include "rewrite/text.h"
#include "wire/mail_data.h"
#include "wire/smtp_reply.h"

#include <setjmp.h>

enum {
	OUTPUT_MAX = 256 * 1024, /* unsent octets above which the upstream is waited for */
	PIECE_MAX = 64 * 1024,
};

struct sender {
	const struct smtp_delivery *d;
	struct arena *arena;
	struct smtp_sent *sent;
	struct loop *loop;
	struct upstreams *upstreams;
	struct connecting *connecting;
	struct endpoint *server;
	const struct address *address;
	const char *not_connected;
	struct smtp_reply_parser reply;
	struct smtp_offers offers;
	struct mail_stuffer stuffer;
	struct mail_unstuffer content; /* what the message is made of */
	bool binary;                   /* only BDAT can carry it */
	bool *accepted;                /* by recipient: its RCPT was */
	bool refused;                  /* one was, as sent->text says */
	jmp_buf give_up;
};

static const struct upstream *
upstream_of(const struct sender *s)
{
	return &s->d->settings->upstreams[s->d->upstream];
}

static const struct timeouts *
timeouts_of(const struct sender *s)
{
	return &s->d->settings->timeouts;
}

static _Noreturn void
give_up(struct sender *s, struct span why)
{
	s->sent->text = shown_text(s->arena, why, SHOWN_TEXT_MAX);
	longjmp(s->give_up, 1);
}

static _Noreturn void
give_up_for(struct sender *s, const char *why)
{
	give_up(s, span_str(why));
}

/* ---- waiting ---- */

static void
something_came(void *context)
{
	struct sender *s = context;

	loop_stop(s->loop);
}

static void
wait_for_server(struct sender *s, uint64_t timeout)
{
	endpoint_deadline(s->server, loop_now(s->loop) + timeout);
	endpoint_flush(s->server);
	loop_run(s->loop);
	if (endpoint_expired(s->server))
		give_up_for(s, "the mail server did not answer in time");
}

/* The reply's code. */
static int
take_reply(struct sender *s, uint64_t timeout)
{
	for (;;) {
		size_t used = 0;
		const char *why = "";
		int got = smtp_reply_take(&s->reply, endpoint_input(s->server), &used, &why);

		endpoint_consume(s->server, used);
		if (got > 0)
			return s->reply.code;
		if (got < 0)
			give_up(s, span_str(arena_printf(s->arena, "the mail server's reply makes no sense: %s", why)));
		if (endpoint_eof(s->server) || endpoint_broken(s->server))
			give_up_for(s, "the mail server closed the connection");
		wait_for_server(s, timeout);
	}
}

static struct span
last_line(const struct sender *s)
{
	return smtp_reply_last_line(buf_span(&s->reply.text));
}

static void
say(struct sender *s, struct span line)
{
	endpoint_write(s->server, line);
	endpoint_write(s->server, SPAN_LITERAL("\r\n"));
}

/* Says a line, and returns the reply's code. Nobody checks again what the index has
 * of an envelope, and one line must stay one. */
static int
hear(struct sender *s, struct span line, uint64_t timeout)
{
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] < ' ')
			give_up_for(s, "the envelope has a control character");
	say(s, line);
	return take_reply(s, timeout);
}

/* Gives up unless the reply's first digit is that. */
static void
ask(struct sender *s, struct span line, uint64_t timeout, int first_digit)
{
	if (hear(s, line, timeout) / 100 != first_digit)
		give_up(s, last_line(s));
}

/* ---- reaching the upstream ---- */

static void
connected(void *context, int fd, const struct address *address, const char *why)
{
	struct sender *s = context;

	s->connecting = NULL;
	s->address = address;
	if (fd >= 0)
		s->server = endpoint_new(s->loop, fd, something_came, s);
	if (s->server == NULL)
		s->not_connected = arena_strdup(s->arena, fd >= 0 ? "out of memory" : why);
	loop_stop(s->loop);
}

static void
send_proxy_header(struct sender *s)
{
	static const struct peer unknown;
	struct buf header = { 0 };

	proxy_header_print(&header, upstream_of(s)->proxy_protocol, &unknown, &unknown);
	endpoint_write(s->server, buf_span(&header));
	buf_free(&header);
}

static void
begin_tls(struct sender *s)
{
	if (!endpoint_connect_tls(s->server, s->d->tls, s->address->host, s->address->text))
		give_up_for(s, "TLS to the mail server cannot begin");
	while (endpoint_tls(s->server) == ENDPOINT_HANDSHAKE)
		wait_for_server(s, timeouts_of(s)->tls_handshake);
	if (endpoint_tls(s->server) != ENDPOINT_SECURE)
		give_up(s, span_str(arena_printf(s->arena, "TLS to the mail server failed: %s", endpoint_tls_text(s->server))));
}

static void
reach(struct sender *s)
{
	s->connecting = upstream_connect(s->upstreams, s->d->upstream, NULL, connected, s);
	if (s->connecting == NULL)
		give_up_for(s, "out of memory");
	loop_run(s->loop);
	if (s->server == NULL)
		give_up_for(s, s->not_connected != NULL ? s->not_connected : "no mail server answers");
	send_proxy_header(s);
	if (upstream_of(s)->tls.mode == TLS_IMPLICIT)
		begin_tls(s);
	if (take_reply(s, timeouts_of(s)->greeting) != 220)
		give_up(s, last_line(s));
}

static void
say_hello(struct sender *s)
{
	const char *verb = s->d->lmtp ? "LHLO" : "EHLO";

	ask(s, span_str(arena_printf(s->arena, "%s %s", verb, s->d->settings->hostname)), timeouts_of(s)->command, 2);
	smtp_offers_parse(buf_span(&s->reply.text), &s->offers);
}

/* Before TLS nothing counts that the server says. */
static void
secure(struct sender *s)
{
	if (upstream_of(s)->tls.mode != TLS_STARTTLS)
		return;
	if (!(s->offers.extensions & EXT_STARTTLS))
		give_up_for(s, "STARTTLS is configured, and the mail server does not offer it");
	ask(s, SPAN_LITERAL("STARTTLS"), timeouts_of(s)->command, 2);
	if (endpoint_input(s->server).len > 0)
		give_up_for(s, "plaintext was sent behind the answer to STARTTLS");
	begin_tls(s);
	say_hello(s);
}

/* ---- the envelope ---- */

static bool
drop_bytes(void *context, struct span bytes)
{
	(void)context;
	(void)bytes;
	return true;
}

/* SMTP's DATA has lines that end with CRLF, and no NUL. */
static void
look_at_message(struct sender *s)
{
	mail_unstuff_init(&s->content, false, 0);
	mail_watch(&s->content, s->d->message, drop_bytes, NULL);
	mail_watch_end(&s->content, drop_bytes, NULL);
	s->binary = s->content.bare_cr || s->content.bare_lf || s->content.nul;
	if (s->binary && (~s->offers.extensions & (EXT_CHUNKING | EXT_BINARYMIME)) != 0)
		give_up_for(s, "the message has lines that SMTP cannot carry, and the mail server does not offer BINARYMIME");
}

static bool
has_octets_over_ascii(const struct smtp_delivery *d)
{
	for (size_t i = 0; i < d->recipient_count; i++)
		if (!span_is_ascii(d->recipients[i]))
			return true;
	return !span_is_ascii(d->sender);
}

static struct span
keyword_of(struct span parameter)
{
	return span_first(parameter, span_find_byte(parameter, '='));
}

/* A parameter without which the message would not be what it is. */
static bool
is_needed(struct span parameter)
{
	return span_is_nocase(parameter, "SMTPUTF8") || span_is_nocase(parameter, "REQUIRETLS");
}

/* BODY is said anew: it goes by the octets that the message has. */
static void
add_parameters(struct sender *s, struct text *line, enum smtp_verb verb, struct span parameters)
{
	struct span parameter;

	while (span_split(&parameters, ' ', &parameter)) {
		struct span keyword = keyword_of(parameter);

		if (parameter.len == 0 || span_is_nocase(keyword, "BODY"))
			continue;
		if (smtp_param_extensions(verb, keyword) & s->offers.extensions)
			text_printf(line, " %.*s", SPAN_ARG(parameter));
		else if (is_needed(parameter))
			give_up(s, span_str(arena_printf(s->arena, "the message needs %.*s, which the mail server does not offer",
			    SPAN_ARG(parameter))));
	}
}

static void
say_sender(struct sender *s)
{
	const struct smtp_delivery *d = s->d;
	bool utf8 = has_octets_over_ascii(d) && span_find_nocase(d->parameters, SPAN_LITERAL("SMTPUTF8")) == SIZE_MAX;
	struct text line = { .arena = s->arena };

	text_printf(&line, "MAIL FROM:<%.*s>", SPAN_ARG(d->sender));
	if (s->binary)
		text_printf(&line, " BODY=BINARYMIME");
	else if (s->content.eight_bit && (s->offers.extensions & EXT_8BITMIME))
		text_printf(&line, " BODY=8BITMIME");
	add_parameters(s, &line, SMTP_MAIL, d->parameters);
	if (utf8)
		add_parameters(s, &line, SMTP_MAIL, SPAN_LITERAL("SMTPUTF8"));
	ask(s, text_span(&line), timeouts_of(s)->mail, 2);
}

static void
note_refusal(struct sender *s)
{
	s->sent->text = shown_text(s->arena, last_line(s), SHOWN_TEXT_MAX);
	s->refused = true;
}

/* With 421 the server refuses all that is still to be said (RFC 5321, 3.8). */
static bool
say_recipient(struct sender *s, size_t i)
{
	struct text line = { .arena = s->arena };
	int code;

	text_printf(&line, "RCPT TO:<%.*s>", SPAN_ARG(s->d->recipients[i]));
	add_parameters(s, &line, SMTP_RCPT, s->d->recipient_parameters[i]);
	code = hear(s, text_span(&line), timeouts_of(s)->rcpt);
	if (code == 421)
		give_up(s, last_line(s));
	if (code / 100 != 2)
		note_refusal(s);
	return code / 100 == 2;
}

static void
say_recipients(struct sender *s)
{
	size_t accepted = 0;

	s->accepted = ARENA_ARRAY(s->arena, bool, s->d->recipient_count);
	for (size_t i = 0; i < s->d->recipient_count; i++) {
		s->accepted[i] = say_recipient(s, i);
		accepted += s->accepted[i];
	}
	if (accepted == 0)
		give_up(s, s->sent->text);
}

/* ---- the message ---- */

static void
end_is_near(struct sender *s)
{
	if (!s->d->before_end(s->d->context))
		give_up_for(s, "it could not be recorded that the message is about to be delivered");
	s->sent->outcome = SMTP_MAYBE_SENT;
}

static bool
write_piece(void *context, struct span bytes)
{
	struct sender *s = context;

	return endpoint_write(s->server, bytes);
}

static void
write_message(struct sender *s, mail_sink *write)
{
	struct span rest = s->d->message;

	while (rest.len > 0) {
		write(s, span_first(rest, PIECE_MAX));
		rest = span_from(rest, PIECE_MAX);
		while (endpoint_pending(s->server) > OUTPUT_MAX && !endpoint_broken(s->server) &&
		    endpoint_input(s->server).len == 0)
			wait_for_server(s, timeouts_of(s)->data_block);
		if (endpoint_broken(s->server) || endpoint_input(s->server).len > 0)
			break;
	}
	if (rest.len > 0) {
		take_reply(s, timeouts_of(s)->data_block);
		give_up(s, last_line(s));
	}
}

static bool
stuff(void *context, struct span bytes)
{
	struct sender *s = context;

	mail_stuff(&s->stuffer, bytes, write_piece, s);
	return true;
}

static void
send_data(struct sender *s)
{
	ask(s, SPAN_LITERAL("DATA"), timeouts_of(s)->data_initiation, 3);
	mail_stuff_init(&s->stuffer);
	write_message(s, stuff);
	if (endpoint_input(s->server).len > 0) { /* it has seen enough */
		take_reply(s, timeouts_of(s)->data_block);
		give_up(s, last_line(s));
	}
	end_is_near(s);
	mail_stuff_end(&s->stuffer, write_piece, s);
}

/* Its last octet is its end. */
static void
send_chunk(struct sender *s)
{
	end_is_near(s);
	say(s, span_str(arena_printf(s->arena, "BDAT %zu LAST", s->d->message.len)));
	write_message(s, write_piece);
}

static bool
hear_reply(struct sender *s, bool first)
{
	bool taken = take_reply(s, timeouts_of(s)->data_final) / 100 == 2;

	if (!taken)
		note_refusal(s);
	else if (first && !s->refused)
		s->sent->text = shown_text(s->arena, last_line(s), SHOWN_TEXT_MAX);
	return taken;
}

/* A reply that is no promise ends in SMTP_SENT too: surely not taken. By LMTP each
 * recipient that was accepted has a reply (RFC 2033, 4.2). */
static void
hear_replies(struct sender *s)
{
	bool first = true, taken = false;

	for (size_t i = 0; i < s->d->recipient_count; i++) {
		if (!s->accepted[i])
			continue;
		if (first || s->d->lmtp)
			taken = hear_reply(s, first);
		first = false;
		s->sent->taken[i] = taken;
	}
	s->sent->outcome = SMTP_SENT;
}

static void
converse(struct sender *s)
{
	reach(s);
	say_hello(s);
	secure(s);
	look_at_message(s);
	say_sender(s);
	say_recipients(s);
	if (s->binary)
		send_chunk(s);
	else
		send_data(s);
	hear_replies(s);
	say(s, SPAN_LITERAL("QUIT"));
	endpoint_flush(s->server);
}

/* ---- all of it ---- */

static bool
begin(struct sender *s)
{
	s->loop = loop_new();
	if (s->loop != NULL)
		s->upstreams = upstreams_new(s->loop, s->d->settings);
	smtp_reply_init(&s->reply, s->d->settings->limits.reply_line, s->d->settings->limits.reply_lines);
	return s->upstreams != NULL;
}

static void
end(struct sender *s)
{
	connecting_cancel(&s->connecting);
	if (s->server != NULL)
		endpoint_abort(&s->server);
	smtp_reply_free(&s->reply);
	upstreams_free(&s->upstreams);
	loop_free(&s->loop);
}

void
smtp_send(const struct smtp_delivery *delivery, struct arena *a, struct smtp_sent *sent)
{
	struct sender *s = ARENA_NEW(a, struct sender);

	*s = (struct sender){ .d = delivery, .arena = a, .sent = sent };
	*sent = (struct smtp_sent){ .taken = ARENA_ARRAY(a, bool, delivery->recipient_count),
		.text = SPAN_LITERAL("out of memory") };
	if (begin(s) && setjmp(s->give_up) == 0)
		converse(s);
	end(s);
}
