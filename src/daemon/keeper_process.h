/* The keeper: the only process that writes to the quarantine and the views. */
#ifndef DAEMON_KEEPER_PROCESS_H
#define DAEMON_KEEPER_PROCESS_H

#include "conf/settings.h"
#include "daemon/links.h"

struct keep_service;
/* NULL, and said in the log, when the quarantine cannot be opened. settings
 * must outlive it. */
struct keep_service *keep_service_new(const struct settings *settings);
void keep_service_free(struct keep_service **service);
/* Serves one request of that link, if there is one. */
enum link_state keep_service_serve(struct keep_service *k, int link);

/* A listening socket where orders come (daemon/keeper_order.h), or -1; and what
 * serves one of them. */
int keep_service_door(const struct keep_service *k);
void keep_service_hear(struct keep_service *k);
/* Does what is due besides, a fraction of a second of it at most. To be called
 * again after so many milliseconds. */
uint64_t keep_service_rest(struct keep_service *k);

/* The life of a keeper process; never returns. */
_Noreturn void keeper_process(const struct settings *settings, int channel);

#endif
