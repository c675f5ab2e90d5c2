/* Filters of system calls (seccomp) that tell the master what they refuse. */
#ifndef DAEMON_FILTER_H
#define DAEMON_FILTER_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>

enum filter_action {
	FILTER_ALLOW,
	FILTER_REFUSE, /* fails with EACCES; the process goes on */
	FILTER_END,    /* the process ends by SIGSYS */
};

/* One rule: the call, or the call with this argument. More rules for one call
 * add up; their actions must be the same. */
struct filter_rule {
	enum filter_action action;
	int call; /* SCMP_SYS(name) */
	unsigned arguments; /* 0 or 1 */
	struct scmp_arg_cmp argument;
};

/* For the rest of this process's life. `other` is for the calls that no rule
 * names. Each call that is refused, or ends the process, is told by
 * CHANNEL_REFUSED over `channel`, once. False, with errno: the kernel refused;
 * the caller must not go on. */
bool filter_install(enum filter_action other, const struct filter_rule *rules, size_t count, int channel);

/* "openat"; the number where there is no name. Ends in a static buffer. */
const char *filter_call_name(unsigned call);

#endif
