/* SMTP commands, read from a line.
 *
 * A line that is accepted is sent on as it came, so what upstream might read
 * otherwise than we do is refused: controls, stray octets over 0x7f, parameters
 * given twice or not of RFC 1869's grammar, addresses without brackets, and
 * xtext (RFC 3461 4) that hides a control. Tolerated, because it is common and
 * means one thing: white space at the end, and SP between the colon of FROM: or
 * TO: and the path. Which verbs and parameters are welcome is the session's
 * affair. */
#include "config.h"

#include "wire/smtp_command.h"

#include "base/codec.h"
#include "base/limits.h"
#include "wire/sasl.h"
#include "wire/smtp_path.h"

static const char *const verb_names[SMTP_VERBS] = {
	[SMTP_UNKNOWN] = "unknown", [SMTP_HELO] = "HELO", [SMTP_EHLO] = "EHLO", [SMTP_LHLO] = "LHLO",
	[SMTP_MAIL] = "MAIL", [SMTP_RCPT] = "RCPT", [SMTP_DATA] = "DATA", [SMTP_BDAT] = "BDAT",
	[SMTP_RSET] = "RSET", [SMTP_NOOP] = "NOOP", [SMTP_QUIT] = "QUIT", [SMTP_VRFY] = "VRFY",
	[SMTP_EXPN] = "EXPN", [SMTP_HELP] = "HELP", [SMTP_STARTTLS] = "STARTTLS", [SMTP_AUTH] = "AUTH",
};

static const char unknown_command[] = "500 5.5.1 command not recognised";
static const char bad_characters[] = "501 5.5.2 syntax: characters that are not allowed in a command";
static const char bad_parameters[] = "501 5.5.4 syntax: bad parameters";

const char *
smtp_verb_name(enum smtp_verb verb)
{
	return verb_names[verb];
}

static enum smtp_verb
find_verb(struct span word)
{
	for (enum smtp_verb verb = SMTP_UNKNOWN + 1; verb < SMTP_VERBS; verb++)
		if (span_is_nocase(word, verb_names[verb]))
			return verb;
	return SMTP_UNKNOWN;
}

/* Takes the octets before the next SP, and the SPs after them. */
static struct span
take_word(struct span *rest)
{
	size_t len = span_find_byte(*rest, ' ');
	struct span word = span_first(*rest, len);

	*rest = span_trim_spaces(span_from(*rest, word.len));
	return word;
}

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.data[i] < ' ' && s.data[i] != '\t') || s.data[i] == 0x7f)
			return true;
	return false;
}

static bool
has_high_octet(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] > 0x7f)
			return true;
	return false;
}

/* RFC 5321 4.1.2 esmtp-keyword */
static bool
is_keyword(struct span s)
{
	if (s.len == 0 || !ascii_is_alnum(s.data[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]) && s.data[i] != '-')
			return false;
	return true;
}

/* RFC 5321 4.1.2 esmtp-value, with octets over 0x7f if `utf8`. */
static bool
is_value(struct span s, bool utf8)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c <= ' ' || c == '=' || c == 0x7f || (c > 0x7f && !utf8))
			return false;
	}
	return s.len > 0;
}

static bool
is_control_code(unsigned code)
{
	return code < ' ' || code == 0x7f;
}

/* "+" and two hexadecimal digits (RFC 3461 4), none of them for a control. */
static bool
is_xtext(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] != '+')
			continue;
		if (s.len - i < 3 || hex_digit(s.data[i + 1]) < 0 || hex_digit(s.data[i + 2]) < 0 ||
		    is_control_code((unsigned)(hex_digit(s.data[i + 1]) << 4 | hex_digit(s.data[i + 2]))))
			return false;
	}
	return true;
}

/* The "\x{…}" of RFC 6533 3, none of them for a control. */
static bool
is_unitext(struct span s)
{
	const unsigned last = 0x10ffff;

	for (size_t at; (at = span_find(s, SPAN_LITERAL("\\x{"))) != SIZE_MAX;) {
		unsigned code = 0;

		s = span_from(s, at + 3);
		for (; s.len > 0 && hex_digit(s.data[0]) >= 0 && code <= last; s = span_from(s, 1))
			code = code << 4 | (unsigned)hex_digit(s.data[0]);
		if (s.len == 0 || s.data[0] != '}' || is_control_code(code) || code > last)
			return false;
	}
	return true;
}

static bool
is_sound(const struct smtp_param *param)
{
	bool orcpt = span_is_nocase(param->keyword, "ORCPT");
	bool utf8 = orcpt && span_starts_nocase(param->value, "utf-8;");

	if (!is_keyword(param->keyword))
		return false;
	if (!param->has_value)
		return true;
	if (!is_value(param->value, utf8))
		return false;
	if (utf8 && !is_unitext(param->value))
		return false;
	if (orcpt || span_is_nocase(param->keyword, "ENVID") || span_is_nocase(param->keyword, "AUTH"))
		return is_xtext(param->value);
	return true;
}

static const struct smtp_param *
find_param(const struct smtp_command *cmd, struct span keyword)
{
	for (size_t i = 0; i < cmd->param_count; i++)
		if (span_eq_nocase(cmd->params[i].keyword, keyword))
			return &cmd->params[i];
	return NULL;
}

const struct smtp_param *
smtp_param_find(const struct smtp_command *cmd, const char *keyword)
{
	return find_param(cmd, span_str(keyword));
}

static const char *
parse_params(struct span rest, struct smtp_command *cmd)
{
	while (rest.len > 0) {
		struct span word = take_word(&rest);
		size_t at = span_find_byte(word, '=');
		struct smtp_param param = { .keyword = span_first(word, at), .has_value = at != SIZE_MAX };

		if (param.has_value)
			param.value = span_from(word, at + 1);
		if (!is_sound(&param))
			return bad_parameters;
		if (find_param(cmd, param.keyword) != NULL)
			return "501 5.5.4 syntax: a parameter is given twice";
		if (cmd->param_count == SMTP_PARAMS_MAX)
			return "501 5.5.4 too many parameters";
		cmd->params[cmd->param_count++] = param;
	}
	return NULL;
}

/* "FROM:<path> parameters"; the texts tell what is expected and what is bad. */
static const char *
parse_address(struct smtp_command *cmd, const char *prefix, const char *expected, const char *bad)
{
	struct span rest = cmd->argument, path;

	if (!span_starts_nocase(rest, prefix))
		return expected;
	rest = span_trim_spaces(span_from(rest, strlen(prefix)));
	if (rest.len == 0 || rest.data[0] != '<')
		return expected;
	if (!smtp_path_take(&rest, &path) || path.len > ADDRESS_MAX)
		return bad;
	if (rest.len > 0 && rest.data[0] != ' ')
		return bad;
	cmd->path = path;
	return parse_params(span_trim_spaces(rest), cmd);
}

static const char *
parse_mail(struct smtp_command *cmd)
{
	return parse_address(cmd, "FROM:", "501 5.5.4 syntax: MAIL FROM:<address>",
	    "501 5.1.7 syntax: bad sender address");
}

static const char *
parse_rcpt(struct smtp_command *cmd)
{
	const char *bad = "501 5.1.3 syntax: bad recipient address";
	const char *error = parse_address(cmd, "TO:", "501 5.5.4 syntax: RCPT TO:<address>", bad);

	return error == NULL && cmd->path.len == 0 ? bad : error;
}

static bool
is_number(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.data[i]))
			return false;
	return s.len > 0;
}

/* A size over INT64_MAX is refused, so that sums of sizes and offsets do not
 * overflow. */
static const char *
parse_bdat(struct smtp_command *cmd)
{
	struct span rest = cmd->argument;
	struct span size = take_word(&rest);

	if (!is_number(size) || (rest.len > 0 && !span_is_nocase(rest, "LAST")))
		return "501 5.5.4 syntax: BDAT size [LAST]";
	cmd->last = rest.len > 0;
	if (span_to_u64(size, &cmd->chunk) && cmd->chunk <= INT64_MAX)
		return NULL;
	cmd->chunk = UINT64_MAX;
	return "501 5.5.4 that is more than a message can have";
}

static const char *
parse_auth(struct smtp_command *cmd)
{
	struct span rest = cmd->argument;
	struct span mechanism = take_word(&rest);

	return sasl_is_mechanism(mechanism) && sasl_is_response(rest) ? NULL :
	    "501 5.5.4 syntax: AUTH mechanism [initial-response]";
}

static const char *
parse_nothing(struct smtp_command *cmd)
{
	return cmd->argument.len > 0 ? "501 5.5.4 syntax: no argument is allowed" : NULL;
}

static const char *
parse_something(struct smtp_command *cmd)
{
	return cmd->argument.len == 0 ? "501 5.5.4 syntax: an argument is required" : NULL;
}

static const char *
parse_anything(struct smtp_command *cmd)
{
	(void)cmd;
	return NULL;
}

static const char *
parse_unknown(struct smtp_command *cmd)
{
	(void)cmd;
	return unknown_command;
}

static const char *(*const parsers[SMTP_VERBS])(struct smtp_command *cmd) = {
	[SMTP_UNKNOWN] = parse_unknown, [SMTP_HELO] = parse_something, [SMTP_EHLO] = parse_something,
	[SMTP_LHLO] = parse_something, [SMTP_MAIL] = parse_mail, [SMTP_RCPT] = parse_rcpt,
	[SMTP_DATA] = parse_nothing, [SMTP_BDAT] = parse_bdat, [SMTP_RSET] = parse_nothing,
	[SMTP_NOOP] = parse_anything, [SMTP_QUIT] = parse_nothing, [SMTP_VRFY] = parse_something,
	[SMTP_EXPN] = parse_something, [SMTP_HELP] = parse_anything, [SMTP_STARTTLS] = parse_nothing,
	[SMTP_AUTH] = parse_auth,
};

const char *
smtp_command_parse(struct span line, struct smtp_command *cmd)
{
	struct span rest = line;
	bool address;

	*cmd = (struct smtp_command){ .line = line };
	cmd->verb = find_verb(take_word(&rest));
	cmd->argument = span_trim_spaces(rest);
	address = cmd->verb == SMTP_MAIL || cmd->verb == SMTP_RCPT;
	if (has_control(line) || (!address && has_high_octet(line)))
		return bad_characters;
	return parsers[cmd->verb](cmd);
}
