/* Replies of a server: the same in any cut, of one code each, without bare CR,
 * LF or NUL; what is offered on is never more than was offered. The first octet
 * chooses the cut. */
#include "config.h"

#include "wire/smtp_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_LIMIT = 60, LINES_LIMIT = 20 };

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
demand_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		demand(s.data[i] != '\0');
		demand((s.data[i] == '\r') == (i + 1 < s.len && s.data[i + 1] == '\n'));
	}
}

static void
check_offers(struct span reply)
{
	struct smtp_offers o, back;
	struct buf out = { .len = 0 };

	smtp_offers_parse(reply, &o);
	smtp_offers_filter_auth(&o);
	demand((o.auth[0] != '\0') == ((o.extensions & EXT_AUTH) != 0));
	smtp_offers_print(&out, smtp_reply_first_text(reply), &o, NULL, 0);
	demand_clean(buf_span(&out));
	smtp_offers_parse(buf_span(&out), &back);
	demand(back.extensions == (o.extensions & ~(unsigned)EXT_XCLIENT));
	demand(strcmp(back.auth, o.auth) == 0 && strcmp(back.limits, o.limits) == 0);
	demand(back.size == o.size || (o.extensions & EXT_SIZE) == 0);
	buf_free(&out);
}

static void
check_reply(const struct smtp_reply_parser *p)
{
	struct span reply = buf_span(&p->text);

	demand(p->code >= 200 && p->code <= 599);
	demand(p->lines >= 1 && p->lines <= LINES_LIMIT);
	demand(reply.len <= LINE_LIMIT * LINES_LIMIT);
	demand_clean(reply);
	demand(smtp_reply_last_line(reply).len >= 3);
	check_offers(reply);
}

/* Notes codes and texts; what is not SMTP ends it. */
static void
read_replies(struct span in, size_t step, struct buf *out)
{
	struct smtp_reply_parser p;
	int result = 0;

	smtp_reply_init(&p, LINE_LIMIT, LINES_LIMIT);
	while (in.len > 0 && result >= 0) {
		const char *why = NULL;
		size_t used;

		result = smtp_reply_take(&p, span_first(in, step), &used, &why);
		demand((result < 0) == (why != NULL));
		in = span_from(in, used);
		if (result > 0) {
			check_reply(&p);
			buf_put_span(out, buf_span(&p.text));
		} else if (result < 0) {
			buf_add_str(out, why);
		}
	}
	smtp_reply_free(&p);
}

/* A text of ours becomes one whole reply. */
static void
check_print(struct span in)
{
	struct buf text = { .len = 0 }, out = { .len = 0 };
	struct smtp_reply_parser p;
	const char *why;
	size_t used;

	buf_add_str(&text, "554 ");
	buf_add_span(&text, in);
	smtp_reply_print(&out, buf_str(&text));
	smtp_reply_init(&p, 512, SIZE_MAX);
	demand(smtp_reply_take(&p, buf_span(&out), &used, &why) == 1 && used == out.len);
	smtp_reply_free(&p);
	buf_free(&text);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	struct buf whole = { .len = 0 }, cut = { .len = 0 };

	read_replies(in, SIZE_MAX, &whole);
	read_replies(in, size > 0 ? data[0] % 16 + 1 : 1, &cut);
	demand(span_eq(buf_span(&whole), buf_span(&cut)));
	check_offers(in);
	check_print(in);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
