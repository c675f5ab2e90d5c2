/* Messages scanned by several processes. */
#ifndef CLI_SCAN_POOL_H
#define CLI_SCAN_POOL_H

#include "cli/scan_job.h"

/* Scans all messages of the job's list and calls report() for each in the
 * order of the list. False when no process can be had. */
bool scan_pool_run(const struct scan_job *job, void (*report)(void *context, const struct scan_report *r),
    void *context);

#endif
