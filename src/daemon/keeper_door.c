/* The way to the keeper for those who are no proxies: a socket in the folder of
 * the quarantine, where only its owner and root can enter, and the owner is
 * heard only if gatepost was started by him. One connection has one order, for
 * the keeper has messages to keep.
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

static bool
is_master(int fd, uid_t master)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == master);
}

static void
answer_order(int fd, uid_t master, struct quarantine *q, const struct settings *settings, struct span in)
{
	struct arena *a = arena_new(KEEPER_ORDER_MAX * 4);
	struct keeper_result result = { .error = SPAN_LITERAL("while gatepost runs only root may do that") };
	struct keeper_order order;
	struct buf out = { 0 };

	if (keeper_order_decode(a, in, &order)) {
		if (is_master(fd, master))
			keeper_obey(q, settings, &order, &result);
		keeper_result_encode(&out, &result);
		packet_send(fd, buf_span(&out), SPAN_NONE, NULL, 0);
	}
	buf_free(&out);
	arena_free(&a);
}

void
keeper_door_hear(int door, uid_t master, struct quarantine *q, const struct settings *settings)
{
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	struct packet p;

	if (fd < 0)
		return;
	set_patience(fd, PEER_PATIENCE_S);
	packet_init(&p);
	if (packet_receive(fd, &p) > 0 && p.data.len <= KEEPER_ORDER_MAX)
		answer_order(fd, master, q, settings, buf_span(&p.data));
	packet_free(&p);
	close(fd);
}

/* ---- the other side ---- */

enum given { GIVEN, NOT_YET, NO_KEEPER, LOST /* a keeper had it and did not answer */ };

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

/* One order there, its result back. */
static enum given
carry(int folder, struct span order, struct packet *result)
{
	enum given given = NOT_YET;
	int fd = reach_keeper(folder);

	if (fd < 0)
		return NO_KEEPER;
	set_patience(fd, KEEPER_PATIENCE_S);
	if (packet_send(fd, order, SPAN_NONE, NULL, 0) == PACKET_SENT)
		given = packet_receive(fd, result) > 0 ? GIVEN : LOST;
	close(fd);
	return given;
}

/* The life of the courier: orders come in, what came of each goes back. */
static _Noreturn void
carry_all(int folder, int peer)
{
	struct packet order, result;

	packet_init(&order);
	packet_init(&result);
	while (packet_receive(peer, &order) > 0) {
		struct buf head = { 0 };
		enum given given = carry(folder, buf_span(&order.data), &result);

		buf_put_u32(&head, given);
		packet_send(peer, buf_span(&head), given == GIVEN ? buf_span(&result.data) : SPAN_NONE, NULL, 0);
		buf_free(&head);
	}
	_exit(0);
}

int
keeper_courier_start(const char *path)
{
	int folder = open_folder(path), pair[2];
	pid_t pid = -1;

	if (folder < 0)
		return -1;
	if (packet_pair(pair, false, false)) {
		pid = fork();
		if (pid == 0) {
			close(pair[0]);
			carry_all(folder, pair[1]);
		}
		close(pair[1]);
		if (pid < 0)
			close(pair[0]);
	}
	close(folder);
	return pid > 0 ? pair[0] : -1;
}

static enum given
have_carried(int courier, struct span order, struct packet *result)
{
	struct span in;
	uint32_t given;

	if (packet_send(courier, order, SPAN_NONE, NULL, 0) != PACKET_SENT)
		return NOT_YET;
	if (packet_receive(courier, result) <= 0)
		return LOST;
	in = buf_span(&result->data);
	if (!take_u32(&in, &given) || given > LOST)
		return LOST;
	buf_consume(&result->data, result->data.len - in.len);
	return (enum given)given;
}

static enum given
give_to_keeper(int folder, int courier, const struct keeper_order *order, struct arena *a,
    struct keeper_result *result)
{
	struct buf out = { 0 };
	enum given given;
	struct packet p;

	keeper_order_encode(&out, order);
	packet_init(&p);
	given = courier >= 0 ? have_carried(courier, buf_span(&out), &p) : carry(folder, buf_span(&out), &p);
	if (given == GIVEN && !keeper_result_decode(arena_copy(a, buf_span(&p.data)), result))
		given = LOST;
	packet_free(&p);
	buf_free(&out);
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
	if (q == NULL && is_locked(folder))
		return NOT_YET; /* a keeper was quicker */
	if (q == NULL) {
		*result = (struct keeper_result){ .error = span_str(error) };
		return GIVEN;
	}
	keeper_obey(q, settings, order, result);
	result->error = arena_copy(a, result->error);
	quarantine_close(&q);
	return GIVEN;
}

/* Given again until a keeper answers, or nobody needs to. */
static enum given
give(int folder, const struct settings *settings, int courier, const struct keeper_order *order, struct arena *a,
    struct keeper_result *result)
{
	const struct timespec rest = { .tv_nsec = GIVE_REST_MS * 1000 * 1000 };
	uint64_t until = clock_millis() + GIVE_PATIENCE_MS;
	bool lost = false;
	enum given given;

	for (;;) {
		given = give_to_keeper(folder, courier, order, a, result);
		if (given == NO_KEEPER)
			given = carry_out(folder, settings, order, a, result);
		lost = lost || given == LOST;
		if (given == GIVEN || clock_millis() >= until)
			break;
		nanosleep(&rest, NULL);
	}
	result->lost = lost;
	return given;
}

void
keeper_order_give(const struct settings *settings, int courier, const struct keeper_order *order, struct arena *a,
    struct keeper_result *result)
{
	int folder = open_folder(settings->quarantine_path);

	*result = (struct keeper_result){ .error = SPAN_LITERAL("the folder of the quarantine cannot be opened") };
	if (folder < 0)
		return;
	if (give(folder, settings, courier, order, a, result) != GIVEN)
		result->error = result->lost ?
		    SPAN_LITERAL("the keeper of the running gatepost had the order, and went away or hangs without an answer") :
		    SPAN_LITERAL("the keeper of the running gatepost does not answer");
	close(folder);
}
