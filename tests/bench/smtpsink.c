/* smtpsink: an SMTP server that takes every message and keeps none.
 *
 * It listens on a free port of 127.0.0.1, which it prints, and ends by a
 * signal. Sessions are as lenient as can be: no order of commands is asked for. */
#include "config.h"

#include "server.h"

static const struct answer {
	const char *command, *reply;
} answers[] = {
	{ "EHLO", "250-sink.example.org\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n" },
	{ "HELO", "250 sink.example.org\r\n" },
	{ "DATA", "354 End with a dot\r\n" },
	{ "QUIT", "221 2.0.0 Bye\r\n" },
	{ "", "250 2.0.0 Ok\r\n" }, /* any other */
};

static const struct answer *
answer_to(struct span line)
{
	const struct answer *a = answers;

	while (!span_starts_nocase(line, a->command))
		a++;
	return a;
}

/* Drops a message with its final dot; false at the end of the stream. */
static bool
skip_message(struct connection *c)
{
	const struct span final = SPAN_LITERAL("\r\n.\r\n"), only = SPAN_LITERAL(".\r\n");
	bool first = true;
	size_t end;

	for (;;) {
		struct span in = buf_span(&c->in);

		if (first && in.len >= only.len && span_starts(in, only.data)) {
			buf_consume(&c->in, only.len);
			return true;
		}
		first = first && in.len < only.len;
		end = span_find(in, final);
		if (end != SIZE_MAX) {
			buf_consume(&c->in, end + final.len);
			return true;
		}
		if (!first && in.len >= final.len) /* keep what may be the first half of the final dot */
			buf_consume(&c->in, in.len - (final.len - 1));
		if (!connection_fill(c))
			return false;
	}
}

static void
hold_conversation(struct connection *c, void *context)
{
	struct span line;
	bool open = connection_send_text(c, "220 sink.example.org ESMTP\r\n");

	(void)context;
	while (open && connection_line(c, &line)) {
		const struct answer *a = answer_to(line);

		open = connection_send_text(c, a->reply) && strcmp(a->command, "QUIT") != 0;
		if (open && strcmp(a->command, "DATA") == 0)
			open = skip_message(c) && connection_send_text(c, "250 2.0.0 Ok: dropped\r\n");
	}
}

int
main(void)
{
	return serve("smtpsink", hold_conversation, NULL);
}
