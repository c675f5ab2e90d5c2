/* The cages, from inside: a process that enters one as scanner, keeper, proxy and
 * reporter do tries what somebody would who has taken it over. Each is refused, and told
 * to the master. */
#include "config.h"

#include "daemon/cage.h"

#include "daemon/channel.h"
#include "daemon/filter.h"
#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What comes of a call. */
enum fate {
	ENDS,    /* the process, by SIGSYS; and it is told */
	REFUSED, /* EACCES, and it is told */
	CLOSED,  /* Landlock, where there is one: EACCES */
	ALLOWED,
};

struct attempt {
	long call;
	long arguments[6];
	enum fate scanner, keeper, proxy;
};

#define ADDRESS(x) (long)(intptr_t)(x)

static char room[256], outside[64], inside[64];
static struct iovec mine = { room, sizeof(room) };
static struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/nobody/listens" };
static const char *const program[] = { "/bin/true", NULL };

/* arguments that only the child knows */
enum { PARENT = 0x7a7a7a01, SELF, CHANNEL };

static const struct attempt attempts[] = {
	/* files: reading, writing, making, listing */
	{ SYS_openat, { AT_FDCWD, ADDRESS("/etc/passwd"), O_RDONLY }, REFUSED, CLOSED, CLOSED },
	{ SYS_openat, { AT_FDCWD, ADDRESS("/proc/self/mem"), O_RDWR }, REFUSED, CLOSED, CLOSED },
	{ SYS_openat, { AT_FDCWD, ADDRESS("/dev/null"), O_RDWR }, REFUSED, CLOSED, CLOSED },
	{ SYS_openat, { AT_FDCWD, ADDRESS("/tmp"), O_RDONLY | O_DIRECTORY }, REFUSED, CLOSED, CLOSED },
	{ SYS_openat, { AT_FDCWD, ADDRESS(outside), O_WRONLY | O_CREAT, 0600 }, REFUSED, CLOSED, CLOSED },
	{ SYS_openat, { AT_FDCWD, ADDRESS(inside), O_WRONLY | O_CREAT, 0600 }, REFUSED, ALLOWED, ALLOWED },
	{ SYS_unlinkat, { AT_FDCWD, ADDRESS(inside) }, ENDS, ALLOWED, ALLOWED },
	{ SYS_mkdirat, { AT_FDCWD, ADDRESS(outside), 0700 }, ENDS, CLOSED, CLOSED },
	{ SYS_symlinkat, { ADDRESS("/etc/passwd"), AT_FDCWD, ADDRESS(inside) }, ENDS, CLOSED, CLOSED },
	{ SYS_mknodat, { AT_FDCWD, ADDRESS(inside), S_IFIFO | 0600 }, ENDS, ENDS, ENDS },
	{ SYS_getdents64, { 0, ADDRESS(room), sizeof(room) }, ENDS, ALLOWED, ALLOWED },
	{ SYS_statx, { AT_FDCWD, ADDRESS("/etc/passwd"), 0, 0, ADDRESS(room) }, REFUSED, ALLOWED, ALLOWED },
	/* sockets */
	{ SYS_socket, { AF_INET, SOCK_STREAM }, REFUSED, REFUSED, ALLOWED },
	{ SYS_socket, { AF_INET6, SOCK_DGRAM }, REFUSED, REFUSED, ALLOWED },
	{ SYS_socket, { AF_UNIX, SOCK_STREAM }, REFUSED, ALLOWED, ALLOWED },
	{ SYS_socket, { AF_PACKET, SOCK_RAW }, REFUSED, REFUSED, REFUSED },
	{ SYS_socket, { AF_ALG, SOCK_SEQPACKET }, REFUSED, REFUSED, REFUSED },
	{ SYS_connect, { CHANNEL, ADDRESS(&local), sizeof(local) }, REFUSED, ALLOWED, ALLOWED },
	{ SYS_bind, { CHANNEL, ADDRESS(&local), sizeof(local) }, ENDS, ALLOWED, ALLOWED },
	{ SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, ADDRESS(room) }, ENDS, ALLOWED, ALLOWED },
	{ SYS_sendto, { CHANNEL, ADDRESS(room), 1, 0, ADDRESS(&local), sizeof(local) }, ENDS, ALLOWED, ALLOWED },
	/* programs */
	{ SYS_clone, { SIGCHLD }, ENDS, ENDS, ENDS },
	{ SYS_clone3, { ADDRESS(room), 64 }, ENDS, ENDS, ENDS },
	{ SYS_execve, { ADDRESS("/bin/true"), ADDRESS(program) }, ENDS, ENDS, ENDS },
	{ SYS_execveat, { AT_FDCWD, ADDRESS("/bin/true"), ADDRESS(program) }, ENDS, ENDS, ENDS },
	/* other processes */
	{ SYS_ptrace, { PTRACE_ATTACH, PARENT }, ENDS, ENDS, ENDS },
	{ SYS_process_vm_readv, { PARENT, ADDRESS(&mine), 1, ADDRESS(&mine), 1 }, ENDS, ENDS, ENDS },
	{ SYS_process_vm_writev, { PARENT, ADDRESS(&mine), 1, ADDRESS(&mine), 1 }, ENDS, ENDS, ENDS },
	{ SYS_kill, { PARENT, SIGUSR1 }, ENDS, ENDS, ENDS },
	{ SYS_tkill, { PARENT, SIGUSR1 }, ENDS, ENDS, ENDS },
	{ SYS_tgkill, { PARENT, PARENT, SIGUSR1 }, ENDS, ENDS, ENDS },
	{ SYS_tgkill, { SELF, SELF, 0 }, ALLOWED, ALLOWED, ALLOWED },
	{ SYS_tgkill, { SELF, SELF, SIGSYS }, ALLOWED, ALLOWED, ALLOWED },
	{ SYS_rt_sigqueueinfo, { PARENT, SIGUSR1, ADDRESS(room) }, ENDS, ENDS, ENDS },
	{ SYS_pidfd_open, { PARENT }, ENDS, ENDS, ENDS },
	{ SYS_pidfd_getfd, { 0, 0 }, ENDS, ENDS, ENDS },
	{ SYS_fcntl, { CHANNEL, F_SETOWN, PARENT }, ENDS, ALLOWED, ALLOWED },
	/* memory that runs, and is shared */
	{ SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 }, ENDS, REFUSED, REFUSED },
	{ SYS_mprotect, { 4096, 4096, PROT_READ | PROT_EXEC }, ENDS, REFUSED, REFUSED },
	{ SYS_pkey_mprotect, { 4096, 4096, PROT_READ, -1 }, ENDS, REFUSED, REFUSED },
	{ SYS_shmat, { 0 }, ENDS, ENDS, ENDS },
	{ SYS_memfd_create, { ADDRESS("packet") }, ALLOWED, ALLOWED, ALLOWED },
	/* the kernel's wide fields */
	{ SYS_io_uring_setup, { 1, ADDRESS(room) }, ENDS, ENDS, ENDS },
	{ SYS_bpf, { 0, ADDRESS(room), sizeof(room) }, ENDS, ENDS, ENDS },
	{ SYS_userfaultfd, { 0 }, ENDS, ENDS, ENDS },
	{ SYS_perf_event_open, { ADDRESS(room), 0, -1, -1, 0 }, ENDS, ENDS, ENDS },
	{ SYS_keyctl, { 0 }, ENDS, ENDS, ENDS },
	{ SYS_add_key, { ADDRESS("user"), ADDRESS("x"), ADDRESS("y"), 1, -3 }, ENDS, ENDS, ENDS },
	{ SYS_ioctl, { 0, 0x5412, ADDRESS(room) }, ENDS, ENDS, ENDS }, /* TIOCSTI */
	{ SYS_unshare, { 0x10000000 }, ENDS, ENDS, ENDS },
	{ SYS_mount, { ADDRESS("x"), ADDRESS("/"), ADDRESS("tmpfs") }, ENDS, ENDS, ENDS },
	{ SYS_chroot, { ADDRESS("/") }, ENDS, ENDS, ENDS },
	{ SYS_setns, { 0 }, ENDS, ENDS, ENDS },
	/* privileges, and the way out of the cage */
	{ SYS_setuid, { 0 }, ENDS, ENDS, ENDS },
	{ SYS_setresuid, { 0, 0, 0 }, ENDS, ENDS, ENDS },
	{ SYS_setgroups, { 0 }, ENDS, ENDS, ENDS },
	{ SYS_capset, { ADDRESS(room), ADDRESS(room) }, ENDS, ENDS, ENDS },
	{ SYS_prctl, { PR_SET_DUMPABLE, 1 }, ENDS, ENDS, ENDS },
	{ SYS_prlimit64, { 0, 4, ADDRESS(room) }, ENDS, ENDS, ENDS },
	{ SYS_rt_sigaction, { SIGSYS, ADDRESS(room), 0, 8 }, ENDS, ENDS, ENDS },
	{ SYS_seccomp, { 0 }, ENDS, ALLOWED, ALLOWED },
};

struct place {
	struct settings settings;
	struct generation generation;
	char folder[32];
};

static bool
enter(struct place *p, int who, int channel)
{
	p->settings.limits.scan_memory = 64 << 20;
	p->settings.quarantine_path = p->settings.spool_path = p->folder;
	p->generation = (struct generation){ .settings = &p->settings, .user_directory = -1 };
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	cage_forbid_dumps();
	if (who == 0)
		return cage_close_scanner(&p->settings.limits, channel);
	if (who == 3)
		return cage_close_reporter(channel);
	return who == 1 ? cage_close_keeper(&p->settings, channel) : cage_close_proxy(&p->generation, channel);
}

enum { MADE = 70, DENIED, NOT_CAGED };

static _Noreturn void
be_child(struct place *p, int who, const struct attempt *a, int channel)
{
	long with[6];

	for (int i = 0; i < 6; i++)
		with[i] = a->arguments[i] == PARENT ? getppid() :
		    a->arguments[i] == SELF         ? getpid() :
		    a->arguments[i] == CHANNEL      ? channel :
						      a->arguments[i];
	if (!enter(p, who, channel))
		_exit(NOT_CAGED);
	errno = 0;
	if (syscall(a->call, with[0], with[1], with[2], with[3], with[4], with[5]) < 0 && (errno == EACCES || errno == EPERM))
		_exit(DENIED);
	_exit(MADE);
}

/* The calls told over that channel, as there must be: one, or none. */
static bool
was_told(int channel, uint32_t *call)
{
	struct channel_message m;
	struct packet packet;
	int got;

	packet_init(&packet);
	got = channel_receive(channel, &packet, &m);
	packet_free(&packet);
	*call = got > 0 ? m.index : 0;
	return got > 0 && m.kind == CHANNEL_REFUSED;
}

static void
try(struct place *p, int who, const struct attempt *a, enum fate fate)
{
	bool closed = fate == CLOSED && landlock_version() > 0;
	int pair[2], status;
	uint32_t call;
	bool told;
	pid_t pid;

	assert_true(packet_pair(pair, true, false));
	pid = fork();
	if (pid == 0)
		be_child(p, who, a, pair[1]);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	told = was_told(pair[0], &call);
	if (told != (fate == ENDS || fate == REFUSED) || (told && (long)call != a->call) ||
	    (fate == ENDS) != (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
	    (fate != ENDS && !WIFEXITED(status)) || (fate == REFUSED && WEXITSTATUS(status) != DENIED) ||
	    (closed && WEXITSTATUS(status) != DENIED) || (fate == ALLOWED && WEXITSTATUS(status) != MADE))
		fail_msg("process %d, call %s: status %x, told %d of %s", who, filter_call_name((unsigned)a->call),
		    (unsigned)status, told, filter_call_name(call));
	close(pair[0]);
	close(pair[1]);
}

static void
try_all(int who)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->folder, sizeof(p->folder), "/tmp/gatepost-cage-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(inside, sizeof(inside), "%s/file", p->folder);
	snprintf(outside, sizeof(outside), "%s.outside", p->folder);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *a = &attempts[i];

		try(p, who, a, who == 1 ? a->keeper : who == 2 ? a->proxy : a->scanner);
	}
	unlink(inside);
	rmdir(p->folder);
	free(p);
}

static void
test_scanner(void **state)
{
	(void)state;
	try_all(0);
}

static void
test_keeper(void **state)
{
	(void)state;
	try_all(1);
}

static void
test_proxy(void **state)
{
	(void)state;
	try_all(2);
}

/* Nothing that a scanner may not. */
static void
test_reporter(void **state)
{
	(void)state;
	try_all(3);
}

/* A kernel that has none, as far as this child can see. */
static void
take_landlock_away(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (filter == NULL || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
	    seccomp_load(filter) != 0)
		_exit(1);
	seccomp_release(filter);
}

static int
end_of(pid_t child)
{
	int status;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* The rest of the cage is closed all the same. */
static void
test_without_landlock(void **state)
{
	static const struct attempt reading = { SYS_openat, { AT_FDCWD, ADDRESS("/etc/passwd"), O_RDONLY }, 0, 0, 0 };
	static const struct attempt running = { SYS_execve, { ADDRESS("/bin/true"), ADDRESS(program) }, 0, 0, 0 };
	struct place place = { .folder = "/tmp" };
	int pair[2], status;

	(void)state;
	assert_true(packet_pair(pair, true, false));
	for (int who = 0; who < 3; who++) {
		for (int i = 0; i < 2; i++) {
			pid_t child = fork();

			if (child == 0) {
				take_landlock_away();
				be_child(&place, who, i == 0 ? &reading : &running, pair[1]);
			}
			status = end_of(child);
			if (i == 0)
				assert_int_equal(WEXITSTATUS(status), who == 0 ? DENIED : MADE);
			else
				assert_int_equal(WTERMSIG(status), SIGSYS);
		}
	}
	close(pair[0]);
	close(pair[1]);
}

#ifdef __x86_64__
/* By the numbers of another architecture nothing can be called. */
static void
test_32_bit_calls(void **state)
{
	struct place place = { .folder = "/tmp" };
	int pair[2], status;

	(void)state;
	assert_true(packet_pair(pair, true, false));
	for (int who = 0; who < 3; who++) {
		pid_t child = fork();

		if (child == 0) {
			long result = 20; /* getpid() */

			if (!enter(&place, who, pair[1]))
				_exit(NOT_CAGED);
			__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
			_exit(MADE);
		}
		status = end_of(child);
		/* or by SIGSEGV, where the kernel has no such calls */
		assert_true(WIFSIGNALED(status));
	}
	close(pair[0]);
	close(pair[1]);
}
#endif

static void
test_call_names(void **state)
{
	(void)state;
	assert_string_equal(filter_call_name(SYS_openat), "openat");
	assert_string_equal(filter_call_name(99999), "99999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scanner),
		cmocka_unit_test(test_keeper),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_reporter),
		cmocka_unit_test(test_without_landlock),
#ifdef __x86_64__
		cmocka_unit_test(test_32_bit_calls),
#endif
		cmocka_unit_test(test_call_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
