/* Descriptors, written to their end. */
#include "config.h"

#include "base/file.h"

#include <errno.h>
#include <unistd.h>

/* What is left of s after a call that returned n. False: it failed for good. */
static bool
advance(struct span *s, ssize_t n)
{
	if (n == 0)
		errno = EIO; /* of octets that there are, it would be so for ever */
	if (n <= 0)
		return n < 0 && errno == EINTR;
	*s = span_from(*s, (size_t)n);
	return true;
}

bool
write_all(int fd, struct span s)
{
	while (s.len > 0)
		if (!advance(&s, write(fd, s.data, s.len)))
			return false;
	return true;
}

bool
write_all_at(int fd, struct span s, uint64_t offset)
{
	const char *begin = s.data;

	while (s.len > 0)
		if (!advance(&s, pwrite(fd, s.data, s.len, (off_t)(offset + (uint64_t)(s.data - begin)))))
			return false;
	return true;
}
