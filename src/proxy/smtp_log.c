/* One log line for a message: who, to whom, how large, what was decided by
 * which rules, what the client was told, how long it took. Nothing of its text. */
#include "config.h"

#include "proxy/smtp_log.h"

static void
log_recipients(struct log_entry *e, const struct smtp_transaction *tx)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < tx->recipient_count && all.len < LOG_VALUE_MAX; i++)
		buf_printf(&all, "%s%s", i > 0 ? "," : "", tx->recipients[i]);
	log_span(e, "to", buf_span(&all));
	buf_free(&all);
}

static void
log_answer(struct log_entry *e, const struct scan_answer *a)
{
	struct buf rules = { 0 };

	for (size_t i = 0; i < a->hit_count && rules.len < LOG_VALUE_MAX; i++)
		buf_printf(&rules, "%s%.*s", i > 0 ? "," : "", SPAN_ARG(a->hits[i].rule));
	log_text(e, "verdict", verdict_name(a->verdict));
	log_decimal(e, "score", a->score);
	log_span(e, "rules", buf_span(&rules));
	if (!a->complete)
		log_text(e, "complete", "no");
	if (a->reason.len > 0)
		log_span(e, "reason", a->reason);
	buf_free(&rules);
}

void
smtp_log_message(struct smtp_session *s, struct span reply)
{
	struct smtp_transaction *tx = &s->tx;
	struct proxy *proxy = s->ends.session.proxy;
	struct log_entry e;

	if (!tx->counted) {
		stats_add(&proxy->stats->messages, 1);
		stats_add(&proxy->stats->octets, tx->held.spool.size);
	}
	tx->counted = true;
	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "message");
	log_text(&e, "helo", s->helo != NULL ? s->helo : "");
	log_text(&e, "from", tx->sender != NULL ? tx->sender : "");
	log_recipients(&e, tx);
	if (s->user.len > 0)
		log_span(&e, "user", buf_span(&s->user));
	if (s->ends.secure)
		log_text(&e, "tls", endpoint_tls_text(s->ends.client));
	log_number(&e, "size", (int64_t)tx->held.spool.size);
	log_text(&e, "policy", proxy->settings->policies[smtp_policy(s)].name);
	if (tx->held.answer != NULL)
		log_answer(&e, tx->held.answer);
	if (tx->held.kept)
		log_text(&e, "quarantine", tx->held.kept_as);
	log_span(&e, "reply", reply);
	log_number(&e, "ms", (int64_t)(loop_now(proxy->loop) - tx->began));
	log_end(&e);
}
