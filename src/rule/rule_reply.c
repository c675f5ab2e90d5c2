/* The reply of a rule: "550 5.7.1 text" (RFC 5321 4.2, RFC 2034, RFC 3463). It
 * becomes one line on the wire, so it is held to that here. */
#include "config.h"

#include "rule/compile.h"

/* RFC 5321 4.5.3.1.5: 512 octets with CRLF. */
enum { REPLY_MAX = 510 };

/* Length of "5.7.1 " at the beginning, or 0. */
static size_t
enhanced_length(struct span text)
{
	unsigned numbers = 0, digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (ascii_is_digit(text.data[i]) && digits < 3) {
			digits++;
			continue;
		}
		if (digits == 0)
			return 0;
		numbers++;
		digits = 0;
		if (numbers == 3)
			return text.data[i] == ' ' ? i + 1 : 0;
		if (text.data[i] != '.')
			return 0;
	}
	return 0;
}

/* 421 would announce the end of the connection (RFC 5321 4.2.2). */
static bool
is_code(struct span text, char class)
{
	return text.len > 4 && text.data[0] == class && text.data[1] >= '0' && text.data[1] <= '5' &&
	    ascii_is_digit(text.data[2]) && text.data[3] == ' ' && !span_starts(text, "421");
}

static const char *
wrong_with(struct span text, char class)
{
	struct span rest = span_from(text, 4);
	size_t enhanced;

	if (!span_is_printable(text))
		return "a reply is one line of printable ASCII";
	if (!is_code(text, class))
		return class == '5' ? "the reply of a reject is \"5xx x.y.z text\"" :
		                      "the reply of a defer is \"4xx x.y.z text\", and not 421";
	enhanced = enhanced_length(rest);
	if (enhanced > 0 && (rest.data[0] != class || rest.data[1] != '.'))
		return "the enhanced code must begin with the digit that the code begins with";
	if (span_trim(span_from(rest, enhanced)).len == 0)
		return "a reply says why in some words";
	return text.len <= REPLY_MAX - sizeof("5.7.1 ") ? NULL : "a reply is at most 510 characters with its codes";
}

const char *
rule_reply_read(struct compiler *c, struct yaml *value, enum verdict then)
{
	char class = then == VERDICT_REJECT ? '5' : '4';
	const char *text, *wrong;

	if (!yaml_string(value, &text, c->report))
		return NULL;
	wrong = wrong_with(value->text, class);
	if (wrong != NULL) {
		report_add(c->report, value->mark, "%s", wrong);
		return NULL;
	}
	if (enhanced_length(span_from(value->text, 4)) > 0)
		return text;
	return arena_printf(c->arena, "%.3s %c.7.1 %s", text, class, text + 4);
}
