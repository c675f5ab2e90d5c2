/* gatepost ctl status: the figures in sections. What is nothing everywhere is
 * left out where it would only fill lines. */
#include "config.h"

#include "cli/ctl_show.h"

enum { STATUS_RULES = 20 };

static void
add_sessions(struct buf *out, const struct figures *f)
{
	size_t count;
	struct figures_group *all = figures_groups(f, "gatepost_sessions_total", "protocol", &count);

	buf_printf(out, "\n%-12s%12s%12s\n", "sessions", "now", "in all");
	for (size_t i = 0; i < count; i++)
		if (all[i].sum > 0)
			buf_printf(out, "  %-10.*s%12.0f%12.0f\n", SPAN_ARG(all[i].value),
			    figures_sum_of(f, "gatepost_sessions", "protocol", all[i].value, NULL, SPAN_NONE), all[i].sum);
	buf_printf(out, "  %-10s%12s%12.0f\n", "refused", "", figures_sum(f, "gatepost_connections_refused_total"));
}

static void
add_messages(struct buf *out, const struct figures *f)
{
	static const char name[] = "gatepost_messages_total";
	size_t verdicts, protocols;
	struct figures_group *by_verdict = figures_groups(f, name, "verdict", &verdicts);
	struct figures_group *by_protocol = figures_groups(f, name, "protocol", &protocols);

	buf_printf(out, "\n%-12s", "messages");
	for (size_t i = 0; i < protocols; i++)
		buf_printf(out, "%12.*s", SPAN_ARG(by_protocol[i].value));
	buf_printf(out, "%12s\n", "in all");
	for (size_t i = 0; i < verdicts; i++) {
		buf_printf(out, "  %-10.*s", SPAN_ARG(by_verdict[i].value));
		for (size_t j = 0; j < protocols; j++)
			buf_printf(out, "%12.0f",
			    figures_sum_of(f, name, "protocol", by_protocol[j].value, "verdict", by_verdict[i].value));
		buf_printf(out, "%12.0f\n", by_verdict[i].sum);
	}
}

/* Of several policies: what each decided. */
static void
add_policies(struct buf *out, const struct figures *f)
{
	size_t policies, verdicts;
	struct figures_group *all = figures_groups(f, "gatepost_messages_total", "policy", &policies);
	struct figures_group *by_verdict = figures_groups(f, "gatepost_messages_total", "verdict", &verdicts);

	if (policies < 2)
		return;
	buf_printf(out, "\npolicies\n");
	for (size_t i = 0; i < policies; i++) {
		buf_printf(out, "  %-20.*s", SPAN_ARG(all[i].value));
		for (size_t j = 0; j < verdicts; j++) {
			double n = figures_sum_of(f, "gatepost_messages_total", "policy", all[i].value, "verdict",
			    by_verdict[j].value);

			if (n > 0)
				buf_printf(out, "  %.*s %.0f", SPAN_ARG(by_verdict[j].value), n);
		}
		buf_add_byte(out, '\n');
	}
}

static void
add_latency(struct buf *out, const struct figures *f, const char *title, const char *name)
{
	char half[SHOWN_SIZE], most[SHOWN_SIZE];

	show_latency(half, figures_quantile(f, name, 0.5));
	show_latency(most, figures_quantile(f, name, 0.99));
	buf_printf(out, "  %-10s%12.0f   half within %s, 99%% within %s\n", title,
	    figures_sum(f, arena_printf(f->arena, "%s_count", name)), half, most);
}

static void
add_work(struct buf *out, const struct figures *f)
{
	buf_printf(out, "\nwork\n");
	add_latency(out, f, "scans", "gatepost_scan_seconds");
	add_latency(out, f, "relayed", "gatepost_relay_seconds");
	buf_printf(out, "  %-10s%12.0f   in scanners %.0f, for the keeper %.0f\n", "waiting",
	    figures_sum(f, "gatepost_scan_queue"), figures_sum(f, "gatepost_scans_running"),
	    figures_sum(f, "gatepost_keeper_queue"));
}

/* A line of all that is more than nothing, by that label. */
static void
add_line(struct buf *out, const struct figures *f, const char *title, const char *name, const char *label)
{
	size_t count;
	struct figures_group *all = figures_groups(f, name, label, &count);

	buf_printf(out, "  %-18s", title);
	if (figures_sum(f, name) <= 0)
		buf_add_str(out, "  none");
	for (size_t i = 0; i < count; i++)
		if (all[i].sum > 0)
			buf_printf(out, "  %.*s %.0f", SPAN_ARG(all[i].value), all[i].sum);
	buf_add_byte(out, '\n');
}

static void
add_traffic(struct buf *out, const struct figures *f)
{
	static const char *const sides[] = { "client", "upstream" };
	static const char name[] = "gatepost_octets_total";
	char received[SHOWN_SIZE], sent[SHOWN_SIZE];

	buf_printf(out, "\ntraffic\n");
	for (size_t i = 0; i < 2; i++) {
		struct span side = span_str(sides[i]);

		show_octets(received, figures_sum_of(f, name, "side", side, "direction", SPAN_LITERAL("received")));
		show_octets(sent, figures_sum_of(f, name, "side", side, "direction", SPAN_LITERAL("sent")));
		buf_printf(out, "  %-18s  %s received, %s sent\n", i == 0 ? "clients" : "upstreams", received, sent);
	}
	add_line(out, f, "TLS", "gatepost_tls_handshakes_total", "version");
	add_line(out, f, "TLS failed", "gatepost_tls_failures_total", "side");
	add_line(out, f, "logins", "gatepost_logins_total", "result");
}

static void
add_trouble(struct buf *out, const struct figures *f)
{
	buf_printf(out, "\ntrouble\n");
	add_line(out, f, "scans that failed", "gatepost_scan_failures_total", "reason");
	add_line(out, f, "errors", "gatepost_errors_total", "kind");
	add_line(out, f, "restarts", "gatepost_restarts_total", "process");
}

static void
add_rules(struct buf *out, const struct figures *f)
{
	size_t count;
	struct figures_group *all = show_top_rules(f, STATUS_RULES, &count);

	if (count > 0)
		buf_printf(out, "\n%-24s%12s\n", "rules", "messages");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "  %-22.*s%12.0f\n", SPAN_ARG(all[i].value), all[i].sum);
}

void
show_status(struct buf *out, const struct figures *f, const char *config)
{
	show_head(out, f);
	buf_printf(out, "configuration %s, reloaded %.0f times, refused %.0f times\n", config,
	    figures_sum_of(f, "gatepost_reloads_total", "result", SPAN_LITERAL("taken"), NULL, SPAN_NONE),
	    figures_sum_of(f, "gatepost_reloads_total", "result", SPAN_LITERAL("refused"), NULL, SPAN_NONE));
	add_sessions(out, f);
	add_messages(out, f);
	add_policies(out, f);
	add_rules(out, f);
	add_work(out, f);
	add_traffic(out, f);
	add_trouble(out, f);
	buf_printf(out, "\nprocesses\n");
	show_processes(out, f, NULL, 0);
}
