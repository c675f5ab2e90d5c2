/* The control socket. Only who may write to the socket file is heard: it is
 * made with mode 0600. A command is one short line, read when it has come. */
#include "config.h"

#include "daemon/control.h"

#include "base/buf.h"
#include "base/log.h"
#include "daemon/metrics.h"
#include "io/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	CONTROL_COMMAND_MAX = 64,
	CONTROL_PATIENCE_S = 1, /* for the peer, who is on this machine, to send or take a text */
};

struct control {
	struct master *master;
	struct watch *watch;
	char *path;
	int fd;
};

static void
reload(struct master *m, struct buf *out)
{
	struct arena *arena = arena_new(0);
	struct report report;

	report_init(&report, arena);
	buf_add_str(out, master_reload(m, &report) ? "ok\n" : "error\n");
	report_put(out, &report);
	arena_free(&arena);
}

/* True: the asker is answered later, and fd is the master's. */
static bool
upgrade(struct master *m, int fd, struct buf *out)
{
	const char *why;

	if (master_upgrade(m, fd, &why))
		return true;
	buf_printf(out, "error\n%s\n", why);
	return false;
}

/* As upgrade(). */
static bool
obey(struct master *m, int fd, struct span command, struct buf *out)
{
	if (span_is(command, "metrics")) {
		buf_add_str(out, "ok\n");
		metrics_print(out, master_board(m));
	} else if (span_is(command, "reload")) {
		reload(m, out);
	} else if (span_is(command, "upgrade")) {
		return upgrade(m, fd, out);
	} else if (span_is(command, "drain")) {
		master_drain(m);
		buf_add_str(out, "ok\n");
	} else {
		buf_add_str(out, "error\nthe command is not known\n");
	}
	return false;
}

/* Children end while we wait: SIGCHLD interrupts a call that has a timeout
 * even where it would be restarted (signal(7)). */
static ssize_t
receive(int fd, char *text, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, text, size, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/* All of it or none: a part would look whole. A peer that does not take its answer does without. */
static void
answer(int fd, const struct buf *out)
{
	struct span text = out->failed ? SPAN_LITERAL("error\nno memory for the answer\n") : buf_span(out);

	while (text.len > 0) {
		ssize_t n = send(fd, text.data, text.len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			text = span_from(text, (size_t)n);
	}
}

static void
hear(void *context)
{
	struct control *c = context;
	struct timeval patience = { .tv_sec = CONTROL_PATIENCE_S };
	char text[CONTROL_COMMAND_MAX];
	struct buf out = { 0 };
	bool later = false;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	n = receive(fd, text, sizeof(text));
	if (n > 0) {
		later = obey(c->master, fd, span_trim(span_of(text, (size_t)n)), &out);
		answer(fd, &out);
	}
	buf_free(&out);
	if (!later)
		close(fd);
}

void
control_answer(int fd, bool ok, const char *text)
{
	struct buf out = { 0 };

	buf_printf(&out, "%s\n%s%s", ok ? "ok" : "error", text, text[0] != '\0' ? "\n" : "");
	answer(fd, &out);
	buf_free(&out);
	close(fd);
}

struct control *
control_new(struct loop *l, const char *path, struct master *m)
{
	struct arena *arena = arena_new(0);
	struct control *c = calloc(1, sizeof(*c));
	struct address address = { .text = path, .path = path };
	const char *error = "out of memory";
	mode_t mask = umask(0177);

	if (c != NULL) {
		c->master = m;
		c->path = strdup(path);
		c->fd = listen_open(arena, &address, INTERCEPT_NONE, &error);
		if (c->fd >= 0)
			c->watch = watch_new(l, c->fd, hear, c);
		if (c->watch == NULL) {
			log_warning("control", "%s: gatepost ctl will not reach this gatepost", error);
			control_free(&c);
		}
	}
	umask(mask);
	arena_free(&arena);
	return c;
}

void
control_free(struct control **control)
{
	struct control *c = *control;

	if (c == NULL)
		return;
	*control = NULL;
	watch_free(&c->watch);
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->path);
	}
	free(c->path);
	free(c);
}
