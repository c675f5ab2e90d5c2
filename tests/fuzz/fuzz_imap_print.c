/* What IMAP is told of any message: the lists are what a strict client can read,
 * with each part that the structure numbers and no other, and sections lie in
 * the message and survive the way between processes. */
#include "config.h"

#include "scan/imap_view.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mime_limits limits = { .parts = 50, .depth = 10, .headers = 500 };

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static bool
next_is(struct span text, char c)
{
	return text.len > 0 && text.data[0] == c;
}

static struct span
expect(struct span text, char c)
{
	must(next_is(text, c));
	return span_from(text, 1);
}

/* Each returns what stands behind it. */
static struct span
read_quoted(struct span text)
{
	for (text = expect(text, '"'); !next_is(text, '"'); text = span_from(text, 1)) {
		must(text.len > 0 && text.data[0] > 0 && text.data[0] != '\r' && text.data[0] != '\n');
		if (!next_is(text, '\\'))
			continue;
		text = span_from(text, 1);
		must(next_is(text, '"') || next_is(text, '\\'));
	}
	return span_from(text, 1);
}

static struct span
read_literal(struct span text)
{
	uint64_t len = 0;
	size_t end = span_find_byte(text, '}');

	must(end != SIZE_MAX && span_to_u64(span_from(span_first(text, end), 1), &len));
	text = expect(expect(span_from(text, end + 1), '\r'), '\n');
	must(len <= text.len && span_find_byte(span_first(text, (size_t)len), '\0') == SIZE_MAX);
	return span_from(text, (size_t)len);
}

static struct span
read_number(struct span text)
{
	must(text.len > 0 && ascii_is_digit(text.data[0]));
	while (text.len > 0 && ascii_is_digit(text.data[0]))
		text = span_from(text, 1);
	return text;
}

static struct span
read_string(struct span text)
{
	return next_is(text, '{') ? read_literal(text) : read_quoted(text);
}

static struct span
read_nstring(struct span text)
{
	return span_starts(text, "NIL") ? span_from(text, 3) : read_string(text);
}

/* "NIL", or strings in parentheses, an even number where they are parameters. */
static struct span
read_strings(struct span text, bool params)
{
	size_t count = 0;

	if (span_starts(text, "NIL"))
		return span_from(text, 3);
	text = expect(text, '(');
	for (;;) {
		text = read_string(text);
		count++;
		if (next_is(text, ')'))
			break;
		text = expect(text, ' ');
	}
	must(!params || count % 2 == 0);
	return span_from(text, 1);
}

static struct span
read_address(struct span text)
{
	text = expect(text, '(');
	for (size_t i = 0; i < 4; i++)
		text = read_nstring(i > 0 ? expect(text, ' ') : text);
	return expect(text, ')');
}

static struct span
read_addresses(struct span text)
{
	if (span_starts(text, "NIL"))
		return span_from(text, 3);
	for (text = expect(text, '('); !next_is(text, ')');)
		text = read_address(text);
	return span_from(text, 1);
}

static struct span
read_envelope(struct span text)
{
	text = expect(text, '(');
	text = expect(read_nstring(text), ' ');
	text = read_nstring(text);
	for (size_t i = 0; i < 6; i++)
		text = read_addresses(expect(text, ' '));
	text = read_nstring(expect(text, ' '));
	return expect(read_nstring(expect(text, ' ')), ')');
}

static struct span
read_extension(struct span text)
{
	text = expect(text, ' ');
	if (next_is(text, '('))
		text = expect(read_strings(expect(read_string(expect(text, '(')), ' '), true), ')');
	else
		text = read_nstring(text);
	text = read_strings(expect(text, ' '), false);
	return read_nstring(expect(text, ' '));
}

struct structure {
	bool extensible;
	size_t numbers; /* that parts have */
};

static struct span read_body(struct structure *s, struct span text, bool numbered);

/* A multipart has a number of its own, but that of a message has not. */
static struct span
read_multipart(struct structure *s, struct span text)
{
	while (next_is(text, '('))
		text = read_body(s, text, true);
	text = read_string(expect(text, ' '));
	return s->extensible ? read_extension(read_strings(expect(text, ' '), true)) : text;
}

static struct span
read_single(struct structure *s, struct span text)
{
	bool message = span_starts(text, "\"message\" \"rfc822\"") || span_starts_nocase(text, "\"message\" \"rfc822\"");
	bool lines = span_starts_nocase(text, "\"text\"") || message;

	text = read_string(expect(read_string(text), ' '));
	text = read_strings(expect(text, ' '), true);
	text = read_nstring(expect(text, ' '));
	text = read_nstring(expect(text, ' '));
	text = read_string(expect(text, ' '));
	text = read_number(expect(text, ' '));
	if (message) {
		text = read_envelope(expect(text, ' '));
		text = read_body(s, expect(text, ' '), false);
	}
	if (lines)
		text = read_number(expect(text, ' '));
	return s->extensible ? read_extension(read_nstring(expect(text, ' '))) : text;
}

static struct span
read_body(struct structure *s, struct span text, bool numbered)
{
	text = expect(text, '(');
	if (next_is(text, '(')) {
		s->numbers += numbered;
		text = read_multipart(s, text);
	} else {
		s->numbers++;
		text = read_single(s, text);
	}
	return expect(text, ')');
}

static void
check_texts(const struct scan_imap *v)
{
	struct structure body = { .extensible = false }, bodystructure = { .extensible = true };
	size_t count = 0;

	must(read_envelope(v->envelope).len == 0);
	must(read_body(&body, v->body, false).len == 0);
	must(read_body(&bodystructure, v->bodystructure, false).len == 0);
	for (const struct imap_section *s = v->sections->next; s != NULL; s = s->next)
		count++;
	must(body.numbers == count && bodystructure.numbers == count);
}

static void
check_ranges(const struct imap_section *all, uint64_t octets)
{
	for (const struct imap_section *s = all; s != NULL; s = s->next) {
		struct imap_range range;

		for (enum imap_section_kind kind = IMAP_SECTION_WHOLE; kind <= IMAP_SECTION_TEXT; kind++)
			if (imap_section_find(all, s->path, kind, &range))
				must(range.at <= octets && range.len <= octets - range.at);
	}
}

/* Each line of a header is in one of both, and what ends it in each. */
static void
check_fields(struct arena *a, struct span message, const struct imap_section *whole)
{
	static const struct span names[] = { SPAN_LITERAL("From"), SPAN_LITERAL("subject") };
	struct span head = span_first(span_from(message, (size_t)whole->header.at), (size_t)whole->header.len);
	struct text some = { .arena = a }, others = { .arena = a };

	imap_header_fields(&some, head, names, 2, false);
	imap_header_fields(&others, head, names, 2, true);
	must(some.len + others.len >= head.len && some.len <= head.len + 4 && others.len <= head.len + 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct span message = span_of((const char *)data, size), in;
	struct buf encoded = { 0 };
	struct scan_imap made, decoded;

	scan_imap_view(a, message, &limits, &made);
	if (!made.too_large) {
		check_texts(&made);
		check_ranges(made.sections, size);
		check_fields(a, message, made.sections);
	}
	scan_imap_encode(&encoded, &made);
	in = buf_span(&encoded);
	must(scan_imap_decode(a, &in, &decoded) && in.len == 0);
	if (!made.too_large)
		check_texts(&decoded);
	in = message;
	scan_imap_decode(a, &in, &decoded);
	buf_free(&encoded);
	arena_free(&a);
	return 0;
}
