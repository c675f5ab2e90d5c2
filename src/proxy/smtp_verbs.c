/* SMTP verbs: check -> policy -> proceed, and what is learned from the
 * upstream's answer to each. */
#include "config.h"

#include "proxy/smtp_verbs.h"

#include "proxy/smtp_envelope.h"
#include "proxy/smtp_log.h"
#include "proxy/user.h"
#include "wire/sasl.h"

#include <stdlib.h>

/* ---- checks and policies that several verbs share ---- */

static const char *
tls_where_required(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	if (s->ends.listener->tls.required && !s->ends.secure)
		return "530 5.7.0 say STARTTLS first";
	return NULL;
}

static const char *
after_hello(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	return s->said_ehlo ? NULL : "503 5.5.1 say EHLO first";
}

static enum outcome
relay(struct smtp_session *s, const struct smtp_command *c, uint64_t timeout, smtp_handler *handle, struct span text)
{
	if (!smtp_ask(s, c->line, timeout, handle, text))
		return smtp_give_up(s, "421 4.3.0 out of memory");
	return smtp_goto(s, SMTP_STEP_READ_COMMAND);
}

static enum outcome
relay_plain(struct smtp_session *s, const struct smtp_command *c)
{
	return relay(s, c, ends_settings(&s->ends)->timeouts.command, smtp_relay_reply, SPAN_NONE);
}

static bool
accepted(const struct smtp_session *s)
{
	return s->reply.code >= 200 && s->reply.code < 300;
}

/* ---- HELO, EHLO, LHLO ---- */

static unsigned
shown_extensions(const struct smtp_session *s)
{
	unsigned shown = s->offers.extensions & ~(unsigned)(EXT_STARTTLS | EXT_XCLIENT);

	if (s->ends.listener->tls.mode == TLS_STARTTLS && !s->ends.secure) {
		shown |= EXT_STARTTLS;
		shown &= ~(unsigned)EXT_AUTH; /* a password in plaintext would only look protected upstream */
	}
	return shown;
}

static void
said_hello(struct smtp_session *s, const char *name)
{
	s->said_ehlo = true;
	free(s->helo);
	s->helo = strdup(name);
	if (s->helo == NULL)
		session_ran_short(&s->ends.session);
	smtp_transaction_reset(s);
}

static void
ehlo_replied(struct smtp_session *s, struct smtp_pending *p)
{
	const struct strings *hide = &s->ends.listener->hide;
	struct smtp_offers shown;

	if (s->reply.code != 250) {
		smtp_log_refusal(s, s->lmtp ? "LHLO" : "EHLO", SPAN_NONE);
		smtp_relay_reply(s, p);
		return;
	}
	said_hello(s, p->text);
	smtp_offers_parse(buf_span(&s->reply.text), &s->offers);
	smtp_offers_filter_auth(&s->offers);
	if (!(s->offers.extensions & EXT_CHUNKING)) /* only BDAT can carry it */
		s->offers.extensions &= ~(unsigned)EXT_BINARYMIME;
	shown = s->offers;
	shown.extensions = shown_extensions(s) | EXT_SIZE;
	shown.size = smtp_size_limit(s);
	buf_clear(&s->scratch);
	smtp_offers_print(&s->scratch, smtp_reply_first_text(buf_span(&s->reply.text)), &shown, hide->items, hide->count);
	endpoint_write_buf(s->ends.client, &s->scratch);
}

static void
helo_replied(struct smtp_session *s, struct smtp_pending *p)
{
	smtp_log_refusal(s, "HELO", SPAN_NONE);
	smtp_relay_reply(s, p);
	if (!accepted(s))
		return;
	said_hello(s, p->text);
	s->offers = (struct smtp_offers){ 0 };
}

static const char *
hello_of_this_protocol(struct smtp_session *s, const struct smtp_command *c)
{
	if (s->lmtp != (c->verb == SMTP_LHLO))
		return s->lmtp ? "500 5.5.1 this is LMTP: say LHLO" : "500 5.5.1 this is SMTP: say EHLO";
	return NULL;
}

static enum outcome
proceed_hello(struct smtp_session *s, const struct smtp_command *c)
{
	return relay(s, c, ends_settings(&s->ends)->timeouts.command, c->verb == SMTP_HELO ? helo_replied : ehlo_replied,
	    c->argument);
}

/* ---- MAIL ---- */

/* Parameters are passed knowingly: those of extensions that were offered. */
static const char *
params_known(struct smtp_session *s, const struct smtp_command *c)
{
	for (size_t i = 0; i < c->param_count; i++)
		if (!(smtp_param_extensions(c->verb, c->params[i].keyword) & (s->offers.extensions | EXT_SIZE)))
			return "555 5.5.4 a parameter that was not offered";
	return NULL;
}

/* Within a transaction some servers refuse MAIL and some begin anew: then they would
 * have another sender and other recipients than the message is judged by. */
static const char *
check_mail(struct smtp_session *s, const struct smtp_command *c)
{
	const char *text = after_hello(s, c);

	if (text == NULL && s->tx.open)
		text = "503 5.5.1 a transaction is open: finish it or say RSET";
	return text != NULL ? text : params_known(s, c);
}

static bool
wants_binary(const struct smtp_command *c)
{
	const struct smtp_param *body = smtp_param_find(c, "BODY");

	return body != NULL && span_is_nocase(body->value, "BINARYMIME");
}

static const char *
policy_mail(struct smtp_session *s, const struct smtp_command *c)
{
	const struct smtp_param *size = smtp_param_find(c, "SIZE");
	const char *text = tls_where_required(s, c);
	uint64_t declared;

	if (text != NULL)
		return text;
	if (wants_binary(c) && !(s->offers.extensions & EXT_BINARYMIME))
		return "555 5.6.1 BINARYMIME is not offered";
	if (size != NULL && span_to_u64(size->value, &declared) && declared > smtp_size_limit(s))
		return "552 5.3.4 message too big";
	return NULL;
}

static void
mail_replied(struct smtp_session *s, struct smtp_pending *p)
{
	struct proxy *proxy = s->ends.session.proxy;

	smtp_log_refusal(s, "MAIL", smtp_kept_path(p->text + 1));
	smtp_relay_reply(s, p);
	if (!accepted(s))
		return;
	/* The first character tells whether the body is binary. */
	s->tx.open = true;
	s->tx.binary = p->text[0] == 'B';
	s->tx.sender = strdup(p->text + 1);
	if (s->tx.sender != NULL)
		smtp_split_path(s->tx.sender);
	else
		session_ran_short(&s->ends.session);
	s->tx.began = loop_now(proxy->loop);
	s->tx.deadline = s->tx.began + proxy->settings->timeouts.transaction;
	if (s->own == NULL)
		return;
	s->tx.own = s->own;
	if (s->own->policy != SIZE_MAX) {
		s->tx.has_policy = true;
		s->tx.policy = s->own->policy;
	}
}

/* Who is logged in is known; recipients are not yet. */
static bool
may_grow(const struct smtp_session *s)
{
	const struct settings *settings = ends_settings(&s->ends);

	if (!ruleset_is_empty(s->ends.session.proxy->generation->rules[smtp_policy(s)]))
		return true;
	if (s->user.len > 0)
		return s->own != NULL && !user_settings_plain(s->own);
	for (size_t i = 0; i < settings->user_count; i++)
		if (!user_settings_plain(&settings->users[i].own))
			return true;
	return false;
}

static enum outcome
proceed_mail(struct smtp_session *s, const struct smtp_command *c)
{
	struct buf line = { 0 }, kept = { 0 };
	bool ok;

	/* Recipients named before count for nothing. */
	s->tx.recipients_asked = 0;
	s->tx.has_policy = false;
	s->tx.own = NULL;
	smtp_put_mail(&line, c, !(s->offers.extensions & EXT_SIZE) || may_grow(s));
	buf_add_byte(&kept, wants_binary(c) ? 'B' : '-');
	smtp_put_path(&kept, c);
	ok = !line.failed && !kept.failed &&
	    smtp_ask(s, buf_span(&line), ends_settings(&s->ends)->timeouts.mail, mail_replied, buf_span(&kept));
	buf_free(&line);
	buf_free(&kept);
	return ok ? smtp_goto(s, SMTP_STEP_READ_COMMAND) : smtp_give_up(s, "421 4.3.0 out of memory");
}

/* ---- RCPT ---- */

static const char *
policy_rcpt(struct smtp_session *s, const struct smtp_command *c)
{
	const struct settings *settings = ends_settings(&s->ends);
	const struct user_settings *own;
	const char *text = tls_where_required(s, c);
	size_t policy;

	if (text != NULL)
		return text;
	if (s->tx.recipients_asked >= settings->limits.recipients)
		return "452 4.5.3 too many recipients";
	if (s->user.len > 0)
		return NULL; /* the user's policy, whoever it goes to */
	own = settings_user(settings, c->path);
	policy = own != NULL && own->policy != SIZE_MAX ? own->policy : s->ends.listener->policy;
	if (own != NULL && user_settings_plain(own))
		own = NULL;
	if (s->tx.recipients_asked > 0 && s->tx.has_policy && (policy != s->tx.policy || own != s->tx.own))
		return "452 4.5.3 this recipient has another policy: send to it apart";
	s->tx.has_policy = true;
	s->tx.policy = policy;
	s->tx.own = own;
	return NULL;
}

static void
rcpt_replied(struct smtp_session *s, struct smtp_pending *p)
{
	smtp_log_refusal(s, "RCPT", smtp_kept_path(p->text));
	smtp_relay_reply(s, p);
	if (!accepted(s) || !s->tx.open)
		return;
	smtp_split_path(p->text);
	if (smtp_add_recipient(&s->tx, p->text))
		p->text = NULL;
	else
		session_ran_short(&s->ends.session);
}

static enum outcome
proceed_rcpt(struct smtp_session *s, const struct smtp_command *c)
{
	struct buf kept = { 0 };
	enum outcome outcome;

	s->tx.recipients_asked++;
	smtp_put_path(&kept, c);
	outcome = kept.failed ? smtp_give_up(s, "421 4.3.0 out of memory") :
	    relay(s, c, ends_settings(&s->ends)->timeouts.rcpt, rcpt_replied, buf_span(&kept));
	buf_free(&kept);
	return outcome;
}

/* ---- DATA, BDAT, RSET ---- */

static enum outcome
proceed_data(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	return smtp_goto(s, SMTP_STEP_OPEN_DATA);
}

static const char *
check_data(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	if (s->tx.chunked)
		return "503 5.5.1 a BDAT is open: send the rest of it or RSET";
	if (!s->tx.open)
		return "503 5.5.1 say MAIL first";
	if (s->tx.binary)
		return "503 5.5.1 BODY=BINARYMIME needs BDAT";
	return s->tx.recipient_count == 0 ? "554 5.5.1 no valid recipients" : NULL;
}

static const char *
check_bdat(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	if (!(s->offers.extensions & EXT_CHUNKING))
		return "502 5.5.1 CHUNKING is not offered";
	if (!s->tx.open)
		return "503 5.5.1 say MAIL first";
	return s->tx.recipient_count == 0 ? "554 5.5.1 no valid recipients" : NULL;
}

static enum outcome
open_chunk(struct smtp_session *s, const struct smtp_command *c, const char *refusal)
{
	s->tx.chunk_size = s->tx.chunk_left = c->chunk;
	s->tx.chunk_last = c->last;
	if (s->tx.refusal == NULL)
		s->tx.refusal = refusal;
	if (!s->tx.chunked && refusal == NULL)
		mail_unstuff_init(&s->tx.unstuffer, s->ends.listener->bare_newlines == BARE_NEWLINES_NORMALISE && !s->tx.binary,
		    ends_settings(&s->ends)->limits.text_line);
	s->tx.chunked = s->tx.coming = s->tx.open;
	if (!s->tx.open) /* its octets are waited for no longer than those of a message */
		s->tx.deadline = loop_now(s->ends.session.proxy->loop) + ends_settings(&s->ends)->timeouts.transaction;
	return smtp_goto(s, SMTP_STEP_SPOOL_CHUNK);
}

static enum outcome
proceed_bdat(struct smtp_session *s, const struct smtp_command *c)
{
	return open_chunk(s, c, NULL);
}

/* The octets that were announced come all the same (RFC 3030 2). */
static enum outcome
refuse_bdat(struct smtp_session *s, const char *text)
{
	enum outcome outcome = open_chunk(s, &s->command, text);

	smtp_consume_command(s);
	return outcome;
}

static void
rset_replied(struct smtp_session *s, struct smtp_pending *p)
{
	smtp_relay_reply(s, p);
	smtp_transaction_reset(s);
}

static enum outcome
proceed_rset(struct smtp_session *s, const struct smtp_command *c)
{
	return relay(s, c, ends_settings(&s->ends)->timeouts.command, rset_replied, SPAN_NONE);
}

/* ---- QUIT, STARTTLS ---- */

static void
quit_replied(struct smtp_session *s, struct smtp_pending *p)
{
	smtp_relay_reply(s, p);
	s->quit = true;
}

static enum outcome
proceed_quit(struct smtp_session *s, const struct smtp_command *c)
{
	smtp_ask(s, c->line, ends_settings(&s->ends)->timeouts.command, quit_replied, SPAN_NONE);
	return smtp_goto(s, SMTP_STEP_AWAIT_QUIT);
}

static const char *
check_starttls(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	if (s->ends.listener->tls.mode != TLS_STARTTLS)
		return "502 5.5.1 STARTTLS is not offered";
	return s->ends.secure ? "503 5.5.1 TLS is active already" : NULL;
}

static enum outcome
proceed_starttls(struct smtp_session *s, const struct smtp_command *c)
{
	(void)c;
	smtp_say(s, "220 2.0.0 ready to start TLS");
	return smtp_goto(s, SMTP_STEP_START_TLS);
}

/* ---- AUTH ---- */

static const char *
check_auth(struct smtp_session *s, const struct smtp_command *c)
{
	const char *text = after_hello(s, c);

	if (text != NULL)
		return text;
	if (s->tx.open || s->authenticated)
		return "503 5.5.1 AUTH comes once, before MAIL";
	return s->offers.extensions & EXT_AUTH ? NULL : "502 5.5.1 AUTH is not offered";
}

static bool
word_is_offered(const char *offered, struct span word)
{
	struct span rest = span_str(offered), one;

	while (span_split(&rest, ' ', &one))
		if (one.len > 0 && span_eq_nocase(one, word))
			return true;
	return false;
}

static const char *
policy_auth(struct smtp_session *s, const struct smtp_command *c)
{
	struct span rest = c->argument, mechanism;

	if (s->ends.listener->tls.mode == TLS_STARTTLS && !s->ends.secure)
		return "538 5.7.11 encryption is required for authentication: say STARTTLS first";
	if (!span_split(&rest, ' ', &mechanism) || !word_is_offered(s->offers.auth, mechanism))
		return "504 5.5.4 that mechanism is not offered";
	return NULL;
}

void
smtp_note_user(struct smtp_session *s, struct span response)
{
	sasl_user(span_str(s->mechanism), s->auth_turn++, response, &s->user);
}

/* Who guesses passwords is found by this line. */
static void
log_auth(const struct smtp_session *s)
{
	struct log_entry e;

	ends_count_login(&s->ends, s->authenticated);
	ends_log_begin(&e, &s->ends, s->authenticated ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "auth");
	log_text(&e, "mechanism", s->mechanism);
	log_span(&e, "user", buf_span(&s->user));
	log_number(&e, "reply", s->reply.code);
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	log_end(&e);
}

static void
take_own(struct smtp_session *s)
{
	if (s->user.failed)
		session_ran_short(&s->ends.session);
	else if (s->user.len > 0)
		s->own = user_own(s->ends.session.proxy, &s->user_arena, buf_span(&s->user));
}

void
smtp_auth_replied(struct smtp_session *s, struct smtp_pending *p)
{
	smtp_relay_reply(s, p);
	s->auth_waits_client = s->reply.code == 334;
	if (s->auth_waits_client)
		return;
	s->authenticated = s->reply.code == 235;
	log_auth(s);
	if (s->authenticated)
		take_own(s);
	else
		buf_clear(&s->user);
}

static enum outcome
proceed_auth(struct smtp_session *s, const struct smtp_command *c)
{
	struct span response = c->argument, mechanism;

	span_split(&response, ' ', &mechanism);
	snprintf(s->mechanism, sizeof(s->mechanism), "%.*s", SPAN_ARG(mechanism));
	s->auth_turn = 0;
	buf_clear(&s->user);
	if (response.data != NULL && response.len > 0)
		smtp_note_user(s, span_trim(response));
	smtp_ask(s, c->line, ends_settings(&s->ends)->timeouts.command, smtp_auth_replied, SPAN_NONE);
	return smtp_goto(s, SMTP_STEP_EXCHANGE_AUTH);
}

/* ---- the table ---- */

static const char *
check_unknown(struct smtp_session *s, const struct smtp_command *c)
{
	(void)s;
	(void)c;
	return "500 5.5.1 command not known";
}

const struct smtp_verb_entry smtp_verbs[SMTP_VERBS] = {
	[SMTP_UNKNOWN] = { .check = check_unknown },
	[SMTP_HELO] = { hello_of_this_protocol, NULL, proceed_hello, NULL, true },
	[SMTP_EHLO] = { hello_of_this_protocol, NULL, proceed_hello, NULL, true },
	[SMTP_LHLO] = { hello_of_this_protocol, NULL, proceed_hello, NULL, true },
	/* What MAIL and the recipients behind it decide must not be undone by the
	 * reply to an RSET, or meet a transaction that turns out to be open. */
	[SMTP_MAIL] = { check_mail, policy_mail, proceed_mail, NULL, true },
	[SMTP_RCPT] = { params_known, policy_rcpt, proceed_rcpt, NULL, false },
	[SMTP_DATA] = { check_data, tls_where_required, proceed_data, NULL, true },
	[SMTP_BDAT] = { check_bdat, tls_where_required, proceed_bdat, refuse_bdat, true },
	[SMTP_RSET] = { NULL, NULL, proceed_rset, NULL, false },
	[SMTP_NOOP] = { NULL, NULL, relay_plain, NULL, false },
	[SMTP_VRFY] = { after_hello, tls_where_required, relay_plain, NULL, false },
	[SMTP_EXPN] = { after_hello, tls_where_required, relay_plain, NULL, false },
	[SMTP_HELP] = { NULL, tls_where_required, relay_plain, NULL, false },
	[SMTP_QUIT] = { NULL, NULL, proceed_quit, NULL, true },
	[SMTP_STARTTLS] = { check_starttls, NULL, proceed_starttls, NULL, true },
	[SMTP_AUTH] = { check_auth, policy_auth, proceed_auth, NULL, true },
};
