/* A generation: one reading of the configuration with all that is made of it,
 * built by the master and shared by the processes that it forks. */
#ifndef DAEMON_GENERATION_H
#define DAEMON_GENERATION_H

#include "conf/report.h"
#include "io/tls.h"
#include "proxy/proxy.h"

/* NULL with errors in the report (whose arena must outlive it). tickets: kept
 * over reloads, so that TLS sessions resume. */
struct generation *generation_load(const char *file, const struct tls_tickets *tickets, struct report *report);
/* For processes that speak no TLS: they hold no keys. */
void generation_forget_secrets(struct generation *g);
void generation_free(struct generation **g);

#endif
