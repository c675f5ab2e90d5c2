/* POP3 replies: a status line holds nothing that would end it early, and is
 * found the same however much of it has come; the end of what follows is where
 * mail_unstuff() and the lines of a listing end too, in any cut. The first octet
 * chooses the cut. */
#include "config.h"

#include "wire/mail_data.h"
#include "wire/pop3_listing.h"
#include "wire/pop3_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 40 };

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_reply(const struct pop3_reply *r, size_t used)
{
	demand(used <= LIMIT && r->line.len + 2 == used);
	demand(r->text.len <= r->line.len && span_end(r->text) == span_end(r->line));
	for (size_t i = 0; i < r->line.len; i++)
		demand(r->line.data[i] != '\r' && r->line.data[i] != '\n' && r->line.data[i] != '\0');
}

/* What is decided with few octets stays so with more. */
static size_t
read_status(struct span in)
{
	struct pop3_reply whole, part;
	const char *why = NULL;
	size_t used, part_used;
	int result = pop3_reply_take(in, LIMIT, &whole, &used, &why);

	demand((result < 0) == (why != NULL) && (result > 0) == (used > 0));
	for (size_t len = 0; len < in.len && len <= LIMIT; len++) {
		int early = pop3_reply_take(span_first(in, len), LIMIT, &part, &part_used, &why);

		demand(early == 0 || (early == result && part_used == used));
	}
	if (result > 0)
		check_reply(&whole, used);
	return used;
}

static size_t
find_tail(struct span in, size_t step)
{
	struct pop3_tail t;
	size_t at = 0, used;

	pop3_tail_init(&t);
	while (at < in.len) {
		struct span piece = span_first(span_from(in, at), step);
		bool ended = pop3_tail_find(&t, piece, &used) == 1;

		at += used;
		if (ended)
			return at;
		demand(used == piece.len);
	}
	return SIZE_MAX;
}

static bool
drop(void *context, struct span bytes)
{
	(void)context;
	(void)bytes;
	return true;
}

static size_t
unstuffed_end(struct span in)
{
	struct mail_unstuffer u;
	size_t used;

	mail_unstuff_init(&u, false, 0);
	return mail_unstuff(&u, in, &used, drop, NULL) == 1 ? used : SIZE_MAX;
}

static size_t
listing_end(struct span in)
{
	struct span line;
	size_t at = 0, used;
	int result;

	while ((result = pop3_listing_line(span_from(in, at), SIZE_MAX, &line, &used)) == 1)
		at += used;
	return result == 2 ? at + used : SIZE_MAX;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	size_t step = size > 0 ? data[0] % 64 + 1 : 1, end;

	in = span_from(in, read_status(in));
	end = unstuffed_end(in);
	demand(find_tail(in, SIZE_MAX) == end);
	demand(find_tail(in, step) == end);
	demand(find_tail(in, 1) == end);
	demand(listing_end(in) == end);
	return 0;
}
