/* What a process says of itself. The kernel's word is in /proc/self/status, which
 * is open since before the cage: resident memory, and how large the table of
 * descriptors is. Those that are open are counted by poll(2), which every cage
 * allows: no folder has to be read, and a limit of a thousand million costs nothing. */
#include "config.h"

#include "daemon/self.h"

#include "daemon/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	POLLED = 1024,      /* descriptors at a time: 8 KiB of stack */
	STATUS_SIZE = 4096, /* it has some 1,500 octets */
	OCTETS_A_KIB = 1024,
};

static struct {
	int status;
	uint64_t descriptors_most;
} known = { .status = -1 };

void
self_begin(void)
{
	known.status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	self_note_limit();
}

void
self_note_limit(void)
{
	struct rlimit limit;

	known.descriptors_most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

/* The number behind that name; 0 when there is none. */
static uint64_t
field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Of those from `first` on, `count`, which is POLLED at most. */
static uint64_t
count_some(uint64_t first, uint64_t count)
{
	struct pollfd fds[POLLED];
	uint64_t open = 0;

	for (uint64_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = (int)(first + i) };
	if (poll(fds, count, 0) < 0)
		return 0;
	for (uint64_t i = 0; i < count; i++)
		open += (fds[i].revents & POLLNVAL) == 0;
	return open;
}

/* poll() takes no more at a time than the process may have open; beyond the table's
 * end nothing is. */
static uint64_t
count_open(uint64_t table, uint64_t most)
{
	uint64_t step = most < POLLED ? most : POLLED, open = 0;

	for (uint64_t i = 0; step > 0 && i < table; i += step)
		open += count_some(i, step);
	return open;
}

void
self_look(struct self *s)
{
	char status[STATUS_SIZE];
	ssize_t n = pread(known.status, status, sizeof(status) - 1, 0);

	status[n > 0 ? n : 0] = '\0';
	*s = (struct self){ field(status, "\nVmRSS:") * OCTETS_A_KIB, count_open(field(status, "\nFDSize:"), known.descriptors_most),
		known.descriptors_most };
}

static uint32_t
bounded(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

void
self_tell(int channel)
{
	struct pollfd writable = { .fd = channel, .events = POLLOUT };
	struct self s;

	if (poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0)
		return;
	self_look(&s);
	channel_send(channel, CHANNEL_MEMORY, bounded(s.memory / OCTETS_A_KIB), -1);
	channel_send(channel, CHANNEL_DESCRIPTORS, bounded(s.descriptors), -1);
	channel_send(channel, CHANNEL_DESCRIPTORS_MOST, bounded(s.descriptors_most), -1);
}
