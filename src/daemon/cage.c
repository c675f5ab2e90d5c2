/* The cage: resource limits and a seccomp filter by libseccomp.
 *
 * Known limit: a build with sanitizers is not caged, for they need address
 * space and system calls of their own. */
#include "config.h"

#include "daemon/cage.h"

#include "base/log.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CAGE_DESCRIPTORS = 1024 }; /* links, a message and its scratch */

static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(pread64),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(tgkill), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(fcntl), SCMP_SYS(sched_yield), SCMP_SYS(umask),
	SCMP_SYS(sendto), /* syslog(3); it can reach no more than sendmsg() */
};

/* Tried by libraries and harmless when it fails. */
static const int refused[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(stat),
	SCMP_SYS(statx), SCMP_SYS(socket), SCMP_SYS(connect) };

static bool
add_rules(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	bool ok = true;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		ok = ok && seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok = ok && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0) == 0;
	ok = ok && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) == 0;
	return ok && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec) == 0;
}

static bool
filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = filter != NULL && add_rules(filter) && seccomp_load(filter) == 0;

	if (filter != NULL)
		seccomp_release(filter);
	return ok;
}

/* Octets of address space in use, from /proc/self/statm; 0 when unknown. */
static uint64_t
address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool
limit_to(int resource, uint64_t most)
{
	struct rlimit r = { most, most };

	return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

static bool
limit_resources(const struct limits *limits)
{
	uint64_t used = address_space();

	return used > 0 && limit_to(RLIMIT_AS, used + limits->scan_memory) && limit_to(RLIMIT_CORE, 0) &&
	    limit_to(RLIMIT_NOFILE, CAGE_DESCRIPTORS) && limit_to(RLIMIT_NPROC, 0);
}

bool
cage_close(const struct limits *limits)
{
#ifdef SANITIZERS
	(void)limits;
	(void)filter_calls;
	(void)limit_resources;
	return true;
#else
	prctl(PR_SET_DUMPABLE, 0);
	if (!limit_resources(limits) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !filter_calls()) {
		log_error("cage", "the scanner's cage cannot be closed: %m");
		return false;
	}
	return true;
#endif
}
