/* What `gatepost scan` does with one message. */
#ifndef CLI_SCAN_JOB_H
#define CLI_SCAN_JOB_H

#include "cli/load.h"
#include "cli/mail_list.h"
#include "scan/scan.h"

struct scan_job {
	const struct loaded *loaded;
	const struct mail_list *list;
	struct scan_request request; /* the envelope; the message is put in for each */
	bool json, rewritten;
};

/* What came of one message: text for standard output and standard error. */
struct scan_report {
	bool failed; /* the message could not be read: no verdict */
	enum verdict verdict;
	uint64_t micros, octets; /* it took to scan; the message has */
	struct buf hits;         /* rules that hold, each by its index, 32 bits */
	struct buf out, err;
};
void scan_report_free(struct scan_report *r);

/* One process that works: a scanner and a file at a time. */
struct scan_worker;
struct scan_worker *scan_worker_new(const struct scan_job *job);
void scan_worker_free(struct scan_worker **w);
void scan_worker_run(struct scan_worker *w, const struct mail_item *item, struct scan_report *r);

/* The report on a message on which a worker died. */
void scan_report_death(const struct scan_job *job, const struct mail_item *item, struct scan_report *r);

#endif
