/* POP3 verbs: check -> proceed, and what is learned from the upstream's answer
 * to each. */
#include "config.h"

#include "proxy/pop3_verbs.h"

#include "base/log.h"
#include "wire/sasl.h"

#include <stdlib.h>

/* ---- checks ---- */

static const char *
check_unknown(struct pop3_session *s, const struct pop3_command *c)
{
	(void)s;
	(void)c;
	return "command not known";
}

/* Where TLS is offered a password before it would only look protected
 * upstream; and what is said in plaintext counts for nothing later. */
static const char *
before_login(struct pop3_session *s, const struct pop3_command *c)
{
	(void)c;
	if (s->authenticated)
		return "you have logged in already";
	if (s->ends.listener->tls.mode == TLS_STARTTLS && !s->ends.secure)
		return "say STLS first";
	return NULL;
}

static const char *
check_stls(struct pop3_session *s, const struct pop3_command *c)
{
	(void)c;
	if (s->ends.listener->tls.mode != TLS_STARTTLS)
		return "STLS is not offered";
	if (s->ends.secure)
		return "TLS is active already";
	return s->authenticated ? "STLS comes before the login" : NULL;
}

static const char *
check_pass(struct pop3_session *s, const struct pop3_command *c)
{
	const char *text = before_login(s, c);

	return text == NULL && s->user.len == 0 ? "say USER first" : text;
}

/* The banner of APOP is the upstream's, which a routed session has not got. */
static const char *
check_apop(struct pop3_session *s, const struct pop3_command *c)
{
	return s->routed ? "APOP is not offered" : before_login(s, c);
}

/* What must be said to an upstream before there is one. */
static const char *
check_mode(struct pop3_session *s, const struct pop3_command *c)
{
	if (s->routed && s->ends.server == NULL)
		return "log in first";
	return c->verb == POP3_UTF8 || !s->authenticated ? before_login(s, c) : NULL;
}

/* A mechanism that hangs on the TLS session of the two ends, and EXTERNAL,
 * cannot work through a proxy; and whose user nobody knows has no policy. Where
 * the user's upstream is not known yet there is no challenge of it to answer. */
static const char *
check_auth(struct pop3_session *s, const struct pop3_command *c)
{
	const char *text = before_login(s, c);
	char mechanism[POP3_MECHANISM_MAX + 1];
	struct span rest = c->argument, word;

	if (text != NULL || c->argument.len == 0)
		return text;
	span_split(&rest, ' ', &word);
	if (word.len > POP3_MECHANISM_MAX)
		return "[AUTH] that mechanism is not known";
	snprintf(mechanism, sizeof(mechanism), "%.*s", SPAN_ARG(word));
	sasl_filter_named(mechanism);
	if (s->routed && s->ends.server == NULL && span_is_nocase(span_str(mechanism), "CRAM-MD5"))
		return "[AUTH] that mechanism is not offered";
	return mechanism[0] != '\0' ? NULL : "[AUTH] that mechanism cannot be used here";
}

/* ---- relayed as they are ---- */

static enum outcome
relay(struct pop3_session *s, const struct pop3_command *c, pop3_handler *handle, enum pop3_body body)
{
	if (!pop3_ask(s, c->line, handle, body, c->number))
		return pop3_give_up(s, "[SYS/TEMP] out of memory");
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

static enum outcome
relay_plain(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, pop3_relay_reply, POP3_BODY_NONE);
}

static enum outcome
relay_listing(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, pop3_relay_reply, c->has_number ? POP3_BODY_NONE : POP3_BODY_RELAYED);
}

static enum outcome
relay_message(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, pop3_relay_reply, POP3_BODY_RELAYED);
}

/* RFC 6856 3: alone it lists languages, else it is answered in a line. */
static enum outcome
relay_lang(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, pop3_relay_reply, c->argument.len > 0 ? POP3_BODY_NONE : POP3_BODY_RELAYED);
}

static void
utf8_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	s->utf8 = r->status == POP3_OK;
	pop3_relay_reply(s, p, r);
}

static enum outcome
relay_utf8(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, utf8_replied, POP3_BODY_NONE);
}

/* ---- CAPA ---- */

/* What is offered goes out when it was collected, in place of the +OK. */
static void
collection_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	if (r->status != POP3_OK)
		pop3_relay_reply(s, p, r);
}

/* Before there is an upstream: what this side can, and any server. */
static void
offer_our_own(struct pop3_session *s)
{
	const struct listener *l = s->ends.listener;
	bool login = l->tls.mode != TLS_STARTTLS || s->ends.secure;
	struct pop3_offers offers = {
		.capabilities = POP3_CAPA_TOP | POP3_CAPA_UIDL | POP3_CAPA_RESP_CODES | POP3_CAPA_PIPELINING |
		    (unsigned)(login ? POP3_CAPA_USER | POP3_CAPA_SASL : POP3_CAPA_STLS),
		.sasl = "PLAIN LOGIN",
	};
	struct buf out = { 0 };

	pop3_offers_print(&out, &offers, l->hide.items, l->hide.count);
	endpoint_write_buf(s->ends.client, &out);
	buf_free(&out);
}

static enum outcome
proceed_capa(struct pop3_session *s, const struct pop3_command *c)
{
	if (s->ends.server != NULL)
		return relay(s, c, collection_replied, POP3_BODY_CAPA);
	offer_our_own(s);
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

/* ---- QUIT, STLS ---- */

static enum outcome
proceed_quit(struct pop3_session *s, const struct pop3_command *c)
{
	if (s->ends.server != NULL)
		pop3_ask(s, c->line, pop3_relay_reply, POP3_BODY_NONE, 0);
	else
		pop3_say(s, "+OK bye");
	return pop3_goto(s, POP3_STEP_AWAIT_QUIT);
}

static enum outcome
proceed_stls(struct pop3_session *s, const struct pop3_command *c)
{
	(void)c;
	pop3_say(s, "+OK begin TLS");
	return pop3_goto(s, POP3_STEP_START_TLS);
}

/* ---- the login ---- */

static void
log_login(const struct pop3_session *s, const char *mechanism)
{
	struct log_entry e;

	ends_count_login(&s->ends, s->authenticated);
	ends_log_begin(&e, &s->ends, s->authenticated ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "auth");
	log_text(&e, "mechanism", mechanism);
	log_span(&e, "user", buf_span(&s->user));
	log_text(&e, "reply", s->authenticated ? "+OK" : "-ERR");
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	log_end(&e);
}

static void
login_replied(struct pop3_session *s, const char *mechanism, const struct pop3_reply *r)
{
	pop3_relay_reply(s, NULL, r);
	s->authenticated = r->status == POP3_OK;
	log_login(s, mechanism);
	if (s->authenticated)
		pop3_logged_in(s);
	else
		pop3_forget_user(s);
}

static void
pass_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	(void)p;
	login_replied(s, "USER", r);
}

static void
apop_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	(void)p;
	login_replied(s, "APOP", r);
}

static void
forget_names(struct pop3_session *s)
{
	buf_clear(&s->user);
	buf_clear(&s->mail_of);
}

/* Routed: whether there is such a user is known when the password comes. */
static enum outcome
proceed_user(struct pop3_session *s, const struct pop3_command *c)
{
	forget_names(s);
	buf_add_span(&s->user, c->argument);
	if (!s->routed)
		return relay_plain(s, c);
	pop3_say(s, "+OK");
	return pop3_goto(s, POP3_STEP_READ_COMMAND);
}

static enum outcome
proceed_pass(struct pop3_session *s, const struct pop3_command *c)
{
	return relay(s, c, pass_replied, POP3_BODY_NONE);
}

static enum outcome
proceed_apop(struct pop3_session *s, const struct pop3_command *c)
{
	struct span name = c->argument;

	while (name.len > 0 && name.data[name.len - 1] != ' ')
		name.len--;
	forget_names(s);
	buf_add_span(&s->user, span_trim(name));
	return relay(s, c, apop_replied, POP3_BODY_NONE);
}

static bool
pass_names_user(struct pop3_session *s, const struct pop3_command *c)
{
	(void)s;
	(void)c;
	return true;
}

/* ---- AUTH ---- */

void
pop3_note_user(struct pop3_session *s, struct span response)
{
	sasl_acts_as(span_str(s->mechanism), s->auth_turn, response, &s->mail_of);
	sasl_user(span_str(s->mechanism), s->auth_turn++, response, &s->user);
}

void
pop3_auth_replied(struct pop3_session *s, struct pop3_pending *p, const struct pop3_reply *r)
{
	s->auth_waits_client = r->status == POP3_CONTINUE;
	if (s->auth_waits_client)
		pop3_relay_reply(s, p, r);
	else
		login_replied(s, s->mechanism, r);
}

static void
begin_auth(struct pop3_session *s, const struct pop3_command *c)
{
	struct span response = c->argument, mechanism;

	span_split(&response, ' ', &mechanism);
	snprintf(s->mechanism, sizeof(s->mechanism), "%.*s", SPAN_ARG(mechanism));
	s->auth_turn = 0;
	forget_names(s);
	if (response.data != NULL && response.len > 0)
		pop3_note_user(s, span_trim(response));
}

static bool
auth_names_user(struct pop3_session *s, const struct pop3_command *c)
{
	if (c->argument.len > 0)
		begin_auth(s, c);
	return s->user.len > 0;
}

/* Routed: the user is not known yet, so the first turn is ours. */
static enum outcome
ask_for_response(struct pop3_session *s)
{
	pop3_say(s, "+ %s", span_is_nocase(span_str(s->mechanism), "LOGIN") ? "VXNlcm5hbWU6" : "");
	s->auth_waits_client = true;
	return pop3_goto(s, POP3_STEP_EXCHANGE_AUTH);
}

static enum outcome
proceed_auth(struct pop3_session *s, const struct pop3_command *c)
{
	if (c->argument.len == 0) {
		if (s->ends.server != NULL)
			return relay(s, c, collection_replied, POP3_BODY_MECHANISMS);
		pop3_say(s, "+OK\r\nPLAIN\r\nLOGIN\r\n.");
		return pop3_goto(s, POP3_STEP_READ_COMMAND);
	}
	begin_auth(s, c);
	if (s->ends.server == NULL)
		return ask_for_response(s);
	pop3_ask_turn(s, c->line, pop3_auth_replied);
	return pop3_goto(s, POP3_STEP_EXCHANGE_AUTH);
}

/* ---- the table ---- */

const struct pop3_verb_entry pop3_verbs[POP3_VERBS] = {
	[POP3_UNKNOWN] = { .check = check_unknown },
	[POP3_USER] = { .check = before_login, .proceed = proceed_user, .alone = true },
	[POP3_PASS] = { .check = check_pass, .proceed = proceed_pass, .alone = true,
	    .names_user = pass_names_user },
	[POP3_APOP] = { .check = check_apop, .proceed = proceed_apop, .alone = true },
	[POP3_AUTH] = { .check = check_auth, .proceed = proceed_auth, .alone = true,
	    .names_user = auth_names_user },
	[POP3_CAPA] = { .proceed = proceed_capa, .alone = true },
	[POP3_STLS] = { .check = check_stls, .proceed = proceed_stls, .alone = true },
	[POP3_QUIT] = { .proceed = proceed_quit },
	[POP3_UTF8] = { .check = check_mode, .proceed = relay_utf8, .alone = true },
	[POP3_LANG] = { .check = check_mode, .proceed = relay_lang },
	[POP3_STAT] = { .transaction = true, .proceed = relay_plain, .filtered = pop3_answer_stat, .beside_fetch = true },
	[POP3_LIST] = { .transaction = true, .proceed = relay_listing, .filtered = pop3_answer_list, .beside_fetch = true },
	[POP3_UIDL] = { .transaction = true, .proceed = relay_listing, .filtered = pop3_answer_uidl, .beside_fetch = true },
	[POP3_RETR] = { .transaction = true, .proceed = relay_message, .filtered = pop3_answer_retr, .beside_fetch = true },
	[POP3_TOP] = { .transaction = true, .proceed = relay_message, .filtered = pop3_answer_top, .beside_fetch = true },
	[POP3_DELE] = { .transaction = true, .proceed = relay_plain, .filtered = pop3_answer_dele },
	[POP3_NOOP] = { .transaction = true, .proceed = relay_plain },
	[POP3_RSET] = { .transaction = true, .proceed = relay_plain, .filtered = pop3_answer_rset },
	[POP3_LAST] = { .transaction = true, .proceed = relay_plain, .filtered = pop3_answer_last },
};
