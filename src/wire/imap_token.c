/* IMAP's words, off the front of a unit.
 *
 * The octets of a literal lie behind its announcement, so a string is found by
 * its length, whatever it holds; nothing here looks for a line's end. */
#include "config.h"

#include "wire/imap_token.h"

#include "wire/imap_line.h"
#include "wire/imap_set.h"

static bool
fail(struct imap_cursor *c)
{
	c->failed = true;
	return false;
}

static struct span
advance(struct imap_cursor *c, size_t len)
{
	struct span taken = span_first(c->rest, len);

	c->rest = span_from(c->rest, len);
	return taken;
}

bool
imap_at_end(const struct imap_cursor *c)
{
	return !c->failed && c->rest.len == 0;
}

bool
imap_sees(const struct imap_cursor *c, char octet)
{
	return !c->failed && c->rest.len > 0 && c->rest.data[0] == octet;
}

bool
imap_take_char(struct imap_cursor *c, char octet)
{
	if (!imap_sees(c, octet))
		return fail(c);
	advance(c, 1);
	return true;
}

bool
imap_take_space(struct imap_cursor *c)
{
	return imap_take_char(c, ' ');
}

/* What may stand in a value that is no string and no list. */
static bool
is_value_octet(char octet)
{
	unsigned char u = (unsigned char)octet;

	return u > ' ' && u != 0x7f && u != '(' && u != ')' && u != '{' && u != '"';
}

static bool
is_astring_octet(char octet)
{
	return is_value_octet(octet) && octet != '%' && octet != '*' && octet != '\\';
}

static bool
is_atom_octet(char octet)
{
	return is_astring_octet(octet) && octet != ']';
}

static bool
is_tag_octet(char octet)
{
	return is_astring_octet(octet) && octet != '+' && (unsigned char)octet < 0x80;
}

static bool
is_set_octet(char octet)
{
	return ascii_is_digit(octet) || octet == ':' || octet == ',' || octet == '*' || octet == '$';
}

static size_t
length_of(struct span text, bool (*belongs)(char octet))
{
	size_t len = 0;

	while (len < text.len && belongs(text.data[len]))
		len++;
	return len;
}

/* One or more of these octets. */
static bool
take_octets(struct imap_cursor *c, bool (*belongs)(char octet), struct span *out)
{
	size_t len = length_of(c->rest, belongs);

	if (c->failed || len == 0)
		return fail(c);
	*out = advance(c, len);
	return true;
}

bool
imap_take_word(struct imap_cursor *c, const char *word)
{
	size_t len = length_of(c->rest, is_atom_octet);

	if (c->failed || !span_is_nocase(span_first(c->rest, len), word))
		return fail(c);
	advance(c, len);
	return true;
}

bool
imap_take_atom(struct imap_cursor *c, struct span *atom)
{
	return take_octets(c, is_atom_octet, atom);
}

bool
imap_take_flag(struct imap_cursor *c, struct span *flag)
{
	struct span rest = c->rest;
	size_t len = span_starts(rest, "\\") ? 1 : 0, name;

	name = span_starts(rest, "\\*") ? 1 : length_of(span_from(rest, len), is_atom_octet);
	if (c->failed || name == 0)
		return fail(c);
	*flag = advance(c, len + name);
	return true;
}

bool
imap_take_tag(struct imap_cursor *c, struct span *tag)
{
	return take_octets(c, is_tag_octet, tag);
}

static bool
take_number(struct imap_cursor *c, uint64_t most, uint64_t *number)
{
	size_t len = length_of(c->rest, ascii_is_digit);

	if (c->failed || !span_to_u64(span_first(c->rest, len), number) || *number > most)
		return fail(c);
	advance(c, len);
	return true;
}

bool
imap_take_u32(struct imap_cursor *c, uint32_t *number)
{
	uint64_t wide;

	if (!take_number(c, UINT32_MAX, &wide))
		return false;
	*number = (uint32_t)wide;
	return true;
}

bool
imap_take_u63(struct imap_cursor *c, uint64_t *number)
{
	return take_number(c, INT64_MAX, number);
}

struct quoted {
	size_t len;   /* with both quotes; 0: there is none */
	bool escaped; /* there are backslashes in it */
	bool odd;     /* and not only before what needs them */
};

/* The quoted string at the start of text. Some servers write "\x": where that
 * ends is no question, only what it means. */
static struct quoted
find_quoted(struct span text)
{
	struct quoted q = { .len = 0 };
	size_t at = 1;

	while (at < text.len && text.data[at] != '"') {
		if (text.data[at] == '\\') {
			at++;
			q.escaped = true;
			q.odd |= at < text.len && text.data[at] != '"' && text.data[at] != '\\';
		}
		if (at < text.len && (text.data[at] == '\0' || text.data[at] == '\r' || text.data[at] == '\n'))
			return q;
		at++;
	}
	if (at < text.len)
		q.len = at + 1;
	return q;
}

static struct span
unescape(struct arena *a, struct span text)
{
	char *copy = arena_alloc_raw(a, text.len);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		copy[len++] = text.data[i];
	}
	return span_of(copy, len);
}

static bool
skip_quoted(struct imap_cursor *c)
{
	struct quoted q = find_quoted(c->rest);

	advance(c, q.len);
	return q.len > 0 || fail(c);
}

static bool
take_quoted(struct imap_cursor *c, struct arena *a, struct span *value)
{
	struct quoted q = find_quoted(c->rest);

	if (q.len == 0 || q.odd)
		return fail(c);
	*value = span_from(advance(c, q.len), 1);
	value->len--;
	if (q.escaped)
		*value = unescape(a, *value);
	return true;
}

static bool
take_literal(struct imap_cursor *c, struct span *value)
{
	struct imap_literal l;
	size_t len = imap_literal_parse(c->rest, &l);
	struct span behind = span_from(c->rest, len);

	if (len == 0 || !span_starts(behind, "\r\n") || l.octets > behind.len - 2)
		return fail(c);
	advance(c, len + 2);
	*value = advance(c, (size_t)l.octets);
	return true;
}

static bool
sees_literal(const struct imap_cursor *c)
{
	return imap_sees(c, '{') || (imap_sees(c, '~') && span_starts(c->rest, "~{"));
}

bool
imap_take_string(struct imap_cursor *c, struct arena *a, struct span *value)
{
	if (sees_literal(c))
		return take_literal(c, value);
	return imap_sees(c, '"') ? take_quoted(c, a, value) : fail(c);
}

bool
imap_take_astring(struct imap_cursor *c, struct arena *a, struct span *value)
{
	if (imap_sees(c, '"') || sees_literal(c))
		return imap_take_string(c, a, value);
	return take_octets(c, is_astring_octet, value);
}

bool
imap_take_nstring(struct imap_cursor *c, struct arena *a, struct span *value)
{
	if (imap_sees(c, '"') || sees_literal(c))
		return imap_take_string(c, a, value);
	*value = SPAN_NONE;
	return imap_take_word(c, "NIL");
}

bool
imap_take_sequence_set(struct imap_cursor *c, struct span *set)
{
	size_t len = length_of(c->rest, is_set_octet);
	struct span octets = span_first(c->rest, len);

	if (c->failed || (!span_is(octets, "$") && !imap_set_is_valid(octets)))
		return fail(c);
	*set = advance(c, len);
	return true;
}

/* "[" stands at the front: all up to its "]". */
static bool
skip_section(struct imap_cursor *c)
{
	struct span ignored;

	advance(c, 1);
	while (!c->failed && !imap_sees(c, ']')) {
		if (imap_sees(c, '"'))
			skip_quoted(c);
		else if (sees_literal(c))
			take_literal(c, &ignored);
		else if (imap_sees(c, ' ') || imap_sees(c, '(') || imap_sees(c, ')'))
			advance(c, 1);
		else
			take_octets(c, is_atom_octet, &ignored);
	}
	return imap_take_char(c, ']');
}

static bool
has_section(struct span name)
{
	static const char *const items[] = { "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE" };

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (span_is_nocase(name, items[i]))
			return true;
	return false;
}

/* "[" is an octet of atoms, but begins a section behind the name of an item that
 * has one. */
static bool
skip_word(struct imap_cursor *c)
{
	struct span word = span_first(c->rest, length_of(c->rest, is_value_octet));
	size_t name = span_find_byte(word, '[');

	if (word.len == 0)
		return fail(c);
	if (name == SIZE_MAX || !has_section(span_first(word, name))) {
		advance(c, word.len);
		return true;
	}
	advance(c, name);
	if (!skip_section(c))
		return false;
	advance(c, length_of(c->rest, is_value_octet)); /* <origin.octets> */
	return true;
}

static bool
skip_scalar(struct imap_cursor *c)
{
	struct span ignored;

	if (imap_sees(c, '"'))
		return skip_quoted(c);
	if (sees_literal(c))
		return take_literal(c, &ignored);
	return skip_word(c);
}

static void
skip_spaces(struct imap_cursor *c)
{
	while (imap_sees(c, ' '))
		advance(c, 1);
}

static bool
open_list(struct imap_cursor *c, unsigned *depth)
{
	if (*depth == IMAP_DEPTH_MAX)
		return fail(c);
	advance(c, 1);
	skip_spaces(c);
	++*depth;
	return true;
}

/* Behind a value within lists: closes those that end here. True where another
 * value is to come. */
static bool
skip_between(struct imap_cursor *c, unsigned *depth)
{
	bool apart = false;

	while (*depth > 0 && (imap_sees(c, ' ') || imap_sees(c, ')'))) {
		apart = imap_sees(c, ' ');
		if (!apart)
			--*depth;
		advance(c, 1);
	}
	if (*depth == 0)
		return false;
	return apart || imap_sees(c, '(') || fail(c);
}

int
imap_skip_some(struct imap_cursor *c, unsigned *depth)
{
	bool more = *depth == 0 || skip_between(c, depth);

	while (more && !c->failed) {
		if (c->rest.len == 0)
			return 0;
		if (imap_sees(c, '(')) {
			if (!open_list(c, depth) || !imap_sees(c, ')'))
				continue;
		} else if (!skip_scalar(c)) {
			break;
		}
		more = skip_between(c, depth);
	}
	return c->failed ? -1 : 1;
}

bool
imap_skip_value(struct imap_cursor *c, struct span *value)
{
	const char *from = c->rest.data;
	unsigned depth = 0;

	if (imap_skip_some(c, &depth) != 1)
		return fail(c);
	if (value != NULL)
		*value = span_of(from, (size_t)(c->rest.data - from));
	return true;
}

bool
imap_values_are_clean(struct span text)
{
	struct imap_cursor c = imap_cursor(text);

	if (text.len == 0)
		return true;
	while (imap_skip_value(&c, NULL) && !imap_at_end(&c))
		imap_take_space(&c);
	return imap_at_end(&c);
}

static bool
may_be_quoted(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0 || text.data[i] == '\r' || text.data[i] == '\n')
			return false;
	return true;
}

bool
imap_print_quoted(struct buf *out, struct span text)
{
	if (!may_be_quoted(text))
		return false;
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, text.data[i]);
	}
	buf_add_byte(out, '"');
	return true;
}
