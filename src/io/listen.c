/* Listening sockets. Names are resolved by the system, blocking: this runs
 * once, when a configuration is taken into use. */
#include "config.h"

#include "io/peer.h"

#include "io/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* As getaddrinfo(3). */
static int
resolve(const struct address *address, struct peer *at)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
	char port[8];
	int code;

	snprintf(port, sizeof(port), "%u", address->port);
	code = getaddrinfo(address->host, port, &hints, &found);
	if (code != 0)
		return code;
	memcpy(&at->address, found->ai_addr, found->ai_addrlen);
	at->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int
listen_open(struct arena *a, const struct address *address, enum intercept intercept, const char **error)
{
	struct peer at;
	int code;

	if (address->path != NULL)
		return open_unix(a, address, error);
	if (strcmp(address->host, "*") == 0)
		return open_any(a, address, intercept, error);
	code = resolve(address, &at);
	if (code != 0) {
		*error = arena_printf(a, "%s: %s", address->text, gai_strerror(code));
		return -1;
	}
	return open_bound(a, address, &at, false, intercept, error);
}

/* ---- opened by others ---- */

static bool
is_at_path(const struct peer *name, const char *path)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&name->address;

	return name->address.ss_family == AF_UNIX && strncmp(un->sun_path, path, sizeof(un->sun_path)) == 0;
}

static bool
is_any(int fd, const struct peer *name)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&name->address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&name->address;
	int only = 1;
	socklen_t len = sizeof(only);

	if (name->address.ss_family == AF_INET)
		return four->sin_addr.s_addr == htonl(INADDR_ANY);
	return name->address.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr) &&
	    getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 && only == 0;
}

bool
listen_is_at(int fd, const struct address *address)
{
	struct peer name = { .len = sizeof(name.address) }, at;

	if (getsockname(fd, (struct sockaddr *)&name.address, &name.len) != 0)
		return false;
	if (address->path != NULL)
		return is_at_path(&name, address->path);
	if (strcmp(address->host, "*") == 0)
		return is_any(fd, &name) && peer_port(&name) == address->port;
	return resolve(address, &at) == 0 && peer_is_same(&name, &at);
}

int
listen_adopt(struct arena *a, const struct address *address, int fd, enum intercept intercept, const char **error)
{
	int family = 0;
	socklen_t len = sizeof(family);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return fail(a, address, "O_NONBLOCK", fd, error);
	if (intercept == INTERCEPT_TPROXY && !socket_set_transparent(fd, family))
		return fail(a, address, "IP_TRANSPARENT", fd, error);
	return fd;
}

const char *
listen_name(struct arena *a, int fd)
{
	struct peer name = { .len = sizeof(name.address) };
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&name.address;
	char number[PEER_TEXT_SIZE];

	if (getsockname(fd, (struct sockaddr *)&name.address, &name.len) != 0)
		return "?";
	if (name.address.ss_family == AF_UNIX)
		return arena_printf(a, "unix:%.*s", (int)sizeof(un->sun_path), un->sun_path);
	peer_text(&name, number);
	return arena_printf(a, name.address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", number, peer_port(&name));
}
