/* imapload: IMAP sessions over several connections at once, see reader.h. The
 * mailbox that is read has the name of -u. */
#include "config.h"

#include "reader.h"

#include "wire/imap_line.h"

#include <stdio.h>

static const char help[] =
    "Usage: imapload -p PORT [OPTION…] fetch|login|idle\n"
    "  fetch     log in, SELECT, FETCH of every message whole, LOGOUT\n";

enum { LINE_MAX_OCTETS = 64 * 1024 };

/* What comes before the line that begins so is passed over: how many literals, and
 * of how many octets. */
static bool
await(struct reader *r, const char *what, const char *beginning, uint64_t *literals, uint64_t *octets)
{
	struct buf *in = &r->c.in;
	struct imap_line line;
	size_t used;

	for (;;) {
		const char *why = "connection closed";
		int got = imap_line_take(buf_span(in), LINE_MAX_OCTETS, &line, &used, &why);

		if (got < 0 || (got == 0 && !connection_fill(&r->c)))
			return reader_fail(r, what, span_str(why));
		if (got == 0)
			continue;
		if (span_starts(line.whole, beginning))
			break;
		buf_consume(in, used);
		if (!line.has_literal)
			continue;
		++*literals;
		*octets += line.literal.octets;
		for (uint64_t left = line.literal.octets; left > 0;) {
			size_t n = in->len < left ? in->len : (size_t)left;

			buf_consume(in, n);
			left -= n;
			if (left > 0 && !connection_fill(&r->c))
				return reader_fail(r, what, SPAN_LITERAL("connection closed"));
		}
	}
	if (beginning[0] == 'a' && !span_starts(line.whole, "a OK"))
		return reader_fail(r, what, line.whole);
	buf_consume(in, used);
	buf_shrink(in);
	return true;
}

static bool
say(struct reader *r, const char *line)
{
	return connection_send_text(&r->c, line) || reader_fail(r, line, SPAN_LITERAL("connection closed"));
}

/* The line begins by the tag "a". */
static bool
command(struct reader *r, const char *line)
{
	uint64_t literals = 0, octets = 0;

	return say(r, line) && await(r, line, "a ", &literals, &octets);
}

static bool
log_in(struct reader *r)
{
	uint64_t literals = 0, octets = 0;
	char line[128];

	if (!reader_open(r) || !await(r, "greeting", "* OK", &literals, &octets))
		return false;
	if (r->options->starttls && (!command(r, "a STARTTLS\r\n") || !reader_start_tls(r)))
		return false;
	snprintf(line, sizeof(line), "a LOGIN %s-%zu secret\r\n", r->options->user, r->user);
	return command(r, line);
}

static bool
select_mailbox(struct reader *r)
{
	char line[128];

	snprintf(line, sizeof(line), "a SELECT %s\r\n", r->options->user);
	return command(r, line);
}

static bool
fetch_all(struct reader *r)
{
	static const char line[] = "a UID FETCH 1:* (FLAGS BODY.PEEK[])\r\n";
	uint64_t literals = 0, octets = 0;

	if (!say(r, line) || !await(r, line, "a ", &literals, &octets))
		return false;
	reader_count(r, literals, octets);
	return true;
}

static bool
read_mail(struct reader *r, bool all)
{
	return select_mailbox(r) && (!all || fetch_all(r)) && command(r, "a LOGOUT\r\n");
}

static bool
rest(struct reader *r)
{
	uint64_t literals = 0, octets = 0;

	return select_mailbox(r) && say(r, "a IDLE\r\n") && await(r, "IDLE", "+", &literals, &octets);
}

int
main(int argc, char **argv)
{
	static const struct reader_kind kind = {
		.name = "imapload", .retrieve = "fetch", .help = help, .log_in = log_in, .read_mail = read_mail, .rest = rest,
	};

	return reader_main(&kind, argc, argv);
}
