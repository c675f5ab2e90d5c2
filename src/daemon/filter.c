/* A call that is not allowed raises SIGSYS in the process itself (SECCOMP_RET_TRAP).
 * The handler tells the master which call it was. Then the call fails, or the
 * process ends: by a second such call, inside of the handler, where SIGSYS is
 * blocked and the kernel has no choice. So what ends a process is the kernel,
 * and the handler, which is in the hands of whoever owns the process, is needed
 * for the report alone; the end itself the master learns from the kernel. */
#include "config.h"

#include "daemon/filter.h"

#include "daemon/channel.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { CALLS_MAX = 1024 }; /* numbers of system calls; Linux has below 500 */

/* What the handler knows; a process has one filter. */
static struct {
	int channel;
	bool soft[CALLS_MAX], told[CALLS_MAX];
} installed;

/* A call that was refused softly returns this. */
static void
set_result(ucontext_t *context, int result)
{
#if defined(__x86_64__)
	context->uc_mcontext.gregs[REG_RAX] = result;
#elif defined(__aarch64__)
	context->uc_mcontext.regs[0] = (unsigned long long)(long long)result;
#else
	(void)context, (void)result; /* resumable() */
#endif
}

static bool
resumable(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	return true;
#else
	return false;
#endif
}

/* Whatever was interrupted: no memory is asked for, no lock taken. */
static void
hear_refusal(int signal, siginfo_t *info, void *context)
{
	unsigned call = (unsigned)info->si_syscall;
	bool known = call < CALLS_MAX;
	int before = errno;

	(void)signal;
	if (info->si_code <= 0) /* not from the kernel: somebody sent it */
		return;
	if (!known || !installed.told[call])
		channel_send(installed.channel, CHANNEL_REFUSED, call, -1);
	if (!known || !installed.soft[call]) {
		syscall(SYS_ptrace, 0, 0, 0, 0);
		_exit(1); /* not reached */
	}
	installed.told[call] = true;
	set_result(context, -EACCES);
	errno = before;
}

static uint32_t
action_of(enum filter_action action)
{
	switch (action) {
	case FILTER_ALLOW:
		return SCMP_ACT_ALLOW;
	case FILTER_REFUSE:
		return resumable() ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EACCES);
	case FILTER_END:
		break;
	}
	return SCMP_ACT_TRAP;
}

static bool
add_rules(scmp_filter_ctx filter, uint32_t other, const struct filter_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct filter_rule *r = &rules[i];
		uint32_t action = action_of(r->action);

		if (r->call >= 0 && r->call < CALLS_MAX && r->action == FILTER_REFUSE)
			installed.soft[r->call] = true;
		if (action != other && seccomp_rule_add_array(filter, action, r->call, r->arguments, &r->argument) != 0)
			return false;
	}
	return true;
}

bool
filter_install(enum filter_action other, const struct filter_rule *rules, size_t count, int channel)
{
	struct sigaction hear = { .sa_sigaction = hear_refusal, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx filter = seccomp_init(action_of(other));
	bool ok;

	installed.channel = channel;
	ok = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
	    add_rules(filter, action_of(other), rules, count) && sigaction(SIGSYS, &hear, NULL) == 0 &&
	    seccomp_load(filter) == 0;
	if (filter != NULL)
		seccomp_release(filter);
	return ok;
}

const char *
filter_call_name(unsigned call)
{
	static char text[32];
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call);

	if (name != NULL)
		snprintf(text, sizeof(text), "%s", name);
	else
		snprintf(text, sizeof(text), "%u", call);
	free(name);
	return text;
}
