/* The address of MAIL and RCPT.
 *
 * The line is sent on as it came, so nothing is repaired here: a path is taken
 * only if nobody can read it otherwise. That is RFC 5321's grammar, wider where
 * real addresses are and nothing becomes ambiguous (dots anywhere in a local
 * part, "_" in a domain, no domain at all, UTF-8), and without comments, white
 * space outside of quotes, and the loose "\" of RFC 821. The brackets are
 * demanded. */
#include "config.h"

#include "wire/smtp_path.h"

/* What must be quoted in a local part (RFC 5321 4.1.2, RFC 5322 3.2.3). */
static bool
is_special(char c)
{
	return strchr("()<>[]:;@\\,\"", c) != NULL; /* NUL, too */
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool
is_atom_octet(char c)
{
	return c != ' ' && !is_control(c) && !is_special(c);
}

static size_t
atom_length(struct span s)
{
	size_t len = 0;

	while (len < s.len && is_atom_octet(s.data[len]))
		len++;
	return len;
}

/* Length of the quoted string at the start of s, or 0. */
static size_t
quoted_length(struct span s)
{
	size_t i = 1;

	if (s.len == 0 || s.data[0] != '"')
		return 0;
	for (; i < s.len && s.data[i] != '"'; i++) {
		if (s.data[i] == '\\')
			i++;
		if (i < s.len && is_control(s.data[i]))
			return 0;
	}
	return i < s.len ? i + 1 : 0;
}

/* Length of the domain or address literal at the start of s, or 0. */
static size_t
domain_length(struct span s)
{
	size_t i = 1;

	if (s.len == 0 || s.data[0] != '[')
		return atom_length(s);
	while (i < s.len && (ascii_is_alnum(s.data[i]) || (s.data[i] != '\0' && strchr(".:-", s.data[i]) != NULL)))
		i++;
	return i > 1 && i < s.len && s.data[i] == ']' ? i + 1 : 0;
}

/* "@one,@two:", or nothing; false when it is broken. */
static bool
take_source_route(struct span *s)
{
	while (s->len > 0 && s->data[0] == '@') {
		size_t len = domain_length(span_from(*s, 1));

		*s = span_from(*s, 1 + len);
		if (len == 0 || s->len < 2)
			return false;
		if (s->data[0] == ':') {
			*s = span_from(*s, 1);
			return s->data[0] != '@';
		}
		if (s->data[0] != ',' || s->data[1] != '@')
			return false;
		*s = span_from(*s, 1);
	}
	return true;
}

static bool
take_mailbox(struct span *s)
{
	size_t len = s->len > 0 && s->data[0] == '"' ? quoted_length(*s) : atom_length(*s);

	*s = span_from(*s, len);
	if (len == 0)
		return false;
	if (s->len == 0 || s->data[0] != '@')
		return true;
	len = domain_length(span_from(*s, 1));
	*s = span_from(*s, 1 + len);
	return len > 0;
}

bool
smtp_path_take(struct span *rest, struct span *path)
{
	struct span s = span_from(*rest, 1);
	const char *start = s.data;

	if (rest->len < 2 || rest->data[0] != '<')
		return false;
	if (s.data[0] != '>' && (!take_source_route(&s) || !take_mailbox(&s)))
		return false;
	if (s.len == 0 || s.data[0] != '>')
		return false;
	*path = span_of(start, (size_t)(s.data - start));
	*rest = span_from(s, 1);
	return true;
}
