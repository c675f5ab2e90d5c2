/* Making sockets. */
#include "config.h"

#include "io/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

bool
peer_of_path(const char *path, struct peer *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&out->address;
	size_t len = strlen(path);

	*out = (struct peer){ .len = sizeof(*un) };
	un->sun_family = AF_UNIX;
	if (len >= sizeof(un->sun_path))
		return false;
	memcpy(un->sun_path, path, len + 1);
	return true;
}

bool
socket_set_transparent(int fd, int family)
{
	int on = 1;

	/* An IPv6 socket that takes IPv4 too needs both. */
	if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) != 0)
		return false;
	return family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on)) == 0;
}

/* The source's address, any port, in the family of the socket. */
static bool
source_address(const struct peer *source, int family, struct peer *out)
{
	unsigned char bytes[16];

	peer_bytes(source, bytes);
	*out = (struct peer){ 0 };
	if (family == AF_INET && peer_is_v4(source)) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)&out->address;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, bytes + 12, 4);
		out->len = sizeof(*in);
	} else if (family == AF_INET6 && source->address.ss_family == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)(void *)&out->address;

		in->sin6_family = AF_INET6;
		memcpy(&in->sin6_addr, bytes, 16);
		out->len = sizeof(*in);
	}
	return out->len > 0;
}

static const char *
bind_source(int fd, const struct peer *source, int family)
{
	struct peer from;
	int on = 1;

	if (!source_address(source, family, &from))
		return "the client's address is of another family";
	/* Without the privilege bind() fails for an address that is not ours. */
	socket_set_transparent(fd, family);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)&from.address, from.len) == 0 ? NULL : strerror(errno);
}

int
socket_connect(const struct peer *to, const struct peer *source, bool *pending, const char **reason)
{
	int family = to->address.ss_family, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	*reason = NULL;
	*pending = false;
	if (fd < 0) {
		*reason = strerror(errno);
		return SOCKET_NONE;
	}
	if (family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (source != NULL)
		*reason = bind_source(fd, source, family);
	if (*reason == NULL && connect(fd, (const struct sockaddr *)&to->address, to->len) != 0) {
		*pending = errno == EINPROGRESS;
		if (!*pending)
			*reason = strerror(errno);
	}
	if (*reason == NULL)
		return fd;
	close(fd);
	return -1;
}
