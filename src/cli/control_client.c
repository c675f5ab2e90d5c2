/* Asking over the control socket. */
#include "config.h"

#include "cli/control_client.h"

#include "cli/commands.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
fail(struct buf *why, const char *path, const char *what, const char *more)
{
	buf_clear(why);
	buf_printf(why, "%s: %s%s", path, what, more);
	return STATUS_ERROR;
}

/* Negative: it cannot be reached, and errno says why. */
static int
reach(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), failure = ENAMETOOLONG;

	if (fd < 0)
		return -1;
	if (strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path) + 1);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		failure = errno;
	}
	close(fd);
	errno = failure;
	return -1;
}

/* The first line says whether it was done. */
static int
take_answer(int fd, const char *path, struct buf *answer)
{
	struct span text, first;
	char *room;
	ssize_t n = 0;
	int status;

	while ((room = buf_reserve(answer, 4096)) != NULL && (n = read(fd, room, 4096)) > 0)
		buf_commit(answer, (size_t)n);
	text = buf_span(answer);
	if (n < 0 || answer->failed || !span_split(&text, '\n', &first) || first.len == 0)
		return fail(answer, path, "gatepost gave no answer", "");
	status = span_is(first, "ok") ? STATUS_OK : STATUS_NEGATIVE;
	buf_consume(answer, answer->len - text.len);
	return status;
}

int
control_ask(const char *path, const char *command, struct buf *answer)
{
	int fd = reach(path), status;

	if (fd < 0)
		return fail(answer, path, strerror(errno), ": is gatepost running?");
	if (send(fd, command, strlen(command), MSG_NOSIGNAL) > 0)
		status = take_answer(fd, path, answer);
	else
		status = fail(answer, path, strerror(errno), "");
	close(fd);
	return status;
}
