/* Lines that a POP3 server lists: the same in any cut; numbers and identifiers
 * are what is written there; what is offered on is clean and no more than was
 * offered. TOP shows what the definition says. The first octet chooses the cut. */
#include "config.h"

#include "wire/pop3_listing.h"
#include "wire/pop3_offers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 300 };

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_line(struct span line)
{
	struct buf again = { .len = 0 };
	uint64_t number, octets;
	struct span uid;

	if (pop3_listing_uid(line, &number, &uid)) {
		demand(number > 0 && uid.len > 0 && uid.len <= POP3_UID_MAX);
		for (size_t i = 0; i < uid.len; i++)
			demand(uid.data[i] > ' ' && uid.data[i] < 0x7f);
		buf_printf(&again, "%llu %.*s", (unsigned long long)number, SPAN_ARG(uid));
		demand(pop3_listing_uid(buf_span(&again), &octets, &uid) && octets == number);
	}
	buf_clear(&again);
	if (pop3_listing_scan(line, &number, &octets)) {
		uint64_t count, sum;

		demand(number > 0 && pop3_listing_stat(line, &count, &sum) && count == number && sum == octets);
		buf_printf(&again, "%llu %llu", (unsigned long long)number, (unsigned long long)octets);
		demand(pop3_listing_scan(buf_span(&again), &count, &sum) && count == number && sum == octets);
	}
	buf_free(&again);
}

/* The lines of an input that arrives `step` octets at a time. */
static void
take_lines(struct span in, size_t step, struct buf *out, struct pop3_offers *o)
{
	size_t start = 0, arrived = 0;
	int result = 0;

	while (arrived < in.len && result >= 0 && result != 2) {
		struct span line;
		size_t used;

		arrived = in.len - arrived > step ? arrived + step : in.len;
		while ((result = pop3_listing_line(span_of(in.data + start, arrived - start), LIMIT, &line, &used)) == 1) {
			demand(used >= line.len + 2 && used <= LIMIT);
			start += used;
			buf_put_span(out, line);
			check_line(line);
			pop3_offers_add(o, line);
		}
	}
	buf_put_u32(out, (uint32_t)result);
}

static void
check_offers(const struct pop3_offers *o)
{
	struct pop3_offers shown = *o, back = { 0 };
	struct buf out = { .len = 0 };
	struct span rest, line;
	size_t used;
	int result;

	pop3_offers_filter_sasl(&shown);
	pop3_offers_print(&out, &shown, NULL, 0);
	demand((shown.sasl[0] != '\0') == ((shown.capabilities & POP3_CAPA_SASL) != 0));
	demand((shown.capabilities & ~o->capabilities) == 0);
	rest = span_from(buf_span(&out), span_find_byte(buf_span(&out), '\n') + 1);
	while ((result = pop3_listing_line(rest, 512, &line, &used)) == 1) {
		for (size_t i = 0; i < line.len; i++)
			demand(line.data[i] >= ' ' && line.data[i] < 0x7f);
		pop3_offers_add(&back, line);
		rest = span_from(rest, used);
	}
	demand(result == 2 && used == rest.len);
	demand(back.capabilities == shown.capabilities && strcmp(back.sasl, shown.sasl) == 0);
	buf_free(&out);
}

struct shown {
	size_t octets;
	bool ended;
};

static struct shown
take_top(struct span in, uint64_t lines, size_t step)
{
	struct shown shown = { .octets = 0 };
	struct pop3_top t;

	pop3_top_init(&t, lines);
	while (shown.octets < in.len && !shown.ended) {
		struct span piece = span_first(span_from(in, shown.octets), step);
		size_t used;

		shown.ended = pop3_top_take(&t, piece, &used) == 1;
		demand(shown.ended || used == piece.len);
		shown.octets += used;
	}
	return shown;
}

/* By the definition, line by line. */
static struct shown
show_slowly(struct span in, uint64_t lines)
{
	struct shown shown = { .octets = 0 };
	bool body = false;

	for (size_t lf; (lf = span_find_byte(span_from(in, shown.octets), '\n')) != SIZE_MAX;) {
		struct span line = span_first(span_from(in, shown.octets), lf);

		shown.octets += lf + 1;
		if (body)
			lines--;
		body = body || line.len == 0 || span_is(line, "\r");
		if (body && lines == 0) {
			shown.ended = true;
			return shown;
		}
	}
	shown.octets = in.len;
	return shown;
}

static void
check_top(struct span in, uint64_t lines, size_t step)
{
	struct shown expected = show_slowly(in, lines), whole = take_top(in, lines, SIZE_MAX);
	struct shown cut = take_top(in, lines, step);

	demand(whole.octets == expected.octets && whole.ended == expected.ended);
	demand(cut.octets == expected.octets && cut.ended == expected.ended);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	size_t step = size > 0 ? data[0] % 16 + 1 : 1;
	struct buf whole = { .len = 0 }, cut = { .len = 0 };
	struct pop3_offers offers = { 0 }, again = { 0 };

	take_lines(in, SIZE_MAX, &whole, &offers);
	take_lines(in, step, &cut, &again);
	demand(span_eq(buf_span(&whole), buf_span(&cut)));
	demand(memcmp(&offers, &again, sizeof(offers)) == 0);
	check_offers(&offers);
	check_top(in, size > 0 ? data[0] / 16 : 0, step);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
