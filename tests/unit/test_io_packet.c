/* Packets: small and large, with descriptors, a full queue, a peer that lies, and
 * one that ends. */
#include "config.h"

#include "io_pair.h"

#include "io/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the C library's place: so many of the next calls find no memory. */
static int short_of_memory;

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (short_of_memory > 0) {
		short_of_memory--;
		errno = ENOMEM;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, message, flags);
}

static void
check_sizes(size_t head_len, size_t body_len)
{
	struct packet p;
	struct buf head = { 0 }, body = { 0 };
	int s[2];

	assert_true(packet_pair(s, true, true));
	fill_pattern(&head, head_len);
	fill_pattern(&body, body_len);
	packet_init(&p);
	assert_int_equal(packet_receive(s[1], &p), 0);
	assert_int_equal(packet_send(s[0], buf_span(&head), buf_span(&body), NULL, 0), PACKET_SENT);
	assert_int_equal(packet_receive(s[1], &p), 1);
	assert_int_equal(p.data.len, head_len + body_len);
	assert_true(span_eq(span_first(buf_span(&p.data), head_len), buf_span(&head)));
	assert_true(span_eq(span_from(buf_span(&p.data), head_len), buf_span(&body)));
	assert_int_equal(p.fds[0], -1);
	close(s[0]);
	assert_int_equal(packet_receive(s[1], &p), -1);
	packet_free(&p);
	buf_free(&head);
	buf_free(&body);
	close(s[1]);
}

static void
test_sizes(void **state)
{
	(void)state;
	check_sizes(0, 0);
	check_sizes(1, 0);
	check_sizes(0, 1);
	check_sizes(40, 64 * 1024);
	check_sizes(1, PACKET_INLINE_MAX - 1);
	check_sizes(1, PACKET_INLINE_MAX);
	check_sizes(100, 200 * 1024);
	check_sizes(3 * 1024 * 1024, 1);
}

static void
check_descriptors(size_t body_len)
{
	struct packet p;
	struct buf body = { 0 };
	int s[2], files[PACKET_FDS], old;
	char text[8] = { 0 };

	fill_pattern(&body, body_len);
	assert_true(packet_pair(s, true, true));
	packet_init(&p);
	files[0] = pattern_file(SPAN_LITERAL("first"));
	files[1] = pattern_file(SPAN_LITERAL("second"));
	files[2] = pattern_file(SPAN_LITERAL("third"));
	assert_int_equal(packet_send(s[0], SPAN_NONE, buf_span(&body), files, PACKET_FDS), PACKET_SENT);
	assert_int_equal(packet_send(s[0], SPAN_LITERAL("x"), SPAN_NONE, files, 1), PACKET_SENT);
	assert_int_equal(packet_send(s[0], SPAN_NONE, SPAN_NONE, files, PACKET_FDS + 1), PACKET_FAILED);
	assert_int_equal(packet_receive(s[1], &p), 1);
	assert_true(span_eq(buf_span(&p.data), buf_span(&body)));
	assert_int_equal(pread(p.fds[1], text, sizeof(text), 0), 6);
	assert_string_equal(text, "second");
	assert_int_equal(fcntl(p.fds[2], F_GETFD), FD_CLOEXEC);
	/* One is taken; the next packet closes the others. */
	close(p.fds[0]);
	p.fds[0] = -1;
	old = p.fds[2];
	assert_int_equal(packet_receive(s[1], &p), 1);
	assert_true(p.fds[0] >= 0);
	assert_int_equal(p.fds[1], -1);
	assert_true(p.fds[0] == old || fcntl(old, F_GETFD) == -1);
	packet_free(&p);
	for (int i = 0; i < PACKET_FDS; i++)
		close(files[i]);
	buf_free(&body);
	close(s[0]);
	close(s[1]);
}

static void
test_descriptors(void **state)
{
	(void)state;
	check_descriptors(10);
	check_descriptors(200 * 1024);
}

static void
test_full_queue(void **state)
{
	struct packet p;
	struct buf body = { 0 };
	enum packet_result result;
	int s[2], sent = 0, got = 0;

	(void)state;
	fill_pattern(&body, 64 * 1024);
	assert_true(packet_pair(s, true, false));
	while ((result = packet_send(s[0], SPAN_NONE, buf_span(&body), NULL, 0)) == PACKET_SENT)
		sent++;
	assert_int_equal(result, PACKET_AGAIN);
	assert_true(sent >= 1);
	packet_init(&p);
	/* The second end blocks, and has them all. */
	while (got < sent) {
		assert_int_equal(packet_receive(s[1], &p), 1);
		got++;
	}
	assert_int_equal(packet_send(s[0], SPAN_NONE, buf_span(&body), NULL, 0), PACKET_SENT);
	close(s[1]);
	assert_int_equal(packet_send(s[0], SPAN_NONE, buf_span(&body), NULL, 0), PACKET_FAILED);
	packet_free(&p);
	buf_free(&body);
	close(s[0]);
}

/* Sends one raw datagram, with a descriptor unless it is -1. */
static void
send_raw(int socket, const char *data, size_t len, int fd)
{
	struct iovec part = { (void *)(uintptr_t)data, len };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(socket, &message, 0), len);
}

static void
check_lie(const char *data, size_t len, int fd)
{
	struct packet p;
	int s[2];

	assert_true(packet_pair(s, true, true));
	packet_init(&p);
	send_raw(s[0], data, len, fd);
	assert_int_equal(packet_receive(s[1], &p), -1);
	assert_int_equal(p.fds[0], -1);
	packet_free(&p);
	close(s[0]);
	close(s[1]);
}

static void
test_lies(void **state)
{
	static const char large[PACKET_INLINE_MAX + 2] = "i";
	int ends[2], huge = memfd_create("huge", MFD_CLOEXEC);

	(void)state;
	check_lie("?", 1, -1);
	check_lie("m", 1, -1);
	check_lie(large, sizeof(large), -1);
	assert_int_equal(pipe(ends), 0);
	check_lie("m", 1, ends[0]); /* would block for ever */
	assert_int_equal(ftruncate(huge, (off_t)PACKET_DATA_MAX + 1), 0);
	check_lie("m", 1, huge);
	check_lie("?", 1, huge);
	close(huge);
	close(ends[0]);
	close(ends[1]);
}

/* A scanner that dies on the second of three messages has answered the first. */
static void
test_last_words(void **state)
{
	struct packet p;
	int s[2];

	(void)state;
	assert_true(packet_pair(s, true, true));
	packet_init(&p);
	for (int i = 0; i < 3; i++)
		assert_int_equal(packet_send(s[0], SPAN_LITERAL("a message"), SPAN_NONE, NULL, 0), PACKET_SENT);
	assert_int_equal(packet_receive(s[1], &p), 1);
	assert_int_equal(packet_send(s[1], SPAN_LITERAL("its answer"), SPAN_NONE, NULL, 0), PACKET_SENT);
	close(s[1]);
	assert_int_equal(packet_receive(s[0], &p), 1);
	assert_true(span_is(buf_span(&p.data), "its answer"));
	assert_int_equal(packet_receive(s[0], &p), -1);
	assert_false(p.lost);
	packet_free(&p);
	close(s[0]);
}

/* What is said surely waits until there is memory, but not for ever. */
static void
test_a_shortage(void **state)
{
	const struct span word = SPAN_LITERAL("word");
	struct packet p;
	int s[2];

	(void)state;
	assert_true(packet_pair(s, true, true));
	packet_init(&p);
	short_of_memory = 1;
	assert_int_equal(packet_send(s[0], word, SPAN_NONE, NULL, 0), PACKET_FAILED);
	short_of_memory = 3;
	assert_int_equal(packet_send_surely(s[0], word, SPAN_NONE, NULL, 0), PACKET_SENT);
	assert_int_equal(packet_receive(s[1], &p), 1);
	assert_true(span_eq(buf_span(&p.data), word));
	assert_int_equal(packet_receive(s[1], &p), 0);
	short_of_memory = INT_MAX;
	assert_int_equal(packet_send_surely(s[0], word, SPAN_NONE, NULL, 0), PACKET_FAILED);
	short_of_memory = 0;
	packet_free(&p);
	close(s[0]);
	close(s[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_a_shortage),
	};

	return cmocka_run_group_tests_name("io/packet", tests, NULL, NULL);
}
