/* What makes gatepost fail where a test wants it. Linked into a gatepost of its
 * own, tests/gatepost_faulty, and nowhere else: these definitions of functions of
 * the C library take the place of the library's, for gatepost and for all
 * libraries that it uses, AddressSanitizer's too.
 *
 * The test tells by a page of memory that it shares with all processes, the file
 * named by GATEPOST_FAULTS (tests/lib/faults.py):
 *
 * - the nth call of one function fails, or the process is killed at it, of all calls or
 *   of those from one place of the program (tests/fault_places.c); "poison" is no
 *   function: it is called while a process works at a message that holds it;
 * - a session stops where it enters a step: the line of the log that tells of the
 *   step is written, then the process waits until the test lets it go on;
 * - the clock by which durations are measured goes forward at once: what waits for a
 *   time sees it at its next event. */
#include "config.h"

#include "fault_places.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FAULT_SHORT = -1, FAULT_KILL = -2 }; /* in place of an errno */
enum { NAME_SIZE = 32, STEP_SIZE = 64, LINE_MAX_LOOKED = 1024 };
enum { PLACES = 16384 }; /* several times what any process calls from */

/* As tests/lib/faults.py packs it. */
static struct page {
	char function[NAME_SIZE]; /* "": none fails */
	char process[NAME_SIZE];  /* which fails: "master", "proxy", "scann", "keepe"; "": any */
	int32_t error;
	uint32_t nth, times;      /* the first to fail, counted from 1, and how many do from then on */
	uint32_t calls, failed;   /* so far */
	uint32_t step_nth, step_seen;
	uint32_t stopped;         /* one does, until the test makes it 0 */
	char step[STEP_SIZE];     /* "": no session stops */
	int64_t ahead;            /* seconds */
	uint32_t place;           /* not 0: until the nth call from there none from elsewhere counts */
	uint32_t noting;          /* not 0: the places that calls come from are noted */
	struct noted {
		uint32_t place, first; /* 0: free; the number of the first among all */
	} noted[PLACES];
} *page;

static char process[NAME_SIZE] = "master";
static bool tells; /* GATEPOST_FAULTS_TELL is set: where each failure happened, by the sanitizers */
extern void __sanitizer_print_stack_trace(void) __attribute__((weak));

/* ---- what is replaced ---- */

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("GATEPOST_FAULTS");
	int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	long mapped;

	if (fd < 0)
		return;
	mapped = syscall(SYS_mmap, NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	syscall(SYS_close, fd);
	if (mapped > 0)
		page = (struct page *)mapped;
	tells = getenv("GATEPOST_FAULTS_TELL") != NULL && __sanitizer_print_stack_trace != NULL;
}

/* Several processes may do so at once. */
static void
note(uint32_t place, uint32_t call)
{
	for (uint32_t looked = 0; looked < PLACES; looked++) {
		struct noted *noted = &page->noted[(place + looked) % PLACES];
		uint32_t there = 0;

		if (__atomic_compare_exchange_n(&noted->place, &there, place, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			noted->first = call;
		if (there == 0 || there == place)
			return;
	}
}

static bool spared; /* in a function that does not hold out when one fails that it calls */

/* Whether this call is to fail. errno is set then. */
static bool
fails(const char *function)
{
	uint32_t call, place;

	if (page == NULL || spared || strcmp(page->function, function) != 0)
		return false;
	if (strncmp(process, page->process, strlen(page->process)) != 0)
		return false;
	place = page->place != 0 || page->noting != 0 ? place_of_call() : 0;
	if (page->place != 0 && place != page->place)
		return false;
	call = __atomic_add_fetch(&page->calls, 1, __ATOMIC_SEQ_CST);
	if (page->noting != 0)
		note(place, call);
	if (call < page->nth || call - page->nth >= page->times)
		return false;
	page->place = 0; /* those that follow fail wherever they come from */
	__atomic_add_fetch(&page->failed, 1, __ATOMIC_SEQ_CST);
	if (tells)
		__sanitizer_print_stack_trace();
	if (page->error == FAULT_KILL)
		syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), SIGKILL); /* which cages allow */
	errno = page->error;
	return true;
}

/* The same for what may take fewer octets than it is given: then it takes one. */
static bool
fails_or_is_short(const char *function, size_t *size)
{
	if (!fails(function))
		return false;
	if (page->error != FAULT_SHORT)
		return true;
	*size = *size > 0 ? 1 : 0;
	return false;
}

/* The sanitizers' version of a function where there is one, else the C
 * library's. */
#define REAL(name) \
	(__interceptor_##name != NULL ? __interceptor_##name : (typeof(&name))dlsym(RTLD_NEXT, #name))
#define INTERCEPTED(type, name, ...) \
	extern type __interceptor_##name(__VA_ARGS__) __attribute__((weak)); \
	type name(__VA_ARGS__)

/* ---- memory ---- */

/* dlsym() takes memory itself, and begins before anything can be looked up. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

/* Large ones are known by a name of their own too: they are the first that find no room, and few. */
enum { LARGE = 1024 * 1024 };

INTERCEPTED(void *, malloc, size_t size)
{
	if (fails("alloc") || (size > LARGE && fails("large")))
		return NULL;
	return __interceptor_malloc != NULL ? __interceptor_malloc(size) : __libc_malloc(size);
}

INTERCEPTED(void *, calloc, size_t count, size_t size)
{
	if (fails("alloc"))
		return NULL;
	return __interceptor_calloc != NULL ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}

INTERCEPTED(void *, realloc, void *old, size_t size)
{
	if (size > 0 && (fails("alloc") || (size > LARGE && fails("large"))))
		return NULL;
	return __interceptor_realloc != NULL ? __interceptor_realloc(old, size) : __libc_realloc(old, size);
}

/* Looking up an account ends the process where it has no memory: by a NULL pointer, an assertion, or a
 * library's variables of a thread. So it fails as a whole. */
#define LOOKS_UP(name, type) \
	INTERCEPTED(struct type *, name, const char *key) \
	{ \
		struct type *found; \
		if (fails("alloc")) \
			return NULL; \
		spared = true; \
		found = REAL(name)(key); \
		spared = false; \
		return found; \
	}
LOOKS_UP(getpwnam, passwd)
LOOKS_UP(getgrnam, group)

INTERCEPTED(void *, mmap, void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fails("mmap"))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

INTERCEPTED(void *, mmap64, void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
	if (fails("mmap"))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

/* ---- reading ---- */

INTERCEPTED(ssize_t, read, int fd, void *to, size_t size)
{
	return fails_or_is_short("read", &size) ? -1 : REAL(read)(fd, to, size);
}

INTERCEPTED(ssize_t, recv, int fd, void *to, size_t size, int flags)
{
	return fails_or_is_short("read", &size) ? -1 : REAL(recv)(fd, to, size, flags);
}

INTERCEPTED(ssize_t, recvfrom, int fd, void *restrict to, size_t size, int flags, struct sockaddr *restrict from,
	    socklen_t *restrict len)
{
	return fails_or_is_short("read", &size) ? -1 : REAL(recvfrom)(fd, to, size, flags, from, len);
}

INTERCEPTED(ssize_t, readv, int fd, const struct iovec *to, int count)
{
	return fails("read") ? -1 : REAL(readv)(fd, to, count);
}

/* A scanner reads the clock when work at a message begins and when it ends
 * (proxy/scan_load.c): with the second reading it is at that work, surely. */
enum { WORK_ENDS = 2 };
static int poisoned; /* readings of the clock until it works, 0 = never */

/* As packets are received (io/packet.c): their kind, then what is in them. */
static bool
is_poison(const struct msghdr *message, ssize_t received)
{
	static const char poison[] = "please die";

	if (page == NULL || strcmp(page->function, "poison") != 0 || received < 2 || message->msg_iovlen < 2)
		return false;
	return memmem(message->msg_iov[1].iov_base, (size_t)received - 1, poison, sizeof(poison) - 1) != NULL;
}

INTERCEPTED(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
{
	ssize_t received = fails("recvmsg") ? -1 : REAL(recvmsg)(fd, message, flags);

	poisoned = is_poison(message, received) ? WORK_ENDS : 0;
	return received;
}

INTERCEPTED(ssize_t, pread, int fd, void *to, size_t size, off_t at)
{
	return fails_or_is_short("pread", &size) ? -1 : REAL(pread)(fd, to, size, at);
}

INTERCEPTED(ssize_t, pread64, int fd, void *to, size_t size, off64_t at)
{
	return fails_or_is_short("pread", &size) ? -1 : REAL(pread64)(fd, to, size, at);
}

/* ---- a session that stops ---- */

/* A cage has no way to wait for a test but to look. */
static void
wait_for_test(void)
{
	struct timespec pause = { .tv_nsec = 500 * 1000 };

	while (__atomic_load_n(&page->stopped, __ATOMIC_SEQ_CST) != 0)
		nanosleep(&pause, NULL);
}

/* line: one that is to be written to the log. Who sees it there sees `stopped`. */
static bool
is_stop(const void *line, size_t size)
{
	char text[LINE_MAX_LOOKED], wanted[STEP_SIZE + sizeof(" step=\n")];

	if (page == NULL || page->step[0] == '\0' || size >= sizeof(text))
		return false;
	memcpy(text, line, size);
	text[size] = '\0';
	snprintf(wanted, sizeof(wanted), " step=%s\n", page->step);
	if (strstr(text, " event=step ") == NULL || strstr(text, wanted) == NULL)
		return false;
	if (__atomic_add_fetch(&page->step_seen, 1, __ATOMIC_SEQ_CST) != page->step_nth)
		return false;
	__atomic_store_n(&page->stopped, 1, __ATOMIC_SEQ_CST);
	return true;
}

/* ---- writing ---- */

INTERCEPTED(ssize_t, write, int fd, const void *from, size_t size)
{
	ssize_t written;
	bool stops;

	if (fd != STDERR_FILENO)
		return fails_or_is_short("write", &size) ? -1 : REAL(write)(fd, from, size);
	stops = is_stop(from, size);
	written = REAL(write)(fd, from, size);
	if (stops)
		wait_for_test();
	return written;
}

INTERCEPTED(ssize_t, send, int fd, const void *from, size_t size, int flags)
{
	return fails_or_is_short("write", &size) ? -1 : REAL(send)(fd, from, size, flags);
}

INTERCEPTED(ssize_t, sendto, int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t len)
{
	return fails_or_is_short("write", &size) ? -1 : REAL(sendto)(fd, from, size, flags, to, len);
}

INTERCEPTED(ssize_t, sendfile, int to, int from, off_t *at, size_t size)
{
	return fails_or_is_short("sendfile", &size) ? -1 : REAL(sendfile)(to, from, at, size);
}

INTERCEPTED(ssize_t, writev, int fd, const struct iovec *from, int count)
{
	return fails("write") ? -1 : REAL(writev)(fd, from, count);
}

INTERCEPTED(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
	return fails("sendmsg") ? -1 : REAL(sendmsg)(fd, message, flags);
}

INTERCEPTED(ssize_t, pwrite, int fd, const void *from, size_t size, off_t at)
{
	return fails_or_is_short("pwrite", &size) ? -1 : REAL(pwrite)(fd, from, size, at);
}

INTERCEPTED(ssize_t, pwrite64, int fd, const void *from, size_t size, off64_t at)
{
	return fails_or_is_short("pwrite", &size) ? -1 : REAL(pwrite64)(fd, from, size, at);
}

INTERCEPTED(int, fsync, int fd)
{
	return fails("fsync") ? -1 : REAL(fsync)(fd);
}

INTERCEPTED(int, fdatasync, int fd)
{
	return fails("fsync") ? -1 : REAL(fdatasync)(fd);
}

INTERCEPTED(int, ftruncate, int fd, off_t size)
{
	return fails("ftruncate") ? -1 : REAL(ftruncate)(fd, size);
}

INTERCEPTED(int, ftruncate64, int fd, off64_t size)
{
	return fails("ftruncate") ? -1 : REAL(ftruncate64)(fd, size);
}

/* ---- descriptors ---- */

static mode_t
mode_of(int flags, va_list arguments)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define OPENS(name) \
	extern int __interceptor_##name(const char *path, int flags, ...) __attribute__((weak)); \
	int name(const char *path, int flags, ...) \
	{ \
		va_list arguments; \
		mode_t mode; \
		va_start(arguments, flags); \
		mode = mode_of(flags, arguments); \
		va_end(arguments); \
		return fails("open") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
	}
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
	int name(int folder, const char *path, int flags, ...) \
	{ \
		va_list arguments; \
		mode_t mode; \
		va_start(arguments, flags); \
		mode = mode_of(flags, arguments); \
		va_end(arguments); \
		return fails("open") ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode); \
	}
OPENS_AT(openat)
OPENS_AT(openat64)

INTERCEPTED(int, mkostemp, char *template, int flags)
{
	return fails("open") ? -1 : REAL(mkostemp)(template, flags);
}

INTERCEPTED(FILE *, fopen, const char *restrict path, const char *restrict mode)
{
	return fails("open") ? NULL : REAL(fopen)(path, mode);
}

/* Closed it is in any case: what is told is an earlier write's failure. */
INTERCEPTED(int, close, int fd)
{
	bool failed = fails("close");
	int error = errno, result = REAL(close)(fd);

	errno = failed ? error : errno;
	return failed ? -1 : result;
}

/* Only what can fail without a mistake of the program's: a copy of a descriptor, a lock, a seal. */
static const char *
of_fcntl(int command, const void *argument)
{
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return "dup";
	case F_SETLK:
	case F_SETLKW:
		return ((const struct flock *)argument)->l_type != F_UNLCK ? "lock" : "unlock";
	case F_ADD_SEALS:
		return "seal";
	default:
		return "fcntl";
	}
}

/* Every argument of fcntl() is an int or a pointer, which come by the same way. */
#define CONTROLS(name) \
	extern int __interceptor_##name(int fd, int command, ...) __attribute__((weak)); \
	int name(int fd, int command, ...) \
	{ \
		va_list arguments; \
		void *argument; \
		va_start(arguments, command); \
		argument = va_arg(arguments, void *); \
		va_end(arguments); \
		return fails(of_fcntl(command, argument)) ? -1 : REAL(name)(fd, command, argument); \
	}
CONTROLS(fcntl)
CONTROLS(fcntl64)

INTERCEPTED(int, flock, int fd, int operation)
{
	return fails("lock") ? -1 : REAL(flock)(fd, operation);
}

INTERCEPTED(int, memfd_create, const char *name, unsigned flags)
{
	return fails("memfd_create") ? -1 : REAL(memfd_create)(name, flags);
}

INTERCEPTED(int, socket, int domain, int type, int protocol)
{
	return fails("socket") ? -1 : REAL(socket)(domain, type, protocol);
}

INTERCEPTED(int, socketpair, int domain, int type, int protocol, int fds[2])
{
	return fails("socketpair") ? -1 : REAL(socketpair)(domain, type, protocol, fds);
}

INTERCEPTED(int, pipe2, int fds[2], int flags)
{
	return fails("pipe") ? -1 : REAL(pipe2)(fds, flags);
}

INTERCEPTED(int, accept4, int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	return fails("accept") ? -1 : REAL(accept4)(fd, address, len, flags);
}

INTERCEPTED(int, connect, int fd, const struct sockaddr *address, socklen_t len)
{
	return fails("connect") ? -1 : REAL(connect)(fd, address, len);
}

INTERCEPTED(int, bind, int fd, const struct sockaddr *address, socklen_t len)
{
	return fails("bind") ? -1 : REAL(bind)(fd, address, len);
}

INTERCEPTED(int, shutdown, int fd, int how)
{
	return fails("shutdown") ? -1 : REAL(shutdown)(fd, how);
}

INTERCEPTED(int, getsockopt, int fd, int level, int option, void *restrict value, socklen_t *restrict len)
{
	return fails("sockopt") ? -1 : REAL(getsockopt)(fd, level, option, value, len);
}

INTERCEPTED(int, setsockopt, int fd, int level, int option, const void *value, socklen_t len)
{
	return fails("sockopt") ? -1 : REAL(setsockopt)(fd, level, option, value, len);
}

INTERCEPTED(int, getsockname, int fd, struct sockaddr *restrict address, socklen_t *restrict len)
{
	return fails("sockopt") ? -1 : REAL(getsockname)(fd, address, len);
}

INTERCEPTED(int, epoll_ctl, int epoll, int operation, int fd, struct epoll_event *event)
{
	return operation != EPOLL_CTL_DEL && fails("epoll_ctl") ? -1 : REAL(epoll_ctl)(epoll, operation, fd, event);
}

INTERCEPTED(int, epoll_wait, int epoll, struct epoll_event *events, int count, int timeout)
{
	return fails("epoll_wait") ? -1 : REAL(epoll_wait)(epoll, events, count, timeout);
}

INTERCEPTED(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
	return fails("poll") ? -1 : REAL(poll)(fds, count, timeout);
}

/* What a compiler that fortifies calls in poll()'s place. */
extern int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
INTERCEPTED(int, __poll_chk, struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	return fails("poll") ? -1 : REAL(__poll_chk)(fds, count, timeout, size);
}

INTERCEPTED(ssize_t, getrandom, void *to, size_t size, unsigned flags)
{
	return fails("getrandom") ? -1 : REAL(getrandom)(to, size, flags);
}

/* ---- time ---- */

INTERCEPTED(int, clock_gettime, clockid_t clock, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, clock, t);

	if (poisoned > 0 && --poisoned == 0)
		fails("poison");
	if (result == 0 && page != NULL && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE))
		t->tv_sec += __atomic_load_n(&page->ahead, __ATOMIC_SEQ_CST);
	return result;
}

/* ---- files by name ---- */

INTERCEPTED(int, rename, const char *from, const char *to)
{
	return fails("rename") ? -1 : REAL(rename)(from, to);
}

INTERCEPTED(int, linkat, int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	return fails("rename") ? -1 : REAL(linkat)(from_folder, from, to_folder, to, flags);
}

INTERCEPTED(int, mkdir, const char *path, mode_t mode)
{
	return fails("mkdir") ? -1 : REAL(mkdir)(path, mode);
}

INTERCEPTED(int, mkdirat, int folder, const char *path, mode_t mode)
{
	return fails("mkdir") ? -1 : REAL(mkdirat)(folder, path, mode);
}

INTERCEPTED(int, unlink, const char *path)
{
	return fails("unlink") ? -1 : REAL(unlink)(path);
}

INTERCEPTED(int, unlinkat, int folder, const char *path, int flags)
{
	return fails("unlink") ? -1 : REAL(unlinkat)(folder, path, flags);
}

#define TELLS_STATUS(name, type) \
	INTERCEPTED(int, name, const char *restrict path, struct type *restrict status) \
	{ \
		return fails("stat") ? -1 : REAL(name)(path, status); \
	}
TELLS_STATUS(stat, stat)
TELLS_STATUS(stat64, stat64)
TELLS_STATUS(lstat, stat)
TELLS_STATUS(lstat64, stat64)

INTERCEPTED(int, fstat, int fd, struct stat *status)
{
	return fails("stat") ? -1 : REAL(fstat)(fd, status);
}

INTERCEPTED(int, fstat64, int fd, struct stat64 *status)
{
	return fails("stat") ? -1 : REAL(fstat64)(fd, status);
}

INTERCEPTED(int, fstatat, int folder, const char *restrict path, struct stat *restrict status, int flags)
{
	return fails("stat") ? -1 : REAL(fstatat)(folder, path, status, flags);
}

/* ---- processes ---- */

INTERCEPTED(pid_t, fork, void)
{
	pid_t pid = fails("fork") ? -1 : REAL(fork)();

	if (pid == 0)
		strcpy(process, "forked");
	return pid;
}

/* Which calls execve() where nothing can stand in between. */
enum { ARGUMENTS_MAX = 16 };

int
execl(const char *path, const char *arg, ...)
{
	char *arguments[ARGUMENTS_MAX] = { (char *)(uintptr_t)arg };
	va_list more;

	va_start(more, arg);
	for (size_t i = 1; i < ARGUMENTS_MAX && (arguments[i] = va_arg(more, char *)) != NULL; i++)
		continue;
	va_end(more);
	return fails("exec") ? -1 : execv(path, arguments);
}

/* Each child tells by this what it is: "gatepost:proxy". */
int
prctl(int option, ...)
{
	va_list arguments;
	unsigned long a[4];

	va_start(arguments, option);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (option == PR_SET_NAME && strncmp((const char *)a[0], "gatepost:", strlen("gatepost:")) == 0)
		snprintf(process, sizeof(process), "%s", (const char *)a[0] + strlen("gatepost:"));
	return (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}
