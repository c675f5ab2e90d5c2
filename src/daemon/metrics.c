/* Printing for Prometheus: a table of families, each with one function that
 * prints its samples. A sum over the proxies is not of one moment, which no
 * reader can tell from a moment later. */
#include "config.h"

#include "daemon/metrics.h"

struct printer {
	struct buf *out;
	const struct board *board;
	const char *name; /* of the family being printed */
};

static const char *const protocols[STATS_PROTOCOLS] = { "smtp", "lmtp", "pop3", "imap" };
static const char *const sides[STATS_SIDES] = { "client", "upstream" };

/* ---- sums ---- */

static size_t
bounded(size_t n, size_t most)
{
	return n < most ? n : most;
}

/* Of the counter that is at `offset` in each proxy's part. */
static unsigned long long
sum_at(const struct printer *p, size_t offset)
{
	const struct board *b = p->board;
	unsigned long long sum = 0;

	for (size_t i = 0; i < bounded(b->stats_used, BOARD_PROXIES); i++) {
		const char *stats = (const char *)&b->stats[i];

		sum += atomic_load_explicit((const atomic_ullong *)(const void *)(stats + offset), memory_order_relaxed);
	}
	return sum;
}
#define SUM(p, field) sum_at(p, offsetof(struct stats, field))
/* Of arrays, whose index is no constant. */
#define ITEM(field, i) (offsetof(struct stats, field) + (i) * sizeof(((struct stats *)NULL)->field[0]))

/* Of the gauge of all that live. What a process counted that was killed is gone
 * with it; one that hands over may be behind the other for a moment. */
static long long
gauge_at(const struct printer *p, size_t offset)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		const struct board_child *c = &p->board->children[i];
		const char *gauges = (const char *)&c->gauges;

		if (c->pid != 0)
			sum += (unsigned long long)atomic_load_explicit((const atomic_llong *)(const void *)(gauges + offset),
			    memory_order_relaxed);
	}
	return (long long)sum > 0 ? (long long)sum : 0;
}

/* ---- samples ---- */

static void
begin(const struct printer *p, const char *suffix)
{
	buf_add_str(p->out, p->name);
	buf_add_str(p->out, suffix);
}

/* `{` or `,`, the name, and the value with what the format wants escaped; of
 * what is no name here and could do something to a terminal, "?". */
static void
label(const struct printer *p, char before, const char *name, const char *value)
{
	size_t len = strnlen(value, STATS_NAME_SIZE);

	buf_printf(p->out, "%c%s=\"", before, name);
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\\' || value[i] == '"')
			buf_add_byte(p->out, '\\');
		buf_add_byte(p->out, value[i] >= ' ' && value[i] <= '~' ? value[i] : '?');
	}
	buf_add_byte(p->out, '"');
}

static void
value(const struct printer *p, unsigned long long n)
{
	buf_printf(p->out, "%llu\n", n);
}

static void
one(const struct printer *p, unsigned long long n)
{
	begin(p, " ");
	value(p, n);
}

static void
labelled(const struct printer *p, const char *name, const char *text, unsigned long long n)
{
	begin(p, "");
	label(p, '{', name, text);
	buf_add_str(p->out, "} ");
	value(p, n);
}

static void
labelled_twice(const struct printer *p, const char *name, const char *text, const char *name2, const char *text2,
    unsigned long long n)
{
	begin(p, "");
	label(p, '{', name, text);
	label(p, ',', name2, text2);
	buf_add_str(p->out, "} ");
	value(p, n);
}

/* Seconds of milliseconds, without a zero at the end. */
static void
print_bound(const struct printer *p, unsigned millis)
{
	if (millis % 1000 == 0)
		buf_printf(p->out, "%u", millis / 1000);
	else if (millis % 100 == 0)
		buf_printf(p->out, "%u.%u", millis / 1000, millis % 1000 / 100);
	else if (millis % 10 == 0)
		buf_printf(p->out, "%u.%02u", millis / 1000, millis % 1000 / 10);
	else
		buf_printf(p->out, "%u.%03u", millis / 1000, millis % 1000);
}

static void
histogram(const struct printer *p, size_t counts, size_t micros)
{
	unsigned long long sum = 0, total = sum_at(p, micros);

	for (size_t i = 0; i <= STATS_BUCKETS; i++) {
		sum += sum_at(p, counts + i * sizeof(atomic_ullong));
		begin(p, "_bucket{le=\"");
		if (i < STATS_BUCKETS)
			print_bound(p, stats_bounds[i]);
		else
			buf_add_str(p->out, "+Inf");
		buf_add_str(p->out, "\"} ");
		value(p, sum);
	}
	begin(p, "_sum ");
	buf_printf(p->out, "%llu.%06llu\n", total / 1000000, total % 1000000);
	begin(p, "_count ");
	value(p, sum);
}

/* ---- the families ---- */

static void
build_info(const struct printer *p)
{
	labelled(p, "version", PACKAGE_VERSION, 1);
}

static void
start_time(const struct printer *p)
{
	one(p, (unsigned long long)p->board->usage.began / 1000);
}

static void
reloads(const struct printer *p)
{
	labelled(p, "result", "taken", p->board->generation);
	labelled(p, "result", "refused", p->board->reload_failures);
}

static void
draining(const struct printer *p)
{
	one(p, p->board->draining);
}

static void
sessions(const struct printer *p)
{
	for (size_t i = 0; i < STATS_PROTOCOLS; i++)
		labelled(p, "protocol", protocols[i],
		    (unsigned long long)gauge_at(p, offsetof(struct stats_gauges, sessions) + i * sizeof(atomic_llong)));
}

static void
sessions_total(const struct printer *p)
{
	for (size_t i = 0; i < STATS_PROTOCOLS; i++)
		labelled(p, "protocol", protocols[i], sum_at(p, ITEM(sessions, i)));
}

static void
refused(const struct printer *p)
{
	labelled(p, "limit", "connections", SUM(p, refused));
	labelled(p, "limit", "connections_per_client", SUM(p, refused_client));
}

static void
messages_of(const struct printer *p, size_t protocol, size_t policy)
{
	const struct board *b = p->board;
	unsigned long long counts[STATS_VERDICTS], all = 0;

	for (size_t v = 0; v < STATS_VERDICTS; v++)
		all += counts[v] = sum_at(p, ITEM(messages, protocol) +
		    (policy * STATS_VERDICTS + v) * sizeof(atomic_ullong));
	for (size_t v = 0; v < STATS_VERDICTS && (all > 0 || b->served[protocol][policy]); v++) {
		begin(p, "");
		label(p, '{', "protocol", protocols[protocol]);
		label(p, ',', "policy", b->policies[policy]);
		label(p, ',', "verdict", v == STATS_NO_VERDICT ? "none" : verdict_name((enum verdict)v));
		buf_add_str(p->out, "} ");
		value(p, counts[v]);
	}
}

static void
messages(const struct printer *p)
{
	for (size_t i = 0; i < STATS_PROTOCOLS; i++)
		for (size_t j = 0; j < bounded(p->board->policy_count, STATS_POLICIES); j++)
			messages_of(p, i, j);
}

static void
message_octets(const struct printer *p)
{
	for (size_t i = 0; i < STATS_PROTOCOLS; i++)
		labelled(p, "protocol", protocols[i], sum_at(p, ITEM(octets, i)));
}

static void
octets(const struct printer *p)
{
	for (size_t i = 0; i < STATS_SIDES; i++) {
		size_t at = ITEM(traffic, i);

		labelled_twice(p, "side", sides[i], "direction", "received",
		    sum_at(p, at + offsetof(struct endpoint_traffic, received)));
		labelled_twice(p, "side", sides[i], "direction", "sent",
		    sum_at(p, at + offsetof(struct endpoint_traffic, sent)));
	}
}

static void
rule_hits(const struct printer *p)
{
	for (size_t i = 0; i < bounded(p->board->rule_count, STATS_RULES); i++) {
		unsigned long long n = sum_at(p, ITEM(rules, i));

		if (n > 0 || i > 0) /* there are seldom others */
			labelled(p, "rule", p->board->rules[i], n);
	}
}

static void
scan_seconds(const struct printer *p)
{
	histogram(p, offsetof(struct stats, scan.counts), offsetof(struct stats, scan.micros));
}

static void
relay_seconds(const struct printer *p)
{
	histogram(p, offsetof(struct stats, relay.counts), offsetof(struct stats, relay.micros));
}

static void
scan_failures(const struct printer *p)
{
	for (size_t i = 0; i < STATS_SCAN_FAILURES; i++)
		labelled(p, "reason", stats_scan_failure_name((enum stats_scan_failure)i), sum_at(p, ITEM(scan_failures, i)));
}

static void
scan_queue(const struct printer *p)
{
	one(p, (unsigned long long)gauge_at(p, offsetof(struct stats_gauges, scan_waiting)));
}

static void
scans_running(const struct printer *p)
{
	one(p, (unsigned long long)gauge_at(p, offsetof(struct stats_gauges, scan_running)));
}

static void
keeper_queue(const struct printer *p)
{
	one(p, (unsigned long long)gauge_at(p, offsetof(struct stats_gauges, keeper)));
}

static void
tls_handshakes(const struct printer *p)
{
	static const char *const versions[STATS_TLS_VERSIONS] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

	for (size_t i = 0; i < STATS_SIDES; i++)
		for (size_t v = 0; v < STATS_TLS_VERSIONS; v++)
			labelled_twice(p, "side", sides[i], "version", versions[v],
			    sum_at(p, ITEM(tls, i) + v * sizeof(atomic_ullong)));
}

static void
tls_failures(const struct printer *p)
{
	for (size_t i = 0; i < STATS_SIDES; i++)
		labelled(p, "side", sides[i], sum_at(p, ITEM(tls_failures, i)));
}

static void
logins(const struct printer *p)
{
	for (size_t i = 0; i < STATS_PROTOCOLS; i++) {
		labelled_twice(p, "protocol", protocols[i], "result", "ok", sum_at(p, ITEM(logins, i)));
		labelled_twice(p, "protocol", protocols[i], "result", "failed", sum_at(p, ITEM(logins_failed, i)));
	}
}

static void
errors(const struct printer *p)
{
	for (size_t i = 0; i < STATS_ERRORS; i++)
		labelled(p, "kind", stats_error_name((enum stats_error)i), sum_at(p, ITEM(errors, i)));
}

static void
restarts(const struct printer *p)
{
	for (size_t i = 0; i < CHILD_KINDS; i++)
		labelled(p, "process", child_kind_name((enum child_kind)i), p->board->restarts[i]);
}

static void
begin_process(const struct printer *p, const char *kind, unsigned index, unsigned generation)
{
	begin(p, "");
	label(p, '{', "process", kind);
	buf_printf(p->out, ",index=\"%u\",generation=\"%u\"} ", index, generation);
}

/* The begun sample of a child. */
static void
begin_child(const struct printer *p, const struct board_child *c)
{
	begin_process(p, child_kind_name((enum child_kind)c->kind), c->index, c->generation);
}

static void
process_pid(const struct printer *p)
{
	begin_process(p, "master", 0, 0);
	value(p, (unsigned long long)p->board->pid);
	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		const struct board_child *c = &p->board->children[i];
		int pid = c->pid;

		if (pid != 0) {
			begin_child(p, c);
			value(p, (unsigned long long)pid);
		}
	}
}

static void
process_ready(const struct printer *p)
{
	begin_process(p, "master", 0, 0);
	value(p, 1);
	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		const struct board_child *c = &p->board->children[i];

		if (c->pid != 0) {
			begin_child(p, c);
			value(p, c->ready && !c->leaving);
		}
	}
}

/* What is at `offset` of a usage. */
static unsigned long long
used(const struct board_usage *u, size_t offset)
{
	return *(const atomic_ullong *)(const void *)((const char *)u + offset);
}

/* As a decimal fraction of `unit`s. */
static void
fraction(const struct printer *p, unsigned long long n, unsigned unit, int digits)
{
	if (unit == 1)
		value(p, n);
	else
		buf_printf(p->out, "%llu.%0*llu\n", n / unit, digits, n % unit);
}

/* What is not known is left out. */
static void
usage(const struct printer *p, size_t offset, unsigned unit, int digits)
{
	unsigned long long n = used(&p->board->usage, offset);

	if (n > 0) {
		begin_process(p, "master", 0, 0);
		fraction(p, n, unit, digits);
	}
	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		const struct board_child *c = &p->board->children[i];

		n = used(&c->usage, offset);
		if (c->pid == 0 || n == 0)
			continue;
		begin_child(p, c);
		fraction(p, n, unit, digits);
	}
}
#define USAGE(p, field, unit, digits) usage(p, offsetof(struct board_usage, field), unit, digits)

static void
process_memory(const struct printer *p)
{
	USAGE(p, memory, 1, 0);
}

static void
process_descriptors(const struct printer *p)
{
	USAGE(p, descriptors, 1, 0);
}

static void
process_descriptors_most(const struct printer *p)
{
	USAGE(p, descriptors_most, 1, 0);
}

static void
process_processor(const struct printer *p)
{
	USAGE(p, processor, 1000000, 6);
}

static void
process_start_time(const struct printer *p)
{
	USAGE(p, began, 1000, 3);
}

static const struct {
	const char *name, *type, *help;
	void (*print)(const struct printer *p);
} families[] = {
	{ "gatepost_build_info", "gauge", "Always 1; the version is its label.", build_info },
	{ "gatepost_start_time_seconds", "gauge", "When it began, in seconds since 1970.", start_time },
	{ "gatepost_reloads_total", "counter", "Configurations that were read while it ran.", reloads },
	{ "gatepost_draining", "gauge", "1 when it takes no new connections and will end.", draining },
	{ "gatepost_sessions", "gauge", "Sessions now.", sessions },
	{ "gatepost_sessions_total", "counter", "Sessions that began.", sessions_total },
	{ "gatepost_connections_refused_total", "counter", "Connections that were refused by a limit.", refused },
	{ "gatepost_messages_total", "counter", "Messages by what was decided of them.", messages },
	{ "gatepost_message_octets_total", "counter", "Octets of those messages.", message_octets },
	{ "gatepost_octets_total", "counter", "Octets of all conversations, without TLS.", octets },
	{ "gatepost_rule_hits_total", "counter", "Messages that the rule holds for.", rule_hits },
	{ "gatepost_scan_seconds", "histogram", "From asking for a verdict to having it.", scan_seconds },
	{ "gatepost_relay_seconds", "histogram", "SMTP and LMTP: from the verdict to the upstream's last word.", relay_seconds },
	{ "gatepost_scan_failures_total", "counter", "Messages that were not or not wholly scanned.", scan_failures },
	{ "gatepost_scan_queue", "gauge", "Messages that wait for a scanner.", scan_queue },
	{ "gatepost_scans_running", "gauge", "Messages that a scanner has.", scans_running },
	{ "gatepost_keeper_queue", "gauge", "Requests that the keeper has not answered.", keeper_queue },
	{ "gatepost_tls_handshakes_total", "counter", "TLS connections that came about.", tls_handshakes },
	{ "gatepost_tls_failures_total", "counter", "TLS handshakes that failed.", tls_failures },
	{ "gatepost_logins_total", "counter", "Logins by the upstream's answer.", logins },
	{ "gatepost_errors_total", "counter", "Errors; the kind is the event of the line in the log.", errors },
	{ "gatepost_restarts_total", "counter", "Processes that ended and were started anew.", restarts },
	{ "gatepost_process_pid", "gauge", "The number of each process.", process_pid },
	{ "gatepost_process_ready", "gauge", "1 when that process serves.", process_ready },
	{ "gatepost_process_resident_memory_bytes", "gauge", "Resident memory, what it shares with others too.", process_memory },
	{ "gatepost_process_open_fds", "gauge", "Descriptors that it has open.", process_descriptors },
	{ "gatepost_process_max_fds", "gauge", "Descriptors that it may have open.", process_descriptors_most },
	{ "gatepost_process_cpu_seconds_total", "counter", "Time of processors that it took.", process_processor },
	{ "gatepost_process_start_time_seconds", "gauge", "When it began, in seconds since 1970.", process_start_time },
};

void
metrics_print(struct buf *out, const struct board *b)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct printer p = { out, b, families[i].name };

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", p.name, families[i].help, p.name, families[i].type);
		families[i].print(&p);
	}
}
