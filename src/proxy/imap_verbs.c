/* IMAP verbs: when they are legal, and what is learned from the upstream's
 * answer to each. */
#include "config.h"

#include "proxy/imap_verbs.h"

#include "wire/sasl.h"

#include <stdlib.h>

static unsigned
state_bit(const struct imap_session *s)
{
	static const unsigned bits[] = {
		[IMAP_STATE_NEW] = IMAP_IN_NEW, [IMAP_STATE_AUTHENTICATED] = IMAP_IN_AUTHENTICATED,
		[IMAP_STATE_SELECTED] = IMAP_IN_SELECTED,
	};

	return bits[s->state];
}

const char *
imap_verb_refusal(const struct imap_session *s, const struct imap_verb_entry *verb)
{
	if (verb->states == 0)
		return "command not known";
	if ((verb->states & state_bit(s)) != 0)
		return NULL;
	if (s->state == IMAP_STATE_NEW)
		return "log in first";
	return verb->states == IMAP_IN_NEW ? "you have logged in already" : "select a mailbox first";
}

/* ---- relayed as they are ---- */

enum outcome
imap_relay_unit(struct imap_session *s, imap_handler *handle, enum imap_front_step then)
{
	s->going_out = imap_pending_add(s, s->command.tag, s->command.verb, false, handle);
	if (s->going_out == NULL)
		return imap_give_up(s, "out of memory");
	s->sent = 0;
	s->refused = false;
	s->awaits = IMAP_CONTINUE_NONE;
	s->after = then;
	return imap_goto(s, IMAP_FRONT_SEND_COMMAND);
}

static enum outcome
relay(struct imap_session *s, const struct imap_command *c)
{
	(void)c;
	return imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
}

/* ---- any state ---- */

/* Routed, before there is an upstream. */
static enum outcome
answer_ourselves(struct imap_session *s, const char *text)
{
	imap_answer(s, "OK", text);
	imap_forget_unit(s);
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

static enum outcome
proceed_capability(struct imap_session *s, const struct imap_command *c)
{
	struct buf offers = { 0 };

	if (s->ends.server != NULL)
		return relay(s, c);
	imap_print_offers(s, span_str(imap_offers_of_any), &offers);
	imap_say(s, "* CAPABILITY %.*s", SPAN_ARG(buf_span(&offers)));
	buf_free(&offers);
	return answer_ourselves(s, "that is all");
}

static enum outcome
proceed_noop(struct imap_session *s, const struct imap_command *c)
{
	return s->ends.server != NULL ? relay(s, c) : answer_ourselves(s, "nothing done");
}

/* Where gatepost is a proxy that the server trusts, Dovecot believes fields of ID such as
 * "x-originating-ip" as Postfix believes XCLIENT: they are not the client's to tell. Nor
 * is what is no list of fields, for it may be one to the server. */
static bool
id_may_pass(struct span arguments)
{
	struct imap_cursor cursor = imap_cursor(arguments);
	struct arena *a;
	struct span field, value;
	bool may;

	if (!imap_sees(&cursor, '('))
		return span_is_nocase(arguments, "NIL");
	a = arena_new(0);
	do {
		cursor.rest = span_from(cursor.rest, 1); /* the parenthesis, or SP */
		may = imap_take_string(&cursor, a, &field) && !span_starts_nocase(field, "x-") && imap_take_space(&cursor) &&
		    imap_take_nstring(&cursor, a, &value);
	} while (may && imap_sees(&cursor, ' '));
	arena_free(&a);
	return may && imap_take_char(&cursor, ')') && imap_at_end(&cursor);
}

static enum outcome
proceed_id(struct imap_session *s, const struct imap_command *c)
{
	if (s->ends.server != NULL && id_may_pass(c->arguments))
		return relay(s, c);
	imap_say(s, "* ID NIL");
	return answer_ourselves(s, "ID");
}

static enum outcome
proceed_logout(struct imap_session *s, const struct imap_command *c)
{
	(void)c;
	s->leaving = true;
	if (s->ends.server != NULL)
		return imap_relay_unit(s, NULL, IMAP_FRONT_AWAIT_LOGOUT);
	imap_say(s, "* BYE");
	imap_answer(s, "OK", "bye");
	return imap_goto(s, IMAP_FRONT_CLOSE);
}

/* ---- before the login ---- */

static enum outcome
proceed_starttls(struct imap_session *s, const struct imap_command *c)
{
	(void)c;
	if (s->ends.listener->tls.mode != TLS_STARTTLS)
		return imap_refuse(s, "NO", "STARTTLS is not offered");
	if (s->ends.secure)
		return imap_refuse(s, "BAD", "TLS is active already");
	imap_answer(s, "OK", "begin TLS");
	imap_forget_unit(s);
	return imap_goto(s, IMAP_FRONT_START_TLS);
}

/* Where TLS is offered a password before it would only look protected upstream. */
static bool
login_is_too_early(const struct imap_session *s)
{
	return s->ends.listener->tls.mode == TLS_STARTTLS && !s->ends.secure;
}

/* The client did not even get to try: its user asks why. */
static enum outcome
refuse_login(struct imap_session *s, const char *text)
{
	ends_log_refusal(&s->ends, imap_verb_name(s->command.verb), text);
	return imap_refuse(s, "NO", text);
}

static void
log_login(const struct imap_session *s, bool ok)
{
	struct log_entry e;

	ends_count_login(&s->ends, ok);
	ends_log_begin(&e, &s->ends, ok ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "auth");
	log_text(&e, "mechanism", s->mechanism);
	log_span(&e, "user", buf_span(&s->user));
	log_text(&e, "reply", ok ? "OK" : "NO");
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	log_end(&e);
}

static void
login_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	bool ok = r->status == IMAP_OK;

	(void)p;
	s->awaits = IMAP_CONTINUE_NONE;
	s->auth_waits_client = false;
	log_login(s, ok);
	if (!ok) {
		imap_forget_user(s);
		return;
	}
	s->state = IMAP_STATE_AUTHENTICATED;
	imap_logged_in(s);
}

static enum outcome
proceed_login(struct imap_session *s, const struct imap_command *c)
{
	struct arena *a = arena_new(0);
	struct span user = SPAN_NONE, password;
	const char *wrong = imap_login_parse(c->arguments, a, &user, &password);

	buf_clear(&s->user);
	buf_clear(&s->mail_of);
	if (wrong == NULL)
		buf_add_span(&s->user, user);
	arena_wipe(a);
	arena_free(&a);
	if (wrong != NULL)
		return imap_refuse(s, "BAD", wrong);
	if (login_is_too_early(s))
		return refuse_login(s, "[PRIVACYREQUIRED] say STARTTLS first");
	snprintf(s->mechanism, sizeof(s->mechanism), "LOGIN");
	if (s->ends.server == NULL)
		return imap_reach_user(s, IMAP_FRONT_RELAY_COMMAND);
	return imap_relay_unit(s, login_answered, IMAP_FRONT_READ_COMMAND);
}

void
imap_note_user(struct imap_session *s, struct span response)
{
	sasl_acts_as(span_str(s->mechanism), s->auth_turn, response, &s->mail_of);
	sasl_user(span_str(s->mechanism), s->auth_turn++, response, &s->user);
}

static bool
mechanism_is_usable(struct span mechanism)
{
	char list[IMAP_MECHANISM_MAX + 1];

	if (mechanism.len > IMAP_MECHANISM_MAX)
		return false;
	snprintf(list, sizeof(list), "%.*s", SPAN_ARG(mechanism));
	sasl_filter_named(list);
	return list[0] != '\0';
}

static enum outcome
proceed_authenticate(struct imap_session *s, const struct imap_command *c)
{
	struct span mechanism, response;
	bool has_response;
	const char *wrong = imap_authenticate_parse(c->arguments, &mechanism, &has_response, &response);

	if (wrong != NULL)
		return imap_refuse(s, "BAD", wrong);
	if (login_is_too_early(s))
		return refuse_login(s, "[PRIVACYREQUIRED] say STARTTLS first");
	if (!mechanism_is_usable(mechanism))
		return refuse_login(s, "that mechanism cannot be used here");
	snprintf(s->mechanism, sizeof(s->mechanism), "%.*s", SPAN_ARG(mechanism));
	s->auth_turn = 0;
	buf_clear(&s->user);
	buf_clear(&s->mail_of);
	if (has_response)
		imap_note_user(s, response);
	if (s->ends.server == NULL && s->user.len > 0)
		return imap_reach_user(s, IMAP_FRONT_RELAY_COMMAND);
	if (s->ends.server == NULL)
		return imap_refuse(s, "NO", "say LOGIN, or AUTHENTICATE with an initial response");
	if (!imap_pending_add(s, c->tag, c->verb, false, login_answered))
		return imap_give_up(s, "out of memory");
	endpoint_write_buf(s->ends.server, &s->unit);
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
	imap_forget_unit(s);
	s->awaits = IMAP_CONTINUE_AUTH;
	return imap_goto(s, IMAP_FRONT_EXCHANGE_AUTH);
}

/* ---- after it ---- */

/* What changes how messages are told is not let through: UTF8=ACCEPT, CONVERT, and
 * UIDONLY, by which no message has a number. Nor is what is not known. */
static bool
can_be_enabled(struct span word)
{
	static const char *const names[] = { "CONDSTORE", "QRESYNC", "IMAP4rev2", "METADATA", "METADATA-SERVER" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is_nocase(word, names[i]))
			return true;
	return false;
}

static enum outcome
proceed_enable(struct imap_session *s, const struct imap_command *c)
{
	struct span rest = c->arguments, word;

	while (span_split(&rest, ' ', &word))
		if (!can_be_enabled(word))
			return imap_refuse(s, "NO", "that cannot be enabled here");
	return relay(s, c);
}

/* ---- the table ---- */

#define RELAYED(in) { .states = (in), .proceed = relay }

const struct imap_verb_entry imap_verbs[IMAP_VERBS] = {
	[IMAP_CAPABILITY] = { .states = IMAP_IN_ANY, .proceed = proceed_capability },
	[IMAP_NOOP] = { .states = IMAP_IN_ANY, .proceed = proceed_noop },
	[IMAP_ID] = { .states = IMAP_IN_ANY, .proceed = proceed_id },
	[IMAP_LOGOUT] = { .states = IMAP_IN_ANY, .alone = true, .proceed = proceed_logout },
	[IMAP_STARTTLS] = { .states = IMAP_IN_NEW, .alone = true, .proceed = proceed_starttls },
	[IMAP_LOGIN] = { .states = IMAP_IN_NEW, .alone = true, .proceed = proceed_login },
	[IMAP_AUTHENTICATE] = { .states = IMAP_IN_NEW, .alone = true, .proceed = proceed_authenticate },
	[IMAP_ENABLE] = { .states = IMAP_IN_MAIL, .proceed = proceed_enable },
	[IMAP_SELECT] = { .states = IMAP_IN_MAIL, .alone = true, .proceed = imap_proceed_select },
	[IMAP_EXAMINE] = { .states = IMAP_IN_MAIL, .alone = true, .proceed = imap_proceed_select },
	[IMAP_CREATE] = RELAYED(IMAP_IN_MAIL),
	[IMAP_DELETE] = RELAYED(IMAP_IN_MAIL),
	[IMAP_RENAME] = RELAYED(IMAP_IN_MAIL),
	[IMAP_SUBSCRIBE] = RELAYED(IMAP_IN_MAIL),
	[IMAP_UNSUBSCRIBE] = RELAYED(IMAP_IN_MAIL),
	[IMAP_LIST] = RELAYED(IMAP_IN_MAIL),
	[IMAP_LSUB] = RELAYED(IMAP_IN_MAIL),
	[IMAP_XLIST] = RELAYED(IMAP_IN_MAIL),
	[IMAP_NAMESPACE] = RELAYED(IMAP_IN_MAIL),
	[IMAP_STATUS] = RELAYED(IMAP_IN_MAIL),
	[IMAP_APPEND] = { .states = IMAP_IN_MAIL, .alone = true, .proceed = imap_proceed_append },
	[IMAP_COMPRESS] = { .states = IMAP_IN_MAIL, .alone = true, .proceed = imap_proceed_compress },
	[IMAP_IDLE] = { .states = IMAP_IN_MAIL, .alone = true, .proceed = imap_proceed_idle },
	[IMAP_CHECK] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_CLOSE] = { .states = IMAP_IN_SELECTED, .alone = true, .proceed = imap_proceed_close },
	[IMAP_UNSELECT] = { .states = IMAP_IN_SELECTED, .alone = true, .proceed = imap_proceed_close },
	[IMAP_EXPUNGE] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_SEARCH] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_SORT] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_THREAD] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_FETCH] = { .states = IMAP_IN_SELECTED, .proceed = imap_proceed_fetch },
	[IMAP_STORE] = RELAYED(IMAP_IN_SELECTED),
	[IMAP_COPY] = { .states = IMAP_IN_SELECTED, .proceed = imap_proceed_copy },
	[IMAP_MOVE] = { .states = IMAP_IN_SELECTED, .proceed = imap_proceed_copy },
	[IMAP_GETQUOTA] = RELAYED(IMAP_IN_MAIL),
	[IMAP_GETQUOTAROOT] = RELAYED(IMAP_IN_MAIL),
	[IMAP_SETQUOTA] = RELAYED(IMAP_IN_MAIL),
	[IMAP_GETACL] = RELAYED(IMAP_IN_MAIL),
	[IMAP_SETACL] = RELAYED(IMAP_IN_MAIL),
	[IMAP_DELETEACL] = RELAYED(IMAP_IN_MAIL),
	[IMAP_LISTRIGHTS] = RELAYED(IMAP_IN_MAIL),
	[IMAP_MYRIGHTS] = RELAYED(IMAP_IN_MAIL),
	[IMAP_GETMETADATA] = RELAYED(IMAP_IN_MAIL),
	[IMAP_SETMETADATA] = RELAYED(IMAP_IN_MAIL),
};
