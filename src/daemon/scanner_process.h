/* The scanner: requests in, verdicts out, in a cage. */
#ifndef DAEMON_SCANNER_PROCESS_H
#define DAEMON_SCANNER_PROCESS_H

#include "daemon/links.h"
#include "proxy/proxy.h"
#include "proxy/scan_load.h"
#include "scan/scan.h"

/* Serves one request of that link, if there is one. For the process below and for
 * one that is everything at once. */
struct scan_service;
/* It tells of itself at that place of the load, which outlives it. */
struct scan_service *scan_service_new(const struct generation *g, struct scan_load *load, size_t index);
void scan_service_free(struct scan_service **s);
enum link_state scan_service_serve(struct scan_service *s, int link);

/* The life of a scanner process; never returns. */
_Noreturn void scanner_process(const struct generation *g, struct scan_load *load, size_t index, int channel);

#endif
