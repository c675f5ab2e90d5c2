/* The HTTP server's bounds: too many connections, silent ones, slow ones. The
 * clients are plain sockets of the same process, looked at between turns. */
#include "config.h"

#include "io/http.h"

#include "io/peer.h"

#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { NEVER = 3600 * 1000 };

struct fixture {
	struct arena *arena;
	struct loop *loop;
	struct http_server *server;
	const char *path;
	int fd;
	unsigned asked;
};

static bool
get(void *context, const char *path, int *status, const char **type, struct buf *body)
{
	struct fixture *f = context;

	(void)type;
	f->asked++;
	if (strcmp(path, "/there") != 0)
		return false;
	*status = 200;
	buf_add_str(body, "content");
	return true;
}

static void
serve(struct fixture *f, const struct http_bounds *bounds)
{
	struct address address = { .text = f->path, .path = f->path };
	const char *error;

	f->fd = listen_open(f->arena, &address, INTERCEPT_NONE, &error);
	assert_true(f->fd >= 0);
	f->server = http_server_new(f->loop, bounds, get, f);
	assert_non_null(f->server);
	assert_true(http_server_listen(f->server, f->fd));
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->arena = arena_new(0);
	f->loop = loop_new();
	f->path = arena_printf(f->arena, "/tmp/gatepost-http-%d", (int)getpid());
	f->fd = -1;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	http_server_free(&f->server);
	close(f->fd);
	unlink(f->path);
	loop_free(&f->loop);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static int
connect_to(const struct fixture *f)
{
	struct peer at = { .address.ss_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	at.len = (socklen_t)(sizeof(at.address.ss_family) + strlen(f->path) + 1);
	strcpy((char *)&at.address + sizeof(at.address.ss_family), f->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at.address, at.len), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void
turn(struct fixture *f)
{
	event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
	usleep(1000);
}

/* What comes until something came that ends in `end`; or until the connection
 * is closed, when that is NULL. */
static const char *
hear(struct fixture *f, int fd, const char *end)
{
	static char heard[64 * 1024];
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, heard + len, sizeof(heard) - 1 - len, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		len += n > 0 ? (size_t)n : 0;
		heard[len] = '\0';
		if (end != NULL && len >= strlen(end) && strcmp(heard + len - strlen(end), end) == 0)
			return heard;
		turn(f);
	}
	assert_null(end);
	heard[len] = '\0';
	return heard;
}

static void
test_answers(void **state)
{
	const struct http_bounds bounds = { .connections = 2, .idle = NEVER, .lifetime = NEVER };
	struct fixture *f = *state;
	int fd;

	serve(f, &bounds);
	fd = connect_to(f);
	say(fd, "GET /there HTTP/1.1\r\n\r\n");
	assert_true(strncmp(hear(f, fd, "\r\n\r\ncontent"), "HTTP/1.1 200 ", 13) == 0);
	say(fd, "HEAD /there HTTP/1.1\r\n\r\n"); /* the same connection */
	assert_non_null(strstr(hear(f, fd, "\r\n\r\n"), "Content-Length: 7\r\n"));
	say(fd, "GET /there?query=1 HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(hear(f, fd, NULL), "content" "HTTP/1.0 404 "));
	close(fd);
	fd = connect_to(f);
	say(fd, "DELETE /there HTTP/1.1\r\n\r\n");
	assert_true(strncmp(hear(f, fd, NULL), "HTTP/1.1 501 ", 13) == 0);
	close(fd);
	assert_int_equal(f->asked, 4);
}

/* One more than there are places waits, and is served when one leaves. */
static void
test_full(void **state)
{
	const struct http_bounds bounds = { .connections = 2, .idle = NEVER, .lifetime = NEVER };
	struct fixture *f = *state;
	int fds[3];

	serve(f, &bounds);
	for (size_t i = 0; i < 3; i++)
		fds[i] = connect_to(f);
	say(fds[0], "GET /there HTTP/1.1\r\n\r\n");
	say(fds[2], "GET /there HTTP/1.1\r\n\r\n");
	hear(f, fds[0], "content");
	for (int i = 0; i < 20; i++)
		turn(f);
	assert_int_equal(f->asked, 1);
	close(fds[1]);
	hear(f, fds[2], "content");
	assert_int_equal(f->asked, 2);
	close(fds[0]);
	close(fds[2]);
}

static void
test_silent(void **state)
{
	const struct http_bounds bounds = { .connections = 1, .idle = 100, .lifetime = NEVER };
	struct fixture *f = *state;
	int silent, next;

	serve(f, &bounds);
	silent = connect_to(f);
	next = connect_to(f);
	say(next, "GET /there HTTP/1.0\r\n\r\n");
	assert_string_equal(hear(f, silent, NULL), "");
	hear(f, next, "content");
	close(silent);
	close(next);
}

/* It sends on and on, and yet its place is another's in the end. */
static void
test_slow(void **state)
{
	const struct http_bounds bounds = { .connections = 1, .idle = NEVER, .lifetime = 100 };
	struct fixture *f = *state;
	int slow, next;
	char octet;

	serve(f, &bounds);
	slow = connect_to(f);
	next = connect_to(f);
	say(next, "GET /there HTTP/1.0\r\n\r\n");
	say(slow, "GET /there HTTP/1.1\r\nX: ");
	while (send(slow, "x", 1, MSG_NOSIGNAL) == 1 && recv(slow, &octet, 1, 0) < 0)
		turn(f);
	hear(f, next, "content");
	assert_int_equal(f->asked, 1);
	close(slow);
	close(next);
}

/* A client that does not take its answer leaves too. */
static void
test_deaf(void **state)
{
	const struct http_bounds bounds = { .connections = 1, .idle = NEVER, .lifetime = 100 };
	struct fixture *f = *state;
	struct buf requests = { 0 };
	int deaf, next;

	serve(f, &bounds);
	deaf = connect_to(f);
	next = connect_to(f);
	say(next, "GET /there HTTP/1.0\r\n\r\n");
	for (int i = 0; i < 4000; i++) /* the answers are more than a socket holds */
		buf_add_str(&requests, "GET /nowhere HTTP/1.1\r\n\r\n");
	assert_true(send(deaf, requests.data, requests.len, MSG_NOSIGNAL) > 0);
	hear(f, next, "content");
	assert_true(f->asked > 1);
	buf_free(&requests);
	close(deaf);
	close(next);
}

static void
test_too_much(void **state)
{
	const struct http_bounds bounds = { .connections = 2, .idle = NEVER, .lifetime = NEVER };
	struct fixture *f = *state;
	int fd;

	serve(f, &bounds);
	fd = connect_to(f);
	say(fd, "GET /there HTTP/1.1\r\nX: ");
	for (int i = 0; i < 1000 && send(fd, "xxxxxxxxxxxxxxxxxxxx", 20, MSG_NOSIGNAL) == 20; i++)
		turn(f);
	assert_true(strncmp(hear(f, fd, NULL), "HTTP/1.1 200", 12) != 0);
	assert_int_equal(f->asked, 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deaf, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_much, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
