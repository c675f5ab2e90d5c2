/* The way to the keeper for those who are no proxies: a socket in the folder of
 * the quarantine, where only its owner and root can enter. One connection has
 * one order, for the keeper has messages to keep.
 *
 * Who finds no keeper there takes the lock of the folder, as a keeper does, and
 * carries the order out himself: so there is one writer at any time, and the
 * lock is held no longer than one order takes. A socket's name is short and a
 * path may be long, so it is named by the folder's descriptor. */
#include "config.h"

#include "daemon/keeper_order.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/keeper_wire.h"
#include "io/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE = 16,           /* connections that wait */
	PEER_PATIENCE_S = 1,  /* for the peer, who is on this machine */
	KEEPER_PATIENCE_S = 60, /* a keeper that just writes a large message to a slow disk */
	GIVE_PATIENCE_MS = 10 * 1000, /* for a keeper that starts or ends */
	GIVE_REST_MS = 50,
};

static const char socket_name[] = "keeper";

static int
open_folder(const char *folder)
{
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct sockaddr_un
address_in(int folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, socket_name);
	return address;
}

static void
set_patience(int fd, int seconds)
{
	const struct timeval patience = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* ---- the keeper's side ---- */

static bool
listen_in(int door, int folder)
{
	const struct sockaddr_un address = address_in(folder);
	mode_t mask = umask(077);
	bool ok = (unlinkat(folder, socket_name, 0) == 0 || errno == ENOENT) &&
	    bind(door, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(door, QUEUE) == 0;

	umask(mask);
	return ok;
}

int
keeper_door_open(const char *path)
{
	int folder = open_folder(path);
	int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (folder < 0 || door < 0 || !listen_in(door, folder)) {
		log_warning("keeper", "%s/%s: %m: gatepost quarantine can only read while gatepost runs", path, socket_name);
		if (door >= 0)
			close(door);
		door = -1;
	}
	if (folder >= 0)
		close(folder);
	return door;
}

void
keeper_door_close(const char *path, int *door)
{
	int folder = *door >= 0 ? open_folder(path) : -1;

	if (folder >= 0) {
		unlinkat(folder, socket_name, 0);
		close(folder);
	}
	if (*door >= 0)
		close(*door);
	*door = -1;
}

static void
answer_order(int fd, struct quarantine *q, const struct settings *settings, struct span in)
{
	struct arena *a = arena_new(KEEPER_ORDER_MAX * 4);
	struct keeper_order order;
	struct keeper_result result;
	struct buf out = { 0 };

	if (keeper_order_decode(a, in, &order)) {
		keeper_obey(q, settings, &order, &result);
		keeper_result_encode(&out, &result);
		packet_send(fd, buf_span(&out), SPAN_NONE, NULL, 0);
	}
	buf_free(&out);
	arena_free(&a);
}

void
keeper_door_hear(int door, struct quarantine *q, const struct settings *settings)
{
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	struct packet p;

	if (fd < 0)
		return;
	set_patience(fd, PEER_PATIENCE_S);
	packet_init(&p);
	if (packet_receive(fd, &p) > 0 && p.data.len <= KEEPER_ORDER_MAX)
		answer_order(fd, q, settings, buf_span(&p.data));
	packet_free(&p);
	close(fd);
}

/* ---- the other side ---- */

enum given { GIVEN, NOT_YET, NO_KEEPER };

static int
reach_keeper(int folder)
{
	const struct sockaddr_un address = address_in(folder);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static enum given
give_to_keeper(int folder, const struct keeper_order *order, struct arena *a, struct keeper_result *result)
{
	enum given given = NOT_YET;
	int fd = reach_keeper(folder);
	struct buf out = { 0 };
	struct packet p;

	if (fd < 0)
		return NO_KEEPER;
	set_patience(fd, KEEPER_PATIENCE_S);
	keeper_order_encode(&out, order);
	packet_init(&p);
	if (packet_send(fd, buf_span(&out), SPAN_NONE, NULL, 0) == PACKET_SENT && packet_receive(fd, &p) > 0 &&
	    keeper_result_decode(arena_copy(a, buf_span(&p.data)), result))
		given = GIVEN;
	packet_free(&p);
	buf_free(&out);
	close(fd);
	return given;
}

static bool
is_locked(int folder)
{
	bool locked = flock(folder, LOCK_EX | LOCK_NB) != 0;

	if (!locked)
		flock(folder, LOCK_UN);
	return locked;
}

static enum given
carry_out(int folder, const struct settings *settings, const struct keeper_order *order, struct arena *a,
    struct keeper_result *result)
{
	const char *error = "";
	struct quarantine *q;

	if (is_locked(folder))
		return NOT_YET;
	q = quarantine_open(settings->quarantine_path, &error);
	if (q == NULL) {
		*result = (struct keeper_result){ .error = span_str(error) };
		return GIVEN;
	}
	keeper_obey(q, settings, order, result);
	result->error = arena_copy(a, result->error);
	quarantine_close(&q);
	return GIVEN;
}

void
keeper_order_give(const struct settings *settings, const struct keeper_order *order, struct arena *a,
    struct keeper_result *result)
{
	const struct timespec rest = { .tv_nsec = GIVE_REST_MS * 1000 * 1000 };
	uint64_t until = clock_millis() + GIVE_PATIENCE_MS;
	int folder = open_folder(settings->quarantine_path);
	enum given given;

	*result = (struct keeper_result){ .error = SPAN_LITERAL("the keeper of the running gatepost does not answer") };
	while (folder >= 0) {
		given = give_to_keeper(folder, order, a, result);
		if (given == NO_KEEPER)
			given = carry_out(folder, settings, order, a, result);
		if (given == GIVEN || clock_millis() >= until)
			break;
		nanosleep(&rest, NULL);
	}
	if (folder >= 0)
		close(folder);
	else
		result->error = SPAN_LITERAL("the folder of the quarantine cannot be opened");
}
