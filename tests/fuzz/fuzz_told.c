/* What IMAP is told of any message: the lists are what a strict client can read,
 * with each part that the structure numbers and no other, and sections lie in
 * the message; and all of it survives the way between processes. */
#include "config.h"

#include "mime/header_fields.h"
#include "scan/told.h"

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
check_texts(const struct scan_answer *r)
{
	struct structure body = { .extensible = false }, bodystructure = { .extensible = true };

	must(read_envelope(r->told.envelope).len == 0);
	must(read_body(&body, r->told.body, false).len == 0);
	must(read_body(&bodystructure, r->told.bodystructure, false).len == 0);
	must(body.numbers + 1 == r->section_count && bodystructure.numbers + 1 == r->section_count);
}

static void
check_range(const struct scan_answer *r, struct scan_range range)
{
	must(range.offset <= r->told.octets && range.octets <= r->told.octets - range.offset);
}

static void
check_ranges(const struct scan_answer *r)
{
	for (size_t i = 0; i < r->section_count; i++) {
		check_range(r, r->sections[i].body);
		check_range(r, r->sections[i].mime);
		check_range(r, r->sections[i].header);
		check_range(r, r->sections[i].text);
	}
}

/* Each line of a header is in one of both, and what ends it in each. */
static void
check_fields(struct arena *a, struct span head)
{
	static const struct span names[] = { SPAN_LITERAL("From"), SPAN_LITERAL("subject") };
	struct text some = { .arena = a }, others = { .arena = a };

	header_fields(&some, head, names, 2, false);
	header_fields(&others, head, names, 2, true);
	must(some.len + others.len >= head.len && some.len <= head.len + 4 && others.len <= head.len + 4);
}

/* Of the message with a mark in front of it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct edit mark[] = { { .replacement = { "X: y\r\n", 6 } } };
	struct span message = span_of((const char *)data, size);
	struct scan_answer made = { .edits = mark, .edit_count = 1 }, decoded;
	struct scratch *scratch = scratch_new(-1);
	struct arena *a = arena_new(0);
	struct mime_message *m = mime_parse(a, message, &limits);
	struct buf encoded = { 0 };

	must(scratch != NULL);
	check_fields(a, m->root->head);
	if (scan_tell(&made, m, scratch)) {
		must(made.told.octets == size + 6);
		check_texts(&made);
		check_ranges(&made);
		scan_answer_encode(&encoded, &made);
		must(scan_answer_decode(a, buf_span(&encoded), &decoded));
		check_texts(&decoded);
	}
	buf_free(&encoded);
	scratch_free(&scratch);
	arena_free(&a);
	return 0;
}
