/* One log line for a message: who, to whom, how large, what was decided by
 * which rules, what the client was told, how long it took. Nothing of its text.
 * And one for each refusal: of it the sender may ask, and where gatepost said it
 * no other log knows. */
#include "config.h"

#include "proxy/smtp_log.h"

static void
log_recipients(struct log_entry *e, const struct smtp_transaction *tx, size_t first, size_t count)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < count && all.len < LOG_VALUE_MAX; i++)
		buf_printf(&all, "%s%s", i > 0 ? "," : "", tx->recipients[first + i]);
	log_span(e, "to", buf_span(&all));
	buf_free(&all);
}

static void
log_message(struct smtp_session *s, size_t first, size_t count, struct span reply)
{
	struct smtp_transaction *tx = &s->tx;
	struct proxy *proxy = s->ends.session.proxy;
	struct log_entry e;

	if (!tx->counted)
		held_count(&tx->held, s->ends.listener->protocol, smtp_policy(s));
	tx->counted = true;
	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "message");
	log_text(&e, "helo", s->helo != NULL ? s->helo : "");
	log_text(&e, "from", tx->sender != NULL ? tx->sender : "");
	log_recipients(&e, tx, first, count);
	if (s->user.len > 0)
		log_span(&e, "user", buf_span(&s->user));
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	log_number(&e, "size", (int64_t)tx->held.spool.size);
	log_text(&e, "policy", proxy->settings->policies[smtp_policy(s)].name);
	held_log(&e, &tx->held);
	log_span(&e, "reply", reply);
	log_number(&e, "ms", (int64_t)(loop_now(proxy->loop) - tx->began));
	log_end(&e);
}

/* LMTP answers for each recipient in turn: those that were answered for. */
static size_t
answered(const struct smtp_session *s)
{
	return s->lmtp && s->tx.replayed ? s->tx.recipient_count - s->tx.replies : 0;
}

void
smtp_log_message(struct smtp_session *s, struct span reply)
{
	size_t first = answered(s);

	log_message(s, first, s->tx.recipient_count - first, reply);
}

void
smtp_log_answer(struct smtp_session *s, struct span reply)
{
	size_t count = answered(s);

	if (count > 0)
		log_message(s, count - 1, 1, reply);
	else
		smtp_log_message(s, reply);
}

static void
log_refusal(struct smtp_session *s, const char *command, struct span path, struct span reply, const char *by)
{
	struct log_entry e;
	bool recipient = strcmp(command, "RCPT") == 0;

	if (s->refusals++ >= SMTP_REFUSALS_TOLD || !log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "refusal");
	log_text(&e, "helo", s->helo != NULL ? s->helo : "");
	if (s->user.len > 0)
		log_span(&e, "user", buf_span(&s->user));
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	if (command[0] != '\0')
		log_text(&e, "command", command);
	if (recipient && s->tx.sender != NULL)
		log_text(&e, "from", s->tx.sender);
	if (path.data != NULL)
		log_span(&e, recipient ? "to" : "from", path);
	log_text(&e, "by", by);
	log_span(&e, "reply", reply);
	log_end(&e);
}

void
smtp_log_refusal(struct smtp_session *s, const char *command, struct span path)
{
	if (s->reply.code >= 400)
		log_refusal(s, command, path, smtp_reply_last_line(buf_span(&s->reply.text)), "upstream");
}

void
smtp_log_own_refusal(struct smtp_session *s, const char *command, struct span path, const char *reply)
{
	log_refusal(s, command, path, span_str(reply), "gatepost");
}
