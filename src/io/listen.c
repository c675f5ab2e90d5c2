/* Listening sockets. Names are resolved by the system, blocking: this runs
 * once, when a configuration is taken into use. */
#include "config.h"

#include "io/peer.h"

#include "io/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel's net.core.somaxconn bounds it. */
enum { BACKLOG = 4096 };

static int
fail(struct arena *a, const struct address *address, const char *what, int fd, const char **error)
{
	*error = arena_printf(a, "%s: %s: %s", address->text, what, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int
open_bound(struct arena *a, const struct address *address, const struct peer *at, bool dual, enum intercept intercept,
    const char **error)
{
	int family = at->address.ss_family, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(a, address, "socket", -1, error);
	if (family != AF_UNIX)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !dual);
	if (intercept == INTERCEPT_TPROXY && !socket_set_transparent(fd, family))
		return fail(a, address, "IP_TRANSPARENT", fd, error);
	if (bind(fd, (const struct sockaddr *)&at->address, at->len) != 0)
		return fail(a, address, "bind", fd, error);
	if (listen(fd, BACKLOG) != 0)
		return fail(a, address, "listen", fd, error);
	return fd;
}

/* A socket file that nobody listens at is left over from a process that died. */
static void
remove_stale(const struct peer *at, const char *path)
{
	struct stat status;
	int fd;

	if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&at->address, at->len) != 0 && errno == ECONNREFUSED)
		unlink(path);
	close(fd);
}

static int
open_unix(struct arena *a, const struct address *address, const char **error)
{
	struct peer at;

	if (!peer_of_path(address->path, &at)) {
		errno = ENAMETOOLONG;
		return fail(a, address, "path", -1, error);
	}
	remove_stale(&at, address->path);
	return open_bound(a, address, &at, false, INTERCEPT_NONE, error);
}

static int
open_any(struct arena *a, const struct address *address, enum intercept intercept, const char **error)
{
	struct peer v6 = { .len = sizeof(struct sockaddr_in6) }, v4 = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&v6.address;
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&v4.address;
	int fd;

	*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
	*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
	fd = open_bound(a, address, &v6, true, intercept, error);
	/* A kernel without IPv6 has no such family, or no such address. */
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = open_bound(a, address, &v4, false, intercept, error);
	return fd;
}

int
listen_open(struct arena *a, const struct address *address, enum intercept intercept, const char **error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
	struct peer at = { 0 };
	char port[8];
	int code;

	if (address->path != NULL)
		return open_unix(a, address, error);
	if (strcmp(address->host, "*") == 0)
		return open_any(a, address, intercept, error);
	snprintf(port, sizeof(port), "%u", address->port);
	code = getaddrinfo(address->host, port, &hints, &found);
	if (code != 0) {
		*error = arena_printf(a, "%s: %s", address->text, gai_strerror(code));
		return -1;
	}
	memcpy(&at.address, found->ai_addr, found->ai_addrlen);
	at.len = found->ai_addrlen;
	freeaddrinfo(found);
	return open_bound(a, address, &at, false, intercept, error);
}
