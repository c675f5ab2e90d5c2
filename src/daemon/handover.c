/* The first words between two masters, and how the new one is started. */
#include "config.h"

#include "daemon/handover.h"

#include "io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char variable[] = "GATEPOST_HANDOVER";

bool
handover_send(int channel, enum handover_kind kind, struct span text, int fd)
{
	unsigned char head = (unsigned char)kind;

	return packet_send_surely(channel, span_of((char *)&head, 1), text, &fd, fd >= 0 ? 1 : 0) == PACKET_SENT;
}

int
handover_receive(int channel, struct packet *p, struct handover_message *m)
{
	int got = packet_receive(channel, p);
	struct span in;

	if (got <= 0)
		return got;
	in = buf_span(&p->data);
	if (in.len == 0)
		return -1;
	m->kind = (enum handover_kind)(unsigned char)in.data[0];
	m->text = span_from(in, 1);
	m->fd = p->fds[0];
	p->fds[0] = -1;
	return 1;
}

/* ---- the old one ---- */

static bool
give(int channel, const struct listen_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		const struct listen_socket *s = &sockets->items[i];
		enum handover_kind kind = s->listener == SIZE_MAX ? HANDOVER_METRICS :
		    s->intercept == INTERCEPT_TPROXY ? HANDOVER_TRANSPARENT : HANDOVER_LISTENER;

		if (!handover_send(channel, kind, span_str(s->address), s->fd))
			return false;
	}
	return true;
}

/* In the process that is to become the new one. */
static _Noreturn void
become(const char *program, const char *file, int channel)
{
	char number[16];
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(number, sizeof(number), "%d", channel);
	if (fcntl(channel, F_SETFD, 0) == 0 && setenv(variable, number, 1) == 0)
		execl(program, program, "run", "-c", file, (char *)NULL);
	handover_send(channel, HANDOVER_FAILED, span_str(strerror(errno)), -1);
	_exit(127);
}

/* As fork(), of a process whose parent is not this one, but init or the service manager:
 * that waits at a stop only for what is its own child. */
static pid_t
fork_away(void)
{
	int told[2];
	pid_t between, pid;

	if (pipe2(told, O_CLOEXEC) != 0)
		return -1;
	between = loop_fork();
	if (between == 0) {
		pid = fork();
		if (pid == 0)
			return 0;
		pid = pid > 0 ? pid : -errno;
		_exit(write(told[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	pid = between > 0 ? -EIO : -errno;
	close(told[1]);
	if (between > 0) {
		(void)!read(told[0], &pid, sizeof(pid));
		waitpid(between, NULL, 0);
	}
	close(told[0]);
	errno = pid < 0 ? -pid : 0;
	return pid < 0 ? -1 : pid;
}

int
handover_start(const char *program, const char *file, const struct realm *r, pid_t *pid, const char **error)
{
	int pair[2];
	bool ok;

	if (!packet_pair(pair, true, false)) {
		*error = strerror(errno);
		return -1;
	}
	*pid = fork_away();
	if (*pid == 0)
		become(program, file, pair[1]);
	*error = *pid < 0 ? strerror(errno) : NULL;
	close(pair[1]);
	if (*pid < 0) {
		close(pair[0]);
		return -1;
	}
	ok = give(pair[0], &r->sockets) && give(pair[0], &r->metrics);
	for (size_t i = 0; ok && i < r->passed->count; i++)
		ok = handover_send(pair[0], HANDOVER_PASSED, SPAN_NONE, r->passed->items[i].fd);
	/* One that does not get them all ends, as it hears nothing more; its end of the channel tells. */
	if (!ok || !handover_send(pair[0], HANDOVER_ALL, SPAN_NONE, -1))
		shutdown(pair[0], SHUT_WR);
	return pair[0];
}

/* ---- the new one ---- */

int
handover_find(void)
{
	const char *number = getenv(variable);
	int channel, type = 0;
	socklen_t len = sizeof(type);
	uint64_t value;

	if (number == NULL)
		return -1;
	channel = span_to_u64(span_str(number), &value) && value <= INT32_MAX ? (int)value : -1;
	unsetenv(variable);
	if (getsockopt(channel, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_SEQPACKET ||
	    fcntl(channel, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return channel;
}

enum { SOCKETS_MAX = 4096 }; /* no honest gatepost listens at so many */

static bool
note(struct listen_sockets *all, const struct handover_message *m, struct arena *a)
{
	if (m->fd < 0 || all->count == SOCKETS_MAX)
		return false;
	all->items[all->count++] = (struct listen_socket){
		.address = arena_strndup(a, m->text),
		.intercept = m->kind == HANDOVER_TRANSPARENT ? INTERCEPT_TPROXY : INTERCEPT_NONE,
		.listener = m->kind == HANDOVER_METRICS ? SIZE_MAX : 0,
		.fd = m->fd,
	};
	return true;
}

static struct listen_sockets *
list_of(enum handover_kind kind, struct realm *r, struct listen_sockets *passed)
{
	switch (kind) {
	case HANDOVER_METRICS:
		return &r->metrics;
	case HANDOVER_PASSED:
		return passed;
	default:
		return &r->sockets;
	}
}

bool
handover_take_sockets(int channel, struct arena *a, struct realm *r, struct listen_sockets *passed)
{
	struct handover_message m = { .kind = HANDOVER_LISTENER };
	struct packet p;
	bool ok = true;

	r->sockets = (struct listen_sockets){ ARENA_ARRAY(a, struct listen_socket, SOCKETS_MAX), 0 };
	r->metrics = (struct listen_sockets){ ARENA_ARRAY(a, struct listen_socket, SOCKETS_MAX), 0 };
	*passed = (struct listen_sockets){ ARENA_ARRAY(a, struct listen_socket, SOCKETS_MAX), 0 };
	packet_init(&p);
	while (ok && m.kind != HANDOVER_ALL) {
		ok = handover_receive(channel, &p, &m) > 0;
		if (ok && m.kind != HANDOVER_ALL)
			ok = note(list_of(m.kind, r, passed), &m, a);
	}
	packet_free(&p);
	return ok && fcntl(channel, F_SETFL, O_NONBLOCK) == 0;
}
