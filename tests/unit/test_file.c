/* Descriptors, written to their end. */
#include "config.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OCTETS = 4 * 1024 * 1024 }; /* many times what a pipe holds */

static volatile sig_atomic_t interrupts;

static void
note(int signal)
{
	(void)signal;
	interrupts++;
}

static char *
numbered(size_t len)
{
	char *octets = malloc(len);

	assert_non_null(octets);
	for (size_t i = 0; i < len; i++)
		octets[i] = (char)(i * 31 >> 3);
	return octets;
}

/* Reads to the end, interrupting whoever writes before each call. Ends with 0 when it
 * was what numbered() makes. */
static _Noreturn void
read_and_interrupt(int fd, const char *expected)
{
	static char some[64 * 1024];
	size_t at = 0;
	ssize_t n;

	do {
		kill(getppid(), SIGUSR1);
		n = read(fd, some, sizeof(some));
		if (n > 0 && memcmp(some, expected + at, (size_t)n) != 0)
			_exit(1);
		at += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	_exit(at == OCTETS ? 0 : 2);
}

static void
test_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = note }; /* without SA_RESTART */
	char *octets = numbered(OCTETS);
	int ends[2], status;
	pid_t reader, ended;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		close(ends[1]);
		read_and_interrupt(ends[0], octets);
	}
	assert_true(write_all(ends[1], span_of(octets, OCTETS)));
	close(ends[1]);
	do
		ended = waitpid(reader, &status, 0);
	while (ended < 0 && errno == EINTR);
	assert_int_equal(ended, reader);
	assert_int_equal(status, 0);
	assert_true(interrupts > 0);
	close(ends[0]);
	free(octets);
}

static void
test_at(void **state)
{
	char path[] = "/tmp/test_file.XXXXXX", found[8];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_true(write_all(fd, SPAN_LITERAL("abcdefgh")));
	assert_true(write_all_at(fd, SPAN_LITERAL("123"), 2));
	assert_true(write_all(fd, SPAN_NONE));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 8);
	assert_int_equal(pread(fd, found, sizeof(found), 0), 8);
	assert_memory_equal(found, "ab123fgh", 8);
	close(fd);
}

static void
test_no_room(void **state)
{
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(full >= 0);
	assert_false(write_all(full, SPAN_LITERAL("a")));
	assert_int_equal(errno, ENOSPC);
	assert_false(write_all_at(full, SPAN_LITERAL("a"), 0));
	assert_int_equal(errno, ENOSPC);
	close(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
