/* Landlock by its three system calls, for the C library has none of them. Each
 * version of it can forbid more; what the running kernel does not know is not
 * asked for. What a path's status is, and sockets that have a path, it does not
 * govern. */
#include "config.h"

#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By our own names, for a kernel may be newer than the headers. */
enum {
	FILE_RIGHTS = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE,
	FOLDER_RIGHTS = (1 << 13) - 1, /* version 1 */
	RIGHT_REFER = 1 << 13,         /* version 2 */
	RIGHT_TRUNCATE = 1 << 14,      /* version 3 */
	RIGHT_IOCTL_DEV = 1 << 15,     /* version 5 */
	BIND_AND_CONNECT = 3,          /* version 4 */
	SCOPE_SOCKETS_AND_SIGNALS = 3, /* version 6 */
	READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	WRITING = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | RIGHT_REFER | RIGHT_TRUNCATE,
};

/* struct landlock_ruleset_attr as of version 6. */
struct ruleset {
	uint64_t files, network, scoped;
};

int
landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

static uint64_t
known_rights(int version)
{
	return FOLDER_RIGHTS | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNCATE : 0) |
	    (version >= 5 ? RIGHT_IOCTL_DEV : 0);
}

bool
landlock_begin(struct landlock *l, bool no_network)
{
	int version = landlock_version();
	struct ruleset r = { .files = known_rights(version),
		.network = no_network && version >= 4 ? BIND_AND_CONNECT : 0,
		.scoped = version >= 6 ? SCOPE_SOCKETS_AND_SIGNALS : 0 };
	size_t size = version >= 6 ? sizeof(r) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);

	*l = (struct landlock){ .ruleset = -1, .files = r.files };
	if (version == 0)
		return true;
	l->ruleset = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	return l->ruleset >= 0;
}

/* Of a file that is no folder, only some rights can be told. */
static bool
allow(struct landlock *l, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & l->files, .parent_fd = fd };
	struct stat status;

	if (fstat(fd, &status) != 0)
		return false;
	if (!S_ISDIR(status.st_mode))
		rule.allowed_access &= FILE_RIGHTS | RIGHT_TRUNCATE;
	return syscall(SYS_landlock_add_rule, l->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool
allow_path(struct landlock *l, const char *path, uint64_t rights)
{
	bool ok;
	int fd;

	if (l->ruleset < 0)
		return true;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	ok = allow(l, fd, rights);
	close(fd);
	return ok;
}

bool
landlock_allow_reading(struct landlock *l, const char *path)
{
	return allow_path(l, path, READING);
}

bool
landlock_allow_reading_at(struct landlock *l, int folder)
{
	return l->ruleset < 0 || allow(l, folder, READING);
}

bool
landlock_allow_writing(struct landlock *l, const char *path)
{
	return allow_path(l, path, WRITING);
}

bool
landlock_close(struct landlock *l)
{
	bool ok;

	if (l->ruleset < 0)
		return true;
	ok = syscall(SYS_landlock_restrict_self, l->ruleset, 0) == 0;
	close(l->ruleset);
	l->ruleset = -1;
	return ok;
}
