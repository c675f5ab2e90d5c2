/* IMAP's sets of message numbers. A set is kept as the text it came as, and gone
 * over range by range: a hostile one of a thousand ranges costs what it takes to
 * read, and none is ever expanded. */
#include "config.h"

#include "wire/imap_set.h"

static bool
is_number(struct span text)
{
	uint64_t number;

	return span_is(text, "*") || (span_to_u64(text, &number) && number > 0 && number <= UINT32_MAX);
}

/* Both ends of one range; the same where there is no colon. */
static void
split_range(struct span text, struct span *first, struct span *last)
{
	*first = span_first(text, span_find_byte(text, ':'));
	*last = first->len < text.len ? span_from(text, first->len + 1) : *first;
}

bool
imap_set_is_valid(struct span set)
{
	struct span text, first, last;

	if (set.len == 0 || set.data[set.len - 1] == ',')
		return false;
	while (span_split(&set, ',', &text)) {
		split_range(text, &first, &last);
		if (!is_number(first) || !is_number(last))
			return false;
	}
	return true;
}

bool
imap_set_is_open(struct span set)
{
	return span_find_byte(set, '*') != SIZE_MAX;
}

static uint32_t
to_number(struct span text, uint32_t most)
{
	uint64_t number;

	return span_to_u64(text, &number) ? (uint32_t)number : most;
}

bool
imap_set_next(struct span *set, uint32_t most, struct imap_range *range)
{
	struct span text, first, last;
	uint32_t a, b;

	if (set->len == 0 || !span_split(set, ',', &text))
		return false;
	split_range(text, &first, &last);
	a = to_number(first, most);
	b = to_number(last, most);
	if (most == 0 && (a == 0 || b == 0))
		a = b = a > b ? a : b;
	*range = a < b ? (struct imap_range){ a, b } : (struct imap_range){ b, a };
	return true;
}

bool
imap_set_contains(struct span set, uint32_t most, uint32_t number)
{
	struct imap_range range;

	while (imap_set_next(&set, most, &range))
		if (number >= range.low && number <= range.high)
			return true;
	return false;
}

uint64_t
imap_set_count(struct span set, uint32_t most)
{
	struct imap_range range;
	uint64_t count = 0;

	while (imap_set_next(&set, most, &range))
		if (range.high > 0)
			count += (uint64_t)range.high - range.low + 1;
	return count;
}

static void
print_run(struct imap_set_printer *p)
{
	if (p->run.low == 0)
		return;
	buf_printf(p->out, "%s%lu", p->begun ? "," : "", (unsigned long)p->run.low);
	if (p->run.high > p->run.low)
		buf_printf(p->out, ":%lu", (unsigned long)p->run.high);
	p->begun = true;
}

void
imap_set_add_range(struct imap_set_printer *p, uint32_t low, uint32_t high)
{
	if (p->run.low > 0 && low - 1 == p->run.high) {
		p->run.high = high;
		return;
	}
	print_run(p);
	p->run = (struct imap_range){ low, high };
}

void
imap_set_add(struct imap_set_printer *p, uint32_t number)
{
	imap_set_add_range(p, number, number);
}

void
imap_set_finish(struct imap_set_printer *p)
{
	print_run(p);
	p->run = (struct imap_range){ 0, 0 };
}
