/* The limit of open descriptors. The hard limit is the administrator's word and
 * stays, also where root could raise it. */
#include "config.h"

#include "daemon/descriptors.h"

#include "base/log.h"

#include <sys/resource.h>

enum {
	A_SESSION = 2, /* client and upstream */
	/* Links to all scanners that there may be, listening sockets, and messages that
	 * are in files just then. */
	OTHERS = 512,
};

uint64_t
descriptors_needed(const struct settings *s)
{
	uint64_t addresses = 0;

	for (size_t i = 0; i < s->listener_count; i++)
		addresses += s->listeners[i].address_count;
	return A_SESSION * s->limits.connections + addresses + OTHERS;
}

void
descriptors_allow(const struct settings *s)
{
	uint64_t needed = descriptors_needed(s);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("descriptors", "the limit of open descriptors cannot be raised: %m");
	else if (limit.rlim_cur < needed)
		log_warning("descriptors",
		    "limits.connections is %llu, which takes %llu descriptors, and the system allows %llu: some %llu connections "
		    "will find none; raise LimitNOFILE= of the service (ulimit -Hn), or lower limits.connections",
		    (unsigned long long)s->limits.connections, (unsigned long long)needed, (unsigned long long)limit.rlim_cur,
		    (unsigned long long)(needed - limit.rlim_cur + 1) / A_SESSION);
}
