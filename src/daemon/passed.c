/* Sockets of the service manager. Which socket is which the kernel tells: its number is the
 * same in every duplicate and in every process. */
#include "config.h"

#include "daemon/passed.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static int
option(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : 0;
}

void
passed_add(struct listen_sockets *out, struct arena *a, int fd)
{
	if (option(fd, SO_ACCEPTCONN) != 0 && option(fd, SO_TYPE) == SOCK_STREAM && out->count < PASSED_MAX) {
		out->items[out->count++] = (struct listen_socket){ .address = listen_name(a, fd), .fd = fd };
		return;
	}
	log_warning("listener", "descriptor %d, which the service manager passes, is no listening stream socket, or one too"
	    " many: it is closed", fd);
	close(fd);
}

void
passed_take(struct listen_sockets *out, struct arena *a)
{
	*out = (struct listen_sockets){ ARENA_ARRAY(a, struct listen_socket, PASSED_MAX), 0 };
#ifdef HAVE_SYSTEMD
	int count = sd_listen_fds(1);

	if (count < 0)
		log_warning("listener", "the sockets that the service manager passes cannot be told: %s", strerror(-count));
	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++)
		passed_add(out, a, fd);
#endif
}

/* Of the socket, in all of this kernel; 0: it is none. */
static uint64_t
number(int fd)
{
	uint64_t value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &len) == 0 ? value : 0;
}

static bool
is_among(const struct listen_sockets *sockets, int fd)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (number(sockets->items[i].fd) == number(fd))
			return true;
	return false;
}

int
passed_find(const struct listen_sockets *passed, const struct listen_sockets *out, const struct address *address)
{
	for (size_t i = 0; i < passed->count; i++)
		if (listen_is_at(passed->items[i].fd, address) && !is_among(out, passed->items[i].fd))
			return fcntl(passed->items[i].fd, F_DUPFD_CLOEXEC, 0);
	return -1;
}

void
passed_tell_unused(const struct listen_sockets *passed, const struct listen_sockets *a, const struct listen_sockets *b)
{
	for (size_t i = 0; i < passed->count; i++)
		if (!is_among(a, passed->items[i].fd) && !is_among(b, passed->items[i].fd))
			log_warning("listener", "no listener has the address %s, at which the service manager passes a socket:"
			    " who connects to it waits for nobody", passed->items[i].address);
}
