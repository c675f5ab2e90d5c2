/* popload: POP3 sessions over several connections at once, see reader.h. */
#include "config.h"

#include "reader.h"

#include <stdio.h>

static const char help[] =
    "Usage: popload -p PORT [OPTION…] retr|login|idle\n"
    "  retr      log in, STAT, LIST, UIDL, RETR of every message, QUIT\n";

/* The first line of the answer to `what`; *reply may be NULL. */
static bool
await_ok(struct reader *r, const char *what, struct span *reply)
{
	struct span line;

	if (!connection_line(&r->c, &line))
		return reader_fail(r, what, SPAN_LITERAL("connection closed"));
	if (!span_starts(line, "+OK"))
		return reader_fail(r, what, line);
	if (reply != NULL)
		*reply = line;
	return true;
}

static bool
command(struct reader *r, const char *line, struct span *reply)
{
	if (!connection_send_text(&r->c, line))
		return reader_fail(r, line, SPAN_LITERAL("connection closed"));
	return await_ok(r, line, reply);
}

/* The rest of a multi-line reply, whose octets are counted, terminator included. */
static bool
skip_lines(struct reader *r, const char *what, uint64_t *octets)
{
	const struct span final = SPAN_LITERAL("\r\n.\r\n"), only = SPAN_LITERAL(".\r\n");
	struct buf *in = &r->c.in;
	bool first = true;

	for (;;) {
		struct span got = buf_span(in);
		size_t end = first && got.len >= only.len && span_starts(got, only.data) ? 0 : span_find(got, final);
		size_t used = end == 0 && first ? only.len : end + final.len;

		if (end == SIZE_MAX)
			used = got.len > final.len ? got.len - (final.len - 1) : 0; /* the terminator may have begun */
		first = first && used == 0;
		*octets += used;
		buf_consume(in, used);
		if (end != SIZE_MAX)
			return true;
		if (!connection_fill(&r->c))
			return reader_fail(r, what, SPAN_LITERAL("connection closed"));
	}
}

static bool
listing(struct reader *r, const char *line)
{
	uint64_t octets = 0;

	return command(r, line, NULL) && skip_lines(r, line, &octets);
}

static bool
log_in(struct reader *r)
{
	char user[128];

	if (!reader_open(r) || !await_ok(r, "greeting", NULL))
		return false;
	if (r->options->starttls && (!command(r, "STLS\r\n", NULL) || !reader_start_tls(r)))
		return false;
	snprintf(user, sizeof(user), "USER %s-%zu\r\n", r->options->user, r->user);
	return command(r, user, NULL) && command(r, "PASS secret\r\n", NULL);
}

/* The number of messages. */
static bool
status(struct reader *r, uint64_t *count)
{
	struct span reply, word;

	if (!command(r, "STAT\r\n", &reply))
		return false;
	span_split(&reply, ' ', &word);
	return span_split(&reply, ' ', &word) && span_to_u64(word, count);
}

static bool
retrieve_all(struct reader *r, uint64_t count)
{
	uint64_t octets = 0;
	char line[32];

	if (!listing(r, "LIST\r\n") || !listing(r, "UIDL\r\n"))
		return false;
	for (uint64_t i = 1; i <= count; i++) {
		snprintf(line, sizeof(line), "RETR %llu\r\n", (unsigned long long)i);
		if (!command(r, line, NULL) || !skip_lines(r, line, &octets))
			return false;
	}
	reader_count(r, count, octets);
	return true;
}

static bool
read_mail(struct reader *r, bool all)
{
	uint64_t count;

	return status(r, &count) && (!all || retrieve_all(r, count)) && command(r, "QUIT\r\n", NULL);
}

int
main(int argc, char **argv)
{
	static const struct reader_kind kind = {
		.name = "popload", .retrieve = "retr", .help = help, .log_in = log_in, .read_mail = read_mail,
	};

	return reader_main(&kind, argc, argv);
}
