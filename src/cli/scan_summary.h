/* What is said at the end of a scan: verdicts, rules by hits, slowest. */
#ifndef CLI_SCAN_SUMMARY_H
#define CLI_SCAN_SUMMARY_H

#include "cli/scan_job.h"

#include <stdio.h>

enum { SLOWEST_SHOWN = 5 };

struct scan_summary {
	const struct scan_job *job;
	size_t done, errors, verdicts[VERDICT_REJECT + 1];
	uint64_t octets;
	size_t *hits; /* by the rule's index */
	struct slow {
		const struct mail_item *item;
		uint64_t micros;
	} slowest[SLOWEST_SHOWN]; /* the slowest first */
};

void scan_summary_init(struct scan_summary *s, struct arena *a, const struct scan_job *job);
/* Reports come in the order of the list. */
void scan_summary_add(struct scan_summary *s, const struct scan_report *r);
/* Held back: neither accepted nor tagged. */
size_t scan_summary_held(const struct scan_summary *s);
void scan_summary_print(const struct scan_summary *s, uint64_t millis, FILE *out);

#endif
