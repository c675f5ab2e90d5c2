/* Counting. */
#include "config.h"

#include "proxy/stats.h"

#include <openssl/ssl.h>

const unsigned stats_bounds[STATS_BUCKETS] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000,
	60000 };

const char *
stats_error_name(enum stats_error e)
{
	static const char *const names[] = {
		[STATS_ERROR_ACCEPT] = "accept",
		[STATS_ERROR_CLAMD] = "clamd",
		[STATS_ERROR_COMPRESS] = "compress",
		[STATS_ERROR_KEEPER] = "keeper",
		[STATS_ERROR_PROXY_PROTOCOL] = "proxy-protocol",
		[STATS_ERROR_SESSION] = "session",
		[STATS_ERROR_SPAM] = "spam",
		[STATS_ERROR_SPOOL] = "spool",
		[STATS_ERROR_STARTTLS] = "starttls",
		[STATS_ERROR_TIMEOUT] = "timeout",
		[STATS_ERROR_TLS] = "tls",
		[STATS_ERROR_UPSTREAM] = "upstream",
		[STATS_ERROR_USER] = "user",
		[STATS_ERROR_VIEWS] = "views",
	};

	return names[e];
}

const char *
stats_scan_failure_name(enum stats_scan_failure f)
{
	static const char *const names[] = { "died", "timeout", "incomplete", "broken" };

	return names[f];
}

void
stats_time(struct stats_histogram *h, uint64_t micros)
{
	size_t i = 0;

	while (i < STATS_BUCKETS && micros > stats_bounds[i] * 1000ULL)
		i++;
	stats_add(&h->counts[i], 1);
	stats_add(&h->micros, micros);
}

void
stats_tls(struct stats *s, enum stats_side side, int version)
{
	if (version >= TLS1_VERSION && version <= TLS1_3_VERSION)
		stats_add(&s->tls[side][version - TLS1_VERSION], 1);
}

/* As strcmp(3) orders names. */
static int
compare(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

size_t
stats_rule_at(const struct stats_names *names, struct span rule)
{
	size_t low = 0, high = names->rule_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(rule, span_str(names->rules[middle].name));

		if (order == 0)
			return names->rules[middle].at;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}
