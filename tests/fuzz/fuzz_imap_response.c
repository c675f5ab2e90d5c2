/* IMAP responses: a stream is taken line by line; what a FETCH response tells is
 * the same whether it is read while its literals come or joined to one unit. A
 * line is found the same however much of it has come. */
#include "config.h"

#include "wire/imap_capability.h"
#include "wire/imap_fetch_reader.h"
#include "wire/imap_response.h"
#include "wire/imap_set.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 100, JOINS_MAX = 20 };

/* A FETCH response on its way: the line that is read, and what was told of all. */
struct reading {
	struct span input; /* behind the line */
	struct imap_line line;
	struct span text;
	struct buf joined; /* what text lies in after a JOIN */
	struct buf told;
	struct buf unit; /* all of it */
	unsigned joins;
};

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

/* What is decided with few octets stays so with more. */
static void
check_cuts(struct span in)
{
	struct imap_line line;
	struct imap_response r;
	const char *why = NULL;
	size_t used, part_used;
	int result = imap_response_take(in, LIMIT, &line, &r, &used, &why);

	demand((result < 0) == (why != NULL) && (result > 0) == (used > 0) && used <= LIMIT);
	for (size_t len = 0; len < in.len && len <= LIMIT; len++) {
		int early = imap_response_take(span_first(in, len), LIMIT, &line, &r, &part_used, &why);

		demand(early == 0 || (early == result && part_used == used));
	}
}

static void
check_codes(const struct imap_response *r)
{
	struct imap_offers offers = { .bits = 0 };
	struct span from, to, list = r->code_arguments, flag;
	uint32_t uidvalidity;
	uint64_t number;
	struct buf out = { .len = 0 };

	demand(r->code_name.len == 0 || span_end(r->code_arguments) <= span_end(r->rest) || r->rest.len == 0);
	if (imap_code_number(r, &number))
		demand(number > 0 && number <= INT64_MAX);
	if (imap_code_copyuid(r, &uidvalidity, &from, &to))
		demand(imap_set_count(from, 0) == imap_set_count(to, 0));
	while (imap_flags_next(&list, &flag))
		demand(flag.len > 0);
	imap_offers_parse(&offers, r->code_arguments);
	imap_offers_filter(&offers);
	imap_offers_print(&out, &offers, NULL, 0);
	imap_offers_parse(&offers, buf_span(&out));
	buf_free(&out);
}

static void
add_literal(struct buf *out, struct span announced, struct span octets)
{
	buf_add_span(out, announced);
	buf_add_str(out, "\r\n");
	buf_add_span(out, octets);
}

/* The line's literal as it was on the wire, and the next line. False: they did
 * not come. */
static bool
take_literal(struct reading *r, struct buf *to)
{
	struct span announced = span_from(r->line.whole, r->line.text.len), octets;
	const char *why;
	size_t used;

	if (r->line.literal.octets > r->input.len)
		return false;
	octets = span_first(r->input, (size_t)r->line.literal.octets);
	r->input = span_from(r->input, octets.len);
	add_literal(to, announced, octets);
	add_literal(&r->unit, announced, octets);
	if (imap_response_take_more(r->input, SIZE_MAX, &r->line, &used, &why) != 1)
		return false;
	r->input = span_from(r->input, used);
	r->text = r->line.text;
	buf_add_span(&r->unit, r->text);
	return true;
}

static bool
join(struct reading *r)
{
	struct buf joined = { .len = 0 };
	bool came;

	buf_add_span(&joined, r->text);
	came = ++r->joins < JOINS_MAX && take_literal(r, &joined);
	if (came)
		buf_add_span(&joined, r->text);
	buf_free(&r->joined);
	r->joined = joined;
	r->text = buf_span(&r->joined);
	return came;
}

static void
tell(struct buf *told, enum imap_fetch_event event, const struct imap_fetch_piece *p)
{
	if (event == IMAP_FETCH_ITEM) {
		buf_add_byte(told, '\n');
		imap_attribute_print_response(told, &p->attribute);
		buf_add_byte(told, '=');
	}
	buf_add_span(told, p->value);
}

/* 1: read to its end. 0: cut short. -1: wrong. */
static int
read_lines(struct reading *r)
{
	struct imap_fetch_reader reader = { .state = 0 };
	struct imap_fetch_piece p;

	for (;;) {
		enum imap_fetch_event event = imap_fetch_read(&reader, &r->text, r->line.has_literal, &p);

		if (event == IMAP_FETCH_END || event == IMAP_FETCH_WRONG)
			return event == IMAP_FETCH_END ? 1 : -1;
		if (event == IMAP_FETCH_LITERAL ? !take_literal(r, &r->told) : event == IMAP_FETCH_JOIN && !join(r))
			return 0;
		if (event == IMAP_FETCH_ITEM || event == IMAP_FETCH_REST)
			tell(&r->told, event, &p);
	}
}

static void
check_joined(const struct reading *r)
{
	struct imap_fetch_reader reader = { .state = 0 };
	struct span text = buf_span(&r->unit);
	struct buf told = { .len = 0 };
	enum imap_fetch_event event;
	struct imap_fetch_piece p;

	while ((event = imap_fetch_read(&reader, &text, false, &p)) == IMAP_FETCH_ITEM) {
		demand(!p.is_literal && !p.goes_on);
		tell(&told, event, &p);
	}
	demand(event == IMAP_FETCH_END && span_eq(buf_span(&told), buf_span(&r->told)));
	buf_free(&told);
}

/* Returns what follows the response. */
static struct span
check_fetch(const struct imap_line *line, const struct imap_response *response, struct span input)
{
	struct reading r = { .input = input, .line = *line, .text = response->rest };

	buf_add_span(&r.unit, response->rest);
	if (read_lines(&r) == 1)
		check_joined(&r);
	buf_free(&r.joined);
	buf_free(&r.told);
	buf_free(&r.unit);
	return r.input;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size), uids;
	struct imap_line line;
	struct imap_response r;
	const char *why;
	size_t used;
	bool earlier;

	check_cuts(in);
	while (imap_response_take(in, SIZE_MAX, &line, &r, &used, &why) == 1) {
		in = span_from(in, used);
		demand(!line.has_literal || r.kind == IMAP_NUMBERED || r.kind == IMAP_DATA);
		check_codes(&r);
		if (imap_vanished_parse(r.rest, &earlier, &uids))
			demand(imap_set_is_valid(uids) && !imap_set_is_open(uids));
		if (r.word == IMAP_WORD_FETCH && r.kind == IMAP_NUMBERED)
			in = check_fetch(&line, &r, in);
	}
	return 0;
}
