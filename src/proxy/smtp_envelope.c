/* Envelopes. Between a command and the upstream's answer to it path and
 * parameters travel as one text with an LF between them, which no path holds;
 * then a NUL takes its place. */
#include "config.h"

#include "proxy/smtp_envelope.h"

#include <stdlib.h>

static void
put_param(struct buf *line, const struct smtp_param *p)
{
	buf_add_byte(line, ' ');
	buf_add_span(line, p->keyword);
	if (p->has_value) {
		buf_add_byte(line, '=');
		buf_add_span(line, p->value);
	}
}

/* SIZE is counted anew, AUTH is of this login and BY of this hour. */
static bool
param_lasts(const struct smtp_param *p)
{
	return !span_is_nocase(p->keyword, "SIZE") && !span_is_nocase(p->keyword, "AUTH") && !span_is_nocase(p->keyword, "BY");
}

void
smtp_put_path(struct buf *kept, const struct smtp_command *c)
{
	buf_add_span(kept, c->path);
	buf_add_byte(kept, '\n');
	for (size_t i = 0; i < c->param_count; i++)
		if (param_lasts(&c->params[i]))
			put_param(kept, &c->params[i]);
}

struct span
smtp_kept_path(const char *kept)
{
	return (struct span){ kept, strcspn(kept, "\n") };
}

void
smtp_split_path(char *kept)
{
	*strchr(kept, '\n') = '\0';
}

void
smtp_put_mail(struct buf *line, const struct smtp_command *c, bool without_size)
{
	buf_add_str(line, "MAIL FROM:<");
	buf_add_span(line, c->path);
	buf_add_byte(line, '>');
	for (size_t i = 0; i < c->param_count; i++) {
		const struct smtp_param *p = &c->params[i];

		if (!without_size || !span_is_nocase(p->keyword, "SIZE"))
			put_param(line, p);
	}
}

bool
smtp_add_recipient(struct smtp_transaction *tx, char *path)
{
	if (tx->recipient_count == tx->recipient_cap) {
		size_t cap = tx->recipient_cap > 0 ? tx->recipient_cap * 2 : 4;
		char **grown = realloc(tx->recipients, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		tx->recipients = grown;
		tx->recipient_cap = cap;
	}
	tx->recipients[tx->recipient_count++] = path;
	return true;
}
