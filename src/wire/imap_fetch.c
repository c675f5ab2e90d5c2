/* FETCH: the names of items, with their sections and ranges, in commands and in
 * responses, and printing them.
 *
 * A section is what edits are laid over, so it is parsed in full and held against
 * its grammar: whatever a server would read into a section that is not understood
 * here would come unfiltered. */
#include "config.h"

#include "wire/imap_fetch.h"

static const struct item {
	const char *name;
	bool has_section;
} items[IMAP_ITEMS] = {
	[IMAP_ITEM_FLAGS] = { "FLAGS", false }, [IMAP_ITEM_UID] = { "UID", false },
	[IMAP_ITEM_ENVELOPE] = { "ENVELOPE", false }, [IMAP_ITEM_INTERNALDATE] = { "INTERNALDATE", false },
	[IMAP_ITEM_RFC822_SIZE] = { "RFC822.SIZE", false }, [IMAP_ITEM_BODY] = { "BODY", false },
	[IMAP_ITEM_BODYSTRUCTURE] = { "BODYSTRUCTURE", false }, [IMAP_ITEM_BODY_SECTION] = { "BODY", true },
	[IMAP_ITEM_RFC822] = { "RFC822", false }, [IMAP_ITEM_RFC822_HEADER] = { "RFC822.HEADER", false },
	[IMAP_ITEM_RFC822_TEXT] = { "RFC822.TEXT", false }, [IMAP_ITEM_BINARY] = { "BINARY", true },
	[IMAP_ITEM_BINARY_SIZE] = { "BINARY.SIZE", true }, [IMAP_ITEM_MODSEQ] = { "MODSEQ", false },
	[IMAP_ITEM_EMAILID] = { "EMAILID", false }, [IMAP_ITEM_THREADID] = { "THREADID", false },
	[IMAP_ITEM_SAVEDATE] = { "SAVEDATE", false }, [IMAP_ITEM_PREVIEW] = { "PREVIEW", false },
	[IMAP_ITEM_X_GM_MSGID] = { "X-GM-MSGID", false }, [IMAP_ITEM_X_GM_THRID] = { "X-GM-THRID", false },
	[IMAP_ITEM_X_GM_LABELS] = { "X-GM-LABELS", false }, [IMAP_ITEM_OTHER] = { "", false },
};

static const char *const kind_names[] = {
	[IMAP_WHOLE] = "", [IMAP_HEADER] = "HEADER", [IMAP_HEADER_FIELDS] = "HEADER.FIELDS",
	[IMAP_HEADER_FIELDS_NOT] = "HEADER.FIELDS.NOT", [IMAP_TEXT] = "TEXT", [IMAP_MIME] = "MIME",
};

static bool
fail(struct imap_cursor *c)
{
	c->failed = true;
	return false;
}

static struct span
take_while(struct imap_cursor *c, bool (*belongs)(char octet))
{
	struct span taken;
	size_t len = 0;

	while (len < c->rest.len && belongs(c->rest.data[len]))
		len++;
	taken = span_first(c->rest, len);
	c->rest = span_from(c->rest, len);
	return taken;
}

static bool
is_name_octet(char octet)
{
	return ascii_is_alnum(octet) || octet == '.' || octet == '-' || octet == '_' || octet == '/';
}

static bool
is_keyword_octet(char octet)
{
	return ascii_is_alnum(octet) || octet == '.';
}

static bool
has_fields(enum imap_section_kind kind)
{
	return kind == IMAP_HEADER_FIELDS || kind == IMAP_HEADER_FIELDS_NOT;
}

/* Whether a literal can be a header's name, and so be quoted as well (RFC 5322
 * 2.2). */
static bool
is_header_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] == 0x7f || name.data[i] == ':')
			return false;
	return true;
}

/* As written. "[" is an octet of it as others are, and begins no section. */
static bool
skip_field(struct imap_cursor *c, struct span *name)
{
	if (imap_sees(c, '"') || imap_sees(c, '{'))
		return imap_skip_value(c, name);
	return imap_take_atom(c, name);
}

static bool
take_field(struct imap_cursor *c)
{
	struct span name;

	if (!imap_sees(c, '{'))
		return skip_field(c, &name);
	return imap_take_string(c, NULL, &name) && (is_header_name(name) || fail(c));
}

/* SP "(" name *(SP name) ")" */
static bool
take_fields(struct imap_cursor *c, struct span *fields)
{
	struct span from;

	imap_take_space(c);
	from = c->rest;
	if (!imap_take_char(c, '('))
		return false;
	do {
		if (!take_field(c))
			return false;
	} while (!imap_sees(c, ')') && imap_take_space(c));
	imap_take_char(c, ')');
	*fields = span_first(from, from.len - c->rest.len);
	return !c->failed;
}

static bool
take_kind(struct imap_cursor *c, struct imap_section *s)
{
	struct span word = take_while(c, is_keyword_octet);

	for (enum imap_section_kind kind = IMAP_HEADER; kind <= IMAP_MIME; kind++) {
		if (!span_is_nocase(word, kind_names[kind]))
			continue;
		s->kind = kind;
		if (kind == IMAP_MIME && s->path_count == 0)
			return fail(c);
		return !has_fields(kind) || take_fields(c, &s->fields);
	}
	return fail(c);
}

static bool
take_path(struct imap_cursor *c, struct imap_section *s)
{
	do {
		if (s->path_count == IMAP_PATH_MAX || imap_sees(c, '0') ||
		    !imap_take_u32(c, &s->path[s->path_count]))
			return fail(c);
		s->path_count++;
		if (!imap_sees(c, '.'))
			return true;
		imap_take_char(c, '.');
	} while (c->rest.len > 0 && ascii_is_digit(c->rest.data[0]));
	return take_kind(c, s);
}

/* "[" ... "]"; binary: a path or nothing. */
static bool
take_section(struct imap_cursor *c, bool binary, struct imap_section *s)
{
	imap_take_char(c, '[');
	if (c->rest.len > 0 && ascii_is_digit(c->rest.data[0])) {
		if (!take_path(c, s))
			return false;
	} else if (!imap_sees(c, ']') && !take_kind(c, s)) {
		return false;
	}
	if (binary && s->kind != IMAP_WHOLE)
		return fail(c);
	return imap_take_char(c, ']');
}

static bool
take_partial(struct imap_cursor *c, bool response, struct imap_attribute *a)
{
	imap_take_char(c, '<');
	a->partial = true;
	if (!imap_take_u63(c, &a->offset))
		return false;
	if (!response && (!imap_take_char(c, '.') || !imap_take_u63(c, &a->octets) || a->octets == 0))
		return fail(c);
	return imap_take_char(c, '>');
}

static enum imap_item
find_item(struct span name, bool has_section)
{
	for (enum imap_item item = 0; item < IMAP_ITEM_OTHER; item++)
		if (items[item].has_section == has_section && span_is_nocase(name, items[item].name))
			return item;
	return IMAP_ITEM_OTHER;
}

/* ".PEEK" is no part of a name, where it may stand. */
static struct span
without_peek(struct span name, bool *peek)
{
	*peek = span_is_nocase(name, "BODY.PEEK") || span_is_nocase(name, "BINARY.PEEK");
	return *peek ? span_first(name, name.len - strlen(".PEEK")) : name;
}

static bool
take_name(struct imap_cursor *c, bool response, struct imap_attribute *a)
{
	struct span name = take_while(c, is_name_octet);
	bool sectioned = imap_sees(c, '[');

	if (c->failed || name.len == 0)
		return fail(c);
	if (sectioned && !response)
		name = without_peek(name, &a->peek);
	a->item = find_item(name, sectioned);
	if (!sectioned)
		return true;
	if (a->item == IMAP_ITEM_OTHER)
		return fail(c);
	return take_section(c, a->item != IMAP_ITEM_BODY_SECTION, &a->section);
}

static bool
take_attribute(struct imap_cursor *c, bool response, struct imap_attribute *a)
{
	struct span from = c->rest;

	*a = (struct imap_attribute){ .item = IMAP_ITEM_OTHER };
	if (!take_name(c, response, a))
		return false;
	if (imap_sees(c, '<') && (!imap_item_is_message_data(a->item) || !take_partial(c, response, a)))
		return fail(c);
	a->text = span_first(from, from.len - c->rest.len);
	return true;
}

int
imap_take_item(struct imap_cursor *c, struct imap_attribute *a)
{
	struct span from = c->rest;

	if (take_attribute(c, true, a))
		return 1;
	return c->rest.len == 0 && span_find_byte(from, '[') != SIZE_MAX ? 0 : -1;
}

bool
imap_item_is_message_data(enum imap_item item)
{
	return item == IMAP_ITEM_BODY_SECTION || item == IMAP_ITEM_RFC822 || item == IMAP_ITEM_RFC822_HEADER ||
	    item == IMAP_ITEM_RFC822_TEXT || item == IMAP_ITEM_BINARY;
}

bool
imap_attribute_sets_seen(const struct imap_attribute *a)
{
	return imap_item_is_message_data(a->item) && !a->peek && a->item != IMAP_ITEM_RFC822_HEADER;
}

/* CR stands nowhere else in a value. */
static bool
has_literal(struct span value)
{
	return span_find_byte(value, '\r') != SIZE_MAX;
}

/* What a command asks beyond the item's name: "PREVIEW (LAZY)". */
static bool
take_list_behind(struct imap_cursor *c, struct imap_attribute *a)
{
	struct span list;

	if ((a->item != IMAP_ITEM_OTHER && a->item != IMAP_ITEM_PREVIEW) || !span_starts(c->rest, " ("))
		return true;
	imap_take_space(c);
	if (!imap_skip_value(c, &list) || has_literal(list))
		return fail(c);
	a->text.len = (size_t)(span_end(list) - a->text.data);
	return true;
}

static bool
add_attribute(struct arena *a, struct imap_fetch *f, size_t *cap, const struct imap_attribute *attribute)
{
	if (f->count == IMAP_ATTRIBUTES_MAX)
		return false;
	f->attributes = arena_grow(a, f->attributes, sizeof(f->attributes[0]), cap, f->count + 1);
	f->attributes[f->count++] = *attribute;
	return true;
}

static bool
take_list(struct imap_cursor *c, struct arena *a, struct imap_fetch *f, size_t *cap)
{
	struct imap_attribute attribute;

	imap_take_char(c, '(');
	do {
		if (!take_attribute(c, false, &attribute) || !take_list_behind(c, &attribute))
			return false;
		if (!add_attribute(a, f, cap, &attribute))
			return fail(c);
	} while (!imap_sees(c, ')') && imap_take_space(c));
	return imap_take_char(c, ')');
}

/* RFC 3501 6.4.5: each has one item more than the one before. */
static bool
expand_macro(struct span word, struct arena *a, struct imap_fetch *f, size_t *cap)
{
	static const char *const macros[] = { "FAST", "ALL", "FULL" };
	static const enum imap_item meant[] = { IMAP_ITEM_FLAGS, IMAP_ITEM_INTERNALDATE, IMAP_ITEM_RFC822_SIZE,
		IMAP_ITEM_ENVELOPE, IMAP_ITEM_BODY };

	for (size_t macro = 0; macro < 3; macro++) {
		if (!span_is_nocase(word, macros[macro]))
			continue;
		for (size_t i = 0; i < 3 + macro; i++) {
			struct imap_attribute attribute = { .item = meant[i],
				.text = span_str(items[meant[i]].name) };

			add_attribute(a, f, cap, &attribute);
		}
		return true;
	}
	return false;
}

static bool
take_one(struct imap_cursor *c, struct arena *a, struct imap_fetch *f, size_t *cap)
{
	struct imap_attribute attribute;

	if (!take_attribute(c, false, &attribute))
		return false;
	return expand_macro(attribute.text, a, f, cap) || add_attribute(a, f, cap, &attribute);
}

const char *
imap_fetch_parse(struct arena *a, struct span text, struct imap_fetch *f)
{
	struct imap_cursor c = imap_cursor(text);
	size_t cap = 0;

	*f = (struct imap_fetch){ .count = 0 };
	if (imap_sees(&c, '(') ? !take_list(&c, a, f, &cap) : !take_one(&c, a, f, &cap))
		return "syntax: FETCH set items";
	if (imap_at_end(&c))
		return NULL;
	if (!imap_take_space(&c) || !imap_sees(&c, '(') || !imap_skip_value(&c, &f->modifiers) ||
	    !imap_at_end(&c) || has_literal(f->modifiers))
		return "syntax: FETCH set items [(modifiers)]";
	return NULL;
}

/* The next name as written. */
static bool
next_field(struct span *fields, struct span *name)
{
	struct imap_cursor c = imap_cursor(*fields);

	if (imap_sees(&c, '(') || imap_sees(&c, ' '))
		c.rest = span_from(c.rest, 1);
	if (c.rest.len == 0 || imap_sees(&c, ')') || !skip_field(&c, name))
		return false;
	*fields = c.rest;
	return true;
}

/* Without its quotes, or its announcement. */
static struct span
plain(struct span name)
{
	if (span_starts(name, "\""))
		return span_first(span_from(name, 1), name.len - 2);
	return span_starts(name, "{") ? span_from(name, span_find_byte(name, '\n') + 1) : name;
}

bool
imap_fields_next(struct span *fields, struct span *name)
{
	if (!next_field(fields, name))
		return false;
	*name = plain(*name);
	return true;
}

static void
print_fields(struct buf *out, struct span fields)
{
	struct span name;
	char before = '(';

	for (; next_field(&fields, &name); before = ' ') {
		buf_add_byte(out, before);
		if (span_starts(name, "{"))
			imap_print_quoted(out, plain(name));
		else
			buf_add_span(out, name);
	}
	buf_add_byte(out, ')');
}

void
imap_section_print(struct buf *out, const struct imap_section *s)
{
	for (size_t i = 0; i < s->path_count; i++)
		buf_printf(out, "%s%lu", i > 0 ? "." : "", (unsigned long)s->path[i]);
	if (s->path_count > 0 && s->kind != IMAP_WHOLE)
		buf_add_byte(out, '.');
	buf_add_str(out, kind_names[s->kind]);
	if (has_fields(s->kind)) {
		buf_add_byte(out, ' ');
		print_fields(out, s->fields);
	}
}

static void
print_name(struct buf *out, const struct imap_attribute *a, bool peek)
{
	buf_add_str(out, items[a->item].name);
	if (peek)
		buf_add_str(out, ".PEEK");
	if (!items[a->item].has_section)
		return;
	buf_add_byte(out, '[');
	imap_section_print(out, &a->section);
	buf_add_byte(out, ']');
}

void
imap_attribute_print(struct buf *out, const struct imap_attribute *a)
{
	if (a->item == IMAP_ITEM_OTHER || a->item == IMAP_ITEM_PREVIEW) {
		buf_add_span(out, a->text);
		return;
	}
	print_name(out, a, a->peek);
	if (a->partial)
		buf_printf(out, "<%llu.%llu>", (unsigned long long)a->offset, (unsigned long long)a->octets);
}

void
imap_attribute_print_response(struct buf *out, const struct imap_attribute *a)
{
	if (a->item == IMAP_ITEM_OTHER) {
		buf_add_span(out, span_first(a->text, span_find_byte(a->text, ' ')));
		return;
	}
	print_name(out, a, false);
	if (a->partial)
		buf_printf(out, "<%llu>", (unsigned long long)a->offset);
}

void
imap_fetch_print(struct buf *out, const struct imap_attribute *attributes, size_t count)
{
	buf_add_byte(out, '(');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_byte(out, ' ');
		imap_attribute_print(out, &attributes[i]);
	}
	buf_add_byte(out, ')');
}

/* The octets that a name stands for, one by one, in lower case; -1 at its end. */
static int
next_octet(struct span *inside, bool quoted)
{
	char c;

	if (quoted && span_starts(*inside, "\\"))
		*inside = span_from(*inside, 1);
	if (inside->len == 0)
		return -1;
	c = ascii_lower(inside->data[0]);
	*inside = span_from(*inside, 1);
	return (unsigned char)c;
}

/* Of names as written. */
static bool
names_equal(struct span a, struct span b)
{
	bool quoted_a = span_starts(a, "\""), quoted_b = span_starts(b, "\"");
	int octet;

	a = plain(a);
	b = plain(b);
	while ((octet = next_octet(&a, quoted_a)) == next_octet(&b, quoted_b))
		if (octet < 0)
			return true;
	return false;
}

static bool
fields_equal(struct span a, struct span b)
{
	struct span name_a, name_b;
	bool more_a, more_b;

	do {
		more_a = next_field(&a, &name_a);
		more_b = next_field(&b, &name_b);
		if (more_a != more_b || (more_a && !names_equal(name_a, name_b)))
			return false;
	} while (more_a);
	return true;
}

bool
imap_section_equal(const struct imap_section *a, const struct imap_section *b)
{
	return a->kind == b->kind && a->path_count == b->path_count &&
	    memcmp(a->path, b->path, a->path_count * sizeof(a->path[0])) == 0 &&
	    fields_equal(a->fields, b->fields);
}
