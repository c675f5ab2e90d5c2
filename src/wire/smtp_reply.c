/* SMTP replies, taken off a connection and printed.
 *
 * A reply is collected whole, line by line, before anything is done with it.
 * What is relayed to a client must not mean to it more than it meant to us, so
 * a reply with bare CR, bare LF or NUL is none, and neither is one whose lines
 * bear different codes. */
#include "config.h"

#include "wire/smtp_reply.h"

enum {
	CODE_LEN = 3,
	PREFIX_LEN = CODE_LEN + 1, /* and "-" or SP */
	REPLY_LINE_MAX = 512,      /* RFC 5321 4.5.3.1.5, with CRLF */
};

void
smtp_reply_init(struct smtp_reply_parser *p, size_t line_limit, size_t lines_limit)
{
	*p = (struct smtp_reply_parser){ .line_limit = line_limit, .lines_limit = lines_limit };
	buf_init(&p->text, 0);
}

void
smtp_reply_free(struct smtp_reply_parser *p)
{
	buf_free(&p->text);
}

static void
forget(struct smtp_reply_parser *p)
{
	buf_clear(&p->text);
	p->lines = 0;
	p->line_start = 0;
	p->first_code = 0;
	p->code = 0;
}

/* The code at the start of a line, or 0. */
static int
code_of(struct span line)
{
	if (line.len < CODE_LEN || line.data[0] < '2' || line.data[0] > '5' || !ascii_is_digit(line.data[1]) ||
	    !ascii_is_digit(line.data[2]))
		return 0;
	return (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
}

static bool
fail(const char **why, const char *text)
{
	*why = text;
	return false;
}

/* line: with its LF. */
static bool
check_line(const struct smtp_reply_parser *p, struct span line, const char **why)
{
	int code = code_of(line);

	if (line.len < 2 || line.data[line.len - 2] != '\r')
		return fail(why, "a reply line ends in bare LF");
	line.len -= 2;
	if (span_find_byte(line, '\r') != SIZE_MAX)
		return fail(why, "a reply holds a bare CR");
	if (span_find_byte(line, '\0') != SIZE_MAX)
		return fail(why, "a reply holds NUL");
	if (code == 0 || (line.len > CODE_LEN && line.data[CODE_LEN] != ' ' && line.data[CODE_LEN] != '-'))
		return fail(why, "a reply line has no code");
	if (p->first_code != 0 && p->first_code != code)
		return fail(why, "the lines of a reply differ in their codes");
	if (p->lines == p->lines_limit)
		return fail(why, "a reply has too many lines");
	return true;
}

/* 1: the line is the reply's last, 0: more follow, -1: it is no reply line. */
static int
take_line(struct smtp_reply_parser *p, const char **why)
{
	struct span line = span_from(buf_span(&p->text), p->line_start);

	if (!check_line(p, line, why))
		return -1;
	p->lines++;
	p->line_start += line.len;
	p->first_code = code_of(line);
	if (line.data[CODE_LEN] == '-')
		return 0;
	p->code = p->first_code;
	return 1;
}

int
smtp_reply_take(struct smtp_reply_parser *p, struct span input, size_t *used, const char **why)
{
	*used = 0;
	if (p->code != 0)
		forget(p);
	while (*used < input.len) {
		struct span rest = span_from(input, *used);
		size_t lf = span_find_byte(rest, '\n');
		struct span piece = span_first(rest, lf != SIZE_MAX ? lf + 1 : rest.len);
		int result;

		*used += piece.len;
		if (p->text.len - p->line_start + piece.len > p->line_limit) {
			*why = "a reply line is too long";
			return -1;
		}
		buf_add_span(&p->text, piece);
		if (p->text.failed) {
			*why = "out of memory";
			return -1;
		}
		if (lf == SIZE_MAX)
			return 0;
		result = take_line(p, why);
		if (result != 0)
			return result;
	}
	return 0;
}

static struct span
without_end(struct span line)
{
	while (line.len > 0 && (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == '\n'))
		line.len--;
	return line;
}

struct span
smtp_reply_first_text(struct span reply)
{
	return span_from(without_end(span_first(reply, span_find_byte(reply, '\n'))), PREFIX_LEN);
}

struct span
smtp_reply_last_line(struct span reply)
{
	size_t start;

	reply = without_end(reply);
	for (start = reply.len; start > 0 && reply.data[start - 1] != '\n'; start--)
		;
	return span_from(reply, start);
}

static size_t
count_digits(struct span s)
{
	size_t len = 0;

	while (len < s.len && ascii_is_digit(s.data[len]))
		len++;
	return len;
}

/* The enhanced status (RFC 3463 2) at the start of s, or empty. */
static struct span
take_enhanced(struct span s)
{
	size_t len = 1, digits;

	if (s.len == 0 || strchr("245", s.data[0]) == NULL || s.data[0] == '\0')
		return SPAN_NONE;
	for (int i = 0; i < 2; i++) {
		if (len >= s.len || s.data[len] != '.')
			return SPAN_NONE;
		digits = count_digits(span_from(s, len + 1));
		if (digits < 1 || digits > 3)
			return SPAN_NONE;
		len += 1 + digits;
	}
	return len == s.len || s.data[len] == ' ' ? span_first(s, len) : SPAN_NONE;
}

static void
add_shown(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_add_byte(out, (unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f ? '?' : s.data[i]);
}

/* As much of a line as fits, broken at a SP if there is one. */
static struct span
take_fitting(struct span *line, size_t room)
{
	struct span piece = span_first(*line, room);
	size_t len = piece.len;

	if (piece.len < line->len) {
		while (len > 0 && piece.data[len - 1] != ' ')
			len--;
		if (len > 1)
			piece.len = len;
	}
	*line = span_from(*line, piece.len);
	return piece;
}

void
smtp_reply_print(struct buf *out, const char *text)
{
	struct span rest = without_end(span_str(text)), code = span_first(rest, CODE_LEN), enhanced, line;
	size_t room;

	rest = span_from(rest, PREFIX_LEN);
	enhanced = take_enhanced(rest);
	rest = span_from(rest, enhanced.len > 0 ? enhanced.len + 1 : 0);
	room = REPLY_LINE_MAX - 2 - PREFIX_LEN - enhanced.len - 1;
	while (span_split(&rest, '\n', &line)) {
		do {
			struct span piece = take_fitting(&line, room);

			buf_add_span(out, code);
			buf_add_byte(out, line.len > 0 || rest.data != NULL ? '-' : ' ');
			if (enhanced.len > 0) {
				buf_add_span(out, enhanced);
				buf_add_byte(out, ' ');
			}
			add_shown(out, piece);
			buf_add_str(out, "\r\n");
		} while (line.len > 0);
	}
}
