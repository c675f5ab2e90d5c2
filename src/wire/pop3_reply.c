/* POP3 replies, taken off a connection.
 *
 * A status line is passed on to a client, so one that holds bare CR, bare LF or
 * NUL is none.
 *
 * What follows in a multi-line reply to which nothing is done is only held
 * against its end. A line that begins with a dot is rare, so all octets are
 * looked at for LF and a dot behind it, sixteen at a time; only there, and at
 * the cuts of the input, does each octet move the state. */
#include "config.h"

#include "wire/pop3_reply.h"

#include "wire/line.h"

static int
fail(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* The length of a status and its SP at the start of the line; 0 = another one stands there. */
static size_t
take_word(struct span line, const char *word)
{
	size_t len = strlen(word);

	if (!span_starts(line, word) || (line.len > len && line.data[len] != ' '))
		return 0;
	return line.len > len ? len + 1 : len;
}

static bool
parse_status(struct pop3_reply *r)
{
	static const char *const words[] = { [POP3_OK] = "+OK", [POP3_ERR] = "-ERR", [POP3_CONTINUE] = "+" };

	for (enum pop3_status status = POP3_OK; status <= POP3_CONTINUE; status++) {
		size_t len = take_word(r->line, words[status]);

		if (len == 0)
			continue;
		r->status = status;
		r->text = span_from(r->line, len);
		return true;
	}
	return false;
}

int
pop3_reply_take(struct span input, size_t limit, struct pop3_reply *r, size_t *used, const char **why)
{
	size_t taken;
	bool clean;
	int result;

	*used = 0;
	*r = (struct pop3_reply){ .line = SPAN_NONE };
	result = line_take(input, limit, &r->line, &taken, &clean);
	if (result < 0)
		return fail(why, "a reply line is too long");
	if (result == 0)
		return 0;
	if (!clean)
		return fail(why, "a reply line holds a bare CR or ends in bare LF");
	if (span_find_byte(r->line, '\0') != SIZE_MAX)
		return fail(why, "a reply line holds NUL");
	if (!parse_status(r))
		return fail(why, "a reply line has no status");
	*used = taken;
	return 1;
}

enum state {
	LINE_START, /* after CRLF, or nothing yet */
	IN_LINE,
	AFTER_CR,
	AFTER_DOT,    /* a dot at the start of a line */
	AFTER_DOT_CR, /* and a CR */
	ENDED,
};

void
pop3_tail_init(struct pop3_tail *t)
{
	t->state = LINE_START;
}

static enum state
next_state(enum state state, char c)
{
	if (state == LINE_START && c == '.')
		return AFTER_DOT;
	if (state == AFTER_DOT && c == '\r')
		return AFTER_DOT_CR;
	if (state == AFTER_DOT_CR && c == '\n')
		return ENDED;
	if (state == AFTER_CR && c == '\n')
		return LINE_START;
	return c == '\r' ? AFTER_CR : IN_LINE;
}

typedef unsigned char octets16 __attribute__((vector_size(16), aligned(1), may_alias));

/* Which of the octets are LF with a dot behind; seventeen are looked at. */
static octets16
dot_lines(const char *at)
{
	const octets16 none = { 0 }, lf = none + '\n', dot = none + '.';

	return (octets16)((*(const octets16 *)at == lf) & (*(const octets16 *)(at + 1) == dot));
}

static bool
any(octets16 octets)
{
	uint64_t halves[2];

	memcpy(halves, &octets, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* The first LF with a dot behind it, or the last octet. at < end. */
static const char *
find_dot_line(const char *at, const char *end)
{
	while (end - at > 64 && !any(dot_lines(at) | dot_lines(at + 16) | dot_lines(at + 32) | dot_lines(at + 48)))
		at += 64;
	while (end - at > 16 && !any(dot_lines(at)))
		at += 16;
	while (end - at > 1 && (at[0] != '\n' || at[1] != '.'))
		at++;
	return at;
}

/* Whether octets may be passed over up to the next LF and dot. */
static bool
may_skip(enum state state, char c)
{
	return state == IN_LINE || state == AFTER_CR || (state == LINE_START && c != '.');
}

int
pop3_tail_find(struct pop3_tail *t, struct span in, size_t *used)
{
	const char *at = in.data, *end = span_end(in);
	enum state state = t->state;

	while (at < end && state != ENDED) {
		if (may_skip(state, *at)) {
			const char *from = at;

			/* Where at[-1] is the LF of a CRLF, no dot follows: that is as good as within a line. */
			at = find_dot_line(from, end);
			if (at > from)
				state = at[-1] == '\r' ? AFTER_CR : IN_LINE;
		}
		state = next_state(state, *at++);
	}
	t->state = state;
	*used = (size_t)(at - in.data);
	return state == ENDED;
}
