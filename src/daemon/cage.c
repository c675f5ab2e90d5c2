/* The cages: a filter of system calls by libseccomp, Landlock for files, and
 * resource limits. The scanner's filter lists what is allowed, those of keeper
 * and proxy, which work with many libraries, what is never needed.
 *
 * Known limit: a build with sanitizers is not caged, for they need address
 * space, threads and system calls of their own. */
#include "config.h"

#include "daemon/cage.h"

#include "base/log.h"
#include "daemon/filter.h"
#include "daemon/landlock.h"
#include "daemon/self.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CAGE_DESCRIPTORS = 1024, /* links, a message and its scratch; or connections */
	/* As many connections as the reporter serves, each at the largest page, twice. */
	REPORTER_MEMORY = 256 * 1024 * 1024,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALLOW(name) { FILTER_ALLOW, SCMP_SYS(name), 0, { 0 } }
#define ALLOW_IF(name, argument) { FILTER_ALLOW, SCMP_SYS(name), 1, argument }
#define REFUSE(name) { FILTER_REFUSE, SCMP_SYS(name), 0, { 0 } }
#define REFUSE_IF(name, argument) { FILTER_REFUSE, SCMP_SYS(name), 1, argument }
#define END(name) { FILTER_END, SCMP_SYS(name), 0, { 0 } }
#define END_IF(name, argument) { FILTER_END, SCMP_SYS(name), 1, argument }

/* The scanner, and the reporter, which serves: what is not here ends it. */
static bool
filter_reader(bool serves, int channel)
{
	const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp itself = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	const struct scmp_arg_cmp not_our_own = SCMP_A0(SCMP_CMP_NE, SIGSYS, 0);
	const struct scmp_arg_cmp no_address = SCMP_A4(SCMP_CMP_EQ, 0, 0);
	const struct filter_rule rules[] = {
		ALLOW(read), ALLOW(write), ALLOW(writev), ALLOW(pread64), ALLOW(lseek), ALLOW(close), ALLOW(poll), ALLOW(ppoll),
		ALLOW(recvmsg), ALLOW(sendmsg), ALLOW_IF(sendto, no_address), /* syslog(3) */
		ALLOW(munmap), ALLOW(mremap), ALLOW(brk), ALLOW(madvise), ALLOW_IF(mmap, not_executable),
		ALLOW_IF(mprotect, not_executable), ALLOW(memfd_create), ALLOW(ftruncate), ALLOW(fstat), ALLOW(newfstatat),
		ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0)), ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_EQ, F_GETFD, 0)),
		ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_EQ, F_SETFD, 0)), ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0)),
		ALLOW(clock_gettime), ALLOW(gettimeofday), ALLOW(time), ALLOW(getpid), ALLOW(gettid), ALLOW(futex),
		ALLOW(getrandom), ALLOW(sched_yield), ALLOW(umask), ALLOW_IF(tgkill, itself),
		ALLOW_IF(rt_sigaction, not_our_own), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(restart_syscall),
		ALLOW(exit), ALLOW(exit_group),
		/* Tried by libraries, and harmless when it fails. */
		REFUSE(open), REFUSE(openat), REFUSE(access), REFUSE(readlink), REFUSE(stat), REFUSE(statx), REFUSE(socket),
		REFUSE(connect),
	};
	/* What libevent needs at sockets. */
	const struct filter_rule serving[] = {
		ALLOW(accept), ALLOW(accept4), ALLOW(epoll_wait), ALLOW(epoll_pwait), ALLOW(epoll_pwait2), ALLOW(epoll_ctl),
		ALLOW(recvfrom), ALLOW(readv), ALLOW(shutdown), ALLOW(getsockopt), ALLOW(setsockopt), ALLOW(getsockname),
		ALLOW(getpeername), ALLOW_IF(ioctl, SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)), ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_EQ, F_SETFL, 0)),
	};
	struct filter_rule all[COUNT(rules) + COUNT(serving)];

	memcpy(all, rules, sizeof(rules));
	memcpy(all + COUNT(rules), serving, sizeof(serving));
	return filter_install(FILTER_END, all, COUNT(rules) + (serves ? COUNT(serving) : 0), channel);
}

/* Keeper and proxy, which open files and sockets: what neither ever does, and
 * `family`, the sockets that it does not make. */
static bool
filter_worker(struct scmp_arg_cmp family, int channel)
{
	const struct scmp_arg_cmp executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	const struct scmp_arg_cmp not_itself = SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0);
	const struct filter_rule rules[] = {
		END(execve), END(execveat), END(fork), END(vfork), END(clone), END(clone3),
		END(ptrace), END(process_vm_readv), END(process_vm_writev), END(process_madvise), END(pidfd_open),
		END(pidfd_getfd), END(pidfd_send_signal), END(kill), END(tkill), END_IF(tgkill, not_itself),
		END(rt_sigqueueinfo), END(rt_tgsigqueueinfo), END_IF(rt_sigaction, SCMP_A0(SCMP_CMP_EQ, SIGSYS, 0)),
		END_IF(prctl, SCMP_A0(SCMP_CMP_EQ, PR_SET_DUMPABLE, 0)), END_IF(prlimit64, SCMP_A2(SCMP_CMP_NE, 0, 0)), END(setrlimit),
		END(setuid), END(setgid), END(setreuid), END(setregid), END(setresuid), END(setresgid), END(setgroups),
		END(setfsuid), END(setfsgid), END(capset), END(personality), END(bpf), END(perf_event_open), END(userfaultfd),
		END(io_uring_setup), END(io_uring_enter), END(io_uring_register), END(add_key), END(request_key), END(keyctl),
		END(mount), END(umount2), END(pivot_root), END(chroot), END(unshare), END(setns), END(move_mount), END(open_tree),
		END(fsopen), END(init_module), END(finit_module), END(delete_module), END(kexec_load), END(reboot), END(swapon),
		END(swapoff), END(open_by_handle_at), END(fanotify_init), END(mknod), END(mknodat), END(shmat),
		END_IF(ioctl, SCMP_A1(SCMP_CMP_EQ, TIOCSTI, 0)),
		REFUSE_IF(mmap, executable), REFUSE_IF(mprotect, executable), REFUSE(pkey_mprotect), REFUSE_IF(socket, family),
	};

	return filter_install(FILTER_ALLOW, rules, COUNT(rules), channel);
}

/* Octets of address space in use, from /proc/self/statm; 0 when unknown. */
static uint64_t
address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1) /* NOLINT(cert-err34-c): the kernel writes a number that fits */
		pages = 0;
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Down to `most`; what is lower already stays, for only root could raise it. */
static bool
limit_to(int resource, uint64_t most)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r) != 0)
		return false;
	r.rlim_max = r.rlim_max < most ? r.rlim_max : most;
	r.rlim_cur = r.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

static bool
limit_reader(uint64_t memory)
{
	uint64_t used = address_space();

	return used > 0 && limit_to(RLIMIT_AS, used + memory) && limit_to(RLIMIT_NOFILE, CAGE_DESCRIPTORS) &&
	    limit_to(RLIMIT_NPROC, 0);
}

static bool
lock_reader(void)
{
	struct landlock l;

	return landlock_begin(&l, true) && landlock_close(&l);
}

static bool
lock_keeper(const struct settings *settings)
{
	struct landlock l;

	return landlock_begin(&l, true) && landlock_allow_writing(&l, settings->quarantine_path) &&
	    landlock_allow_reading(&l, "/usr/share/zoneinfo") && landlock_close(&l);
}

/* A folder of certificates is read when one is verified, and what is in it are
 * often links. Files of certificates were read by the master. */
static bool
allow_authorities(struct landlock *l, const struct settings *settings)
{
	static const char *const folders[] = { "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates" };
	const char *environment = getenv(X509_get_default_cert_dir_env());
	bool ok = landlock_allow_reading(l, environment != NULL ? environment : X509_get_default_cert_dir());

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		ok = ok && landlock_allow_reading(l, folders[i]);
	for (size_t i = 0; i < settings->upstream_count; i++)
		if (settings->upstreams[i].tls.ca != NULL)
			ok = ok && landlock_allow_reading(l, settings->upstreams[i].tls.ca);
	return ok;
}

static bool
lock_proxy(const struct generation *g)
{
	struct landlock l;

	return landlock_begin(&l, false) && allow_authorities(&l, g->settings) &&
	    landlock_allow_writing(&l, g->settings->spool_path) && landlock_allow_reading(&l, "/usr/share/zoneinfo") &&
	    (g->user_directory < 0 || landlock_allow_reading_at(&l, g->user_directory)) && landlock_close(&l);
}

static bool
is_caged(void)
{
#ifdef SANITIZERS
	return false;
#else
	return true;
#endif
}

static bool
report(bool ok, const char *calls)
{
	struct log_entry e;

	if (!ok) {
		log_error("cage", "the cage cannot be closed: %m");
		return false;
	}
	log_begin(&e, LOG_LEVEL_INFO, "cage");
	log_text(&e, "calls", calls);
	log_number(&e, "landlock", landlock_version());
	log_end(&e);
	return true;
}

/* Said before the filter is there, which would refuse to ask. */
static bool
close_reader(uint64_t memory, bool serves, int channel)
{
	bool limited = !is_caged() || limit_reader(memory);

	self_begin();
	if (!is_caged())
		return true;
	return report(limited && lock_reader(), "listed") && (filter_reader(serves, channel) || report(false, ""));
}

bool
cage_close_scanner(const struct limits *limits, int channel)
{
	return close_reader(limits->scan_memory, false, channel);
}

bool
cage_close_reporter(int channel)
{
	return close_reader(REPORTER_MEMORY, true, channel);
}

bool
cage_close_keeper(const struct settings *settings, int channel)
{
	self_begin();
	if (!is_caged())
		return true;
	return report(lock_keeper(settings) && filter_worker(SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0), channel), "all but listed");
}

bool
cage_close_proxy(const struct generation *g, int channel)
{
	self_begin();
	if (!is_caged())
		return true;
	return report(lock_proxy(g) && filter_worker(SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0), channel), "all but listed");
}

void
cage_forbid_dumps(void)
{
	limit_to(RLIMIT_CORE, 0);
	if (is_caged()) /* LeakSanitizer looks into its own process by ptrace() */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
