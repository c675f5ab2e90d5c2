/* The way into DATA: a dot at the start of a line is doubled (RFC 5321 4.5.2).
 *
 * A line starts after CR LF, as the receiver sees it. A bare LF starts none:
 * the receiver would not undo a dot put in there. A message with bare LF must
 * therefore have been normalised or refused before. Dots are looked for rather
 * than line ends, for most lines have none. */
#include "config.h"

#include "wire/mail_data.h"

enum state { LINE_START, IN_LINE, AFTER_CR };

void
mail_stuff_init(struct mail_stuffer *s)
{
	s->state = LINE_START;
}

/* Whether a line starts at offset i of this input. */
static bool
starts_line(const struct mail_stuffer *s, struct span in, size_t i)
{
	if (i == 0)
		return s->state == LINE_START;
	if (in.data[i - 1] != '\n')
		return false;
	return i == 1 ? s->state == AFTER_CR : in.data[i - 2] == '\r';
}

void
mail_stuff(struct mail_stuffer *s, struct span in, mail_sink *sink, void *context)
{
	size_t run = 0;

	if (in.len == 0)
		return;
	for (size_t i = 0; i < in.len; i++) {
		size_t next = span_find_byte(span_from(in, i), '.');

		if (next == SIZE_MAX)
			break;
		i += next;
		if (starts_line(s, in, i)) {
			sink(context, span_of(in.data + run, i + 1 - run));
			run = i; /* so that the dot is sent once more */
		}
	}
	sink(context, span_from(in, run));
	s->state = starts_line(s, in, in.len) ? LINE_START : in.data[in.len - 1] == '\r' ? AFTER_CR : IN_LINE;
}

void
mail_stuff_end(struct mail_stuffer *s, mail_sink *sink, void *context)
{
	sink(context, s->state == LINE_START ? SPAN_LITERAL(".\r\n") : SPAN_LITERAL("\r\n.\r\n"));
	mail_stuff_init(s);
}
