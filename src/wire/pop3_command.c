/* POP3 commands, read from a line.
 *
 * The name that a command tells selects the user's policy, and the line goes on
 * to a server that decides by it who is let in. So both must read the same name:
 * what separates words is one SP where names and secrets are told, and controls
 * are refused. A password is nobody's affair but the server's: it may hold
 * whatever does not end a line or a C string.
 *
 * Tolerated, because old clients do it and it means one thing: SP at the end,
 * and several SP around numbers. Which verbs are welcome is the session's affair. */
#include "config.h"

#include "wire/pop3_command.h"

#include "base/codec.h"
#include "wire/sasl.h"

static const char *const verb_names[POP3_VERBS] = {
	[POP3_UNKNOWN] = "unknown", [POP3_USER] = "USER", [POP3_PASS] = "PASS", [POP3_APOP] = "APOP",
	[POP3_AUTH] = "AUTH", [POP3_CAPA] = "CAPA", [POP3_STLS] = "STLS", [POP3_QUIT] = "QUIT",
	[POP3_UTF8] = "UTF8", [POP3_LANG] = "LANG", [POP3_STAT] = "STAT", [POP3_LIST] = "LIST",
	[POP3_UIDL] = "UIDL", [POP3_RETR] = "RETR", [POP3_TOP] = "TOP", [POP3_DELE] = "DELE",
	[POP3_NOOP] = "NOOP", [POP3_RSET] = "RSET", [POP3_LAST] = "LAST",
};

enum { APOP_DIGEST_LEN = 32 }; /* MD5 in hexadecimal, RFC 1939 7 */

static const char bad_characters[] = "characters that are not allowed in a command";
static const char bad_number[] = "syntax: a message number is required";

const char *
pop3_verb_name(enum pop3_verb verb)
{
	return verb_names[verb];
}

static enum pop3_verb
find_verb(struct span word)
{
	for (enum pop3_verb verb = POP3_UNKNOWN + 1; verb < POP3_VERBS; verb++)
		if (span_is_nocase(word, verb_names[verb]))
			return verb;
	return POP3_UNKNOWN;
}

/* Takes the octets before the next SP, and that SP. */
static struct span
take_word(struct span *rest)
{
	struct span word = span_first(*rest, span_find_byte(*rest, ' '));

	*rest = span_from(*rest, word.len + 1);
	return word;
}

static bool
ends_line(char c)
{
	return c == '\0' || c == '\r' || c == '\n';
}

static bool
is_allowed(enum pop3_verb verb, char c)
{
	bool control = (unsigned char)c < ' ' || c == 0x7f;

	if (verb == POP3_PASS)
		return !ends_line(c);
	return !control && ((unsigned char)c < 0x80 || verb == POP3_USER || verb == POP3_APOP);
}

static bool
all_allowed(enum pop3_verb verb, struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!is_allowed(verb, line.data[i]))
			return false;
	return true;
}

static const char *
parse_something(struct pop3_command *c)
{
	return c->argument.len == 0 ? "syntax: an argument is required" : NULL;
}

static const char *
parse_nothing(struct pop3_command *c)
{
	return c->argument.len > 0 ? "syntax: no argument is allowed" : NULL;
}

static bool
is_digest(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (hex_digit(s.data[i]) < 0)
			return false;
	return s.len == APOP_DIGEST_LEN;
}

static const char *
parse_apop(struct pop3_command *c)
{
	struct span rest = c->argument;

	take_word(&rest); /* the name */
	return is_digest(rest) ? NULL : "syntax: APOP name digest";
}

static const char *
parse_auth(struct pop3_command *c)
{
	struct span rest = c->argument;
	struct span mechanism = take_word(&rest);

	if (c->argument.len == 0 || (sasl_is_mechanism(mechanism) && sasl_is_response(rest)))
		return NULL;
	return "syntax: AUTH mechanism [initial-response]";
}

static const char *
parse_lang(struct pop3_command *c)
{
	for (size_t i = 0; i < c->argument.len; i++)
		if (!ascii_is_alnum(c->argument.data[i]) && c->argument.data[i] != '-' && c->argument.data[i] != '*')
			return "syntax: LANG [language]";
	return NULL;
}

static const char *
parse_number(struct pop3_command *c)
{
	c->has_number = span_to_u64(c->argument, &c->number) && c->number > 0;
	return c->has_number ? NULL : bad_number;
}

static const char *
parse_optional_number(struct pop3_command *c)
{
	return c->argument.len > 0 ? parse_number(c) : NULL;
}

static const char *
parse_top(struct pop3_command *c)
{
	struct span rest = c->argument;
	struct span number = take_word(&rest);

	c->has_number = span_to_u64(number, &c->number) && c->number > 0;
	if (!c->has_number || !span_to_u64(span_trim_spaces(rest), &c->lines))
		return "syntax: TOP number lines";
	return NULL;
}

static const char *
parse_unknown(struct pop3_command *c)
{
	(void)c;
	return "unknown command";
}

static const char *(*const parsers[POP3_VERBS])(struct pop3_command *c) = {
	[POP3_UNKNOWN] = parse_unknown, [POP3_USER] = parse_something, [POP3_PASS] = parse_something,
	[POP3_APOP] = parse_apop, [POP3_AUTH] = parse_auth, [POP3_CAPA] = parse_nothing, [POP3_STLS] = parse_nothing,
	[POP3_QUIT] = parse_nothing, [POP3_UTF8] = parse_nothing, [POP3_LANG] = parse_lang,
	[POP3_STAT] = parse_nothing, [POP3_LIST] = parse_optional_number, [POP3_UIDL] = parse_optional_number,
	[POP3_RETR] = parse_number, [POP3_TOP] = parse_top, [POP3_DELE] = parse_number,
	[POP3_NOOP] = parse_nothing, [POP3_RSET] = parse_nothing, [POP3_LAST] = parse_nothing,
};

const char *
pop3_command_parse(struct span line, struct pop3_command *c)
{
	struct span rest = line;

	*c = (struct pop3_command){ .line = line };
	c->verb = find_verb(take_word(&rest));
	c->argument = c->verb == POP3_PASS ? rest : span_trim_spaces(rest);
	if (!all_allowed(c->verb, line))
		return bad_characters;
	return parsers[c->verb](c);
}
