/* The files of the quarantine, and the order of the calls that make them
 * durable: the bytes, then the name in the day's folder, and once a day the
 * names of that folder and of those above it. These are synced also when they
 * exist already, for whoever made them may have been killed before his sync.
 *
 * No name comes from outside: a path is made of an id, and an id is made here
 * or has been checked digit by digit.
 *
 * Known limits: the file system must know hard links. On one without a journal
 * a loss of power between two steps may leave a file without a row, which
 * nobody was told of: it takes room and does no other harm. */
#include "config.h"

#include "store/vault.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_NAME_SIZE = QUARANTINE_ID_SIZE + sizeof(".eml"),
	LOCK_TRIES = 50, /* for half a second: whoever has the lock may be about to end, with a sync */
	LOCK_REST_NS = 10 * 1000 * 1000,
};

static bool
fail(const char **error, const char *what)
{
	log_error("quarantine", "%s: %s", what, strerror(errno));
	*error = what;
	return false;
}

/* Every folder of the path that is missing; only the last is private. */
static bool
make_path(const char *path)
{
	char *copy = strdup(path);
	bool ok = copy != NULL;

	for (char *slash = copy; ok && (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		ok = mkdir(copy, 0755) == 0 || errno == EEXIST;
	}
	free(copy);
	return ok && (mkdir(path, 0700) == 0 || errno == EEXIST);
}

static int
open_folder(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool
sync_parent(int folder)
{
	int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = parent >= 0 && fsync(parent) == 0;

	/* A parent that may not be read was there before gatepost. */
	ok = ok || (parent < 0 && errno == EACCES);
	if (parent >= 0)
		close(parent);
	return ok;
}

static bool
lock(int folder)
{
	const struct timespec rest = { .tv_nsec = LOCK_REST_NS };

	for (int tries = 1; flock(folder, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
			return false;
		nanosleep(&rest, NULL);
	}
	return true;
}

bool
vault_open(struct vault *v, const char *path, const char **error)
{
	*v = VAULT_CLOSED;
	if (!make_path(path) || (v->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fail(error, "the folder of the quarantine cannot be opened");
	if (!lock(v->root))
		return fail(error, "another process has the quarantine open");
	v->messages = open_folder(v->root, "messages");
	v->incoming = open_folder(v->root, "incoming");
	if (v->messages < 0 || v->incoming < 0)
		return fail(error, "the folders of the quarantine cannot be made");
	return true;
}

bool
vault_open_reading(struct vault *v, const char *path, const char **error)
{
	*v = VAULT_CLOSED;
	v->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->root >= 0)
		v->messages = openat(v->root, "messages", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (v->messages >= 0)
		return true;
	if (v->root < 0 || errno != ENOENT)
		return fail(error, "the folder of the quarantine cannot be opened");
	*error = "nothing was ever kept in this folder";
	return false;
}

bool
vault_sync(struct vault *v, const char **error)
{
	if (fsync(v->root) != 0 || !sync_parent(v->root))
		return fail(error, "the folder of the quarantine cannot be synced");
	return true;
}

static void
close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
vault_close(struct vault *v)
{
	close_if_open(&v->day);
	close_if_open(&v->incoming);
	close_if_open(&v->messages);
	close_if_open(&v->root);
}

void
vault_new_id(char id[QUARANTINE_ID_SIZE])
{
	struct timespec now;
	struct tm tm;
	char seconds[sizeof("20261121T080512")];
	uint32_t salt = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y%m%dT%H%M%S", &tm);
	/* Only before the kernel's pool is filled can it fail, and O_EXCL finds
	 * the id that is there already. */
	if (getrandom(&salt, sizeof(salt), GRND_NONBLOCK) != sizeof(salt))
		salt = (uint32_t)now.tv_nsec;
	snprintf(id, QUARANTINE_ID_SIZE, "%s-%06u-%08x", seconds, (unsigned)(now.tv_nsec / 1000) % 1000000, salt);
}

static bool
is_id(const char *id)
{
	static const char shape[] = "ddddddddTdddddd-dddddd-xxxxxxxx";

	for (size_t i = 0; i < sizeof(shape); i++) {
		bool digit = ascii_is_digit(id[i]);

		if (shape[i] == 'd' ? !digit : shape[i] == 'x' ? !digit && (id[i] < 'a' || id[i] > 'f') : id[i] != shape[i])
			return false;
	}
	return true;
}

static void
file_name(char name[FILE_NAME_SIZE], const char *id)
{
	snprintf(name, FILE_NAME_SIZE, "%s.eml", id);
}

/* The first six digits of the day in pairs: "26/11/21/ID.eml". */
static void
message_path(char *path, size_t size, const char *id)
{
	snprintf(path, size, "%.2s/%.2s/%.2s/%s.eml", id + 2, id + 4, id + 6, id);
}

enum { MESSAGE_PATH_SIZE = sizeof("26/11/21/") + FILE_NAME_SIZE };

static int
open_synced_folder(int parent, const char *two_digits)
{
	char name[3] = { two_digits[0], two_digits[1], '\0' };
	int folder = open_folder(parent, name);

	if (folder >= 0 && fsync(parent) != 0)
		close_if_open(&folder);
	return folder;
}

/* v->day becomes the folder of the id's day, with its way down synced. */
static bool
enter_day(struct vault *v, const char *id)
{
	int year, month;

	if (v->day >= 0 && strncmp(v->day_name, id, 8) == 0)
		return true;
	close_if_open(&v->day);
	year = open_synced_folder(v->messages, id + 2);
	month = year >= 0 ? open_synced_folder(year, id + 4) : -1;
	if (month >= 0)
		v->day = open_synced_folder(month, id + 6);
	close_if_open(&year);
	close_if_open(&month);
	memcpy(v->day_name, id, 8);
	return v->day >= 0;
}

/* Inside the kernel; the offset of `in` is not used, for others share it. */
static bool
copy_file(int out, int in)
{
	struct stat st;
	off_t at = 0;

	if (fstat(in, &st) != 0)
		return false;
	while (at < st.st_size) {
		ssize_t n = sendfile(out, in, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* it was cut while we read */
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
write_incoming(struct vault *v, const char *id, int message_fd, struct span message, uint64_t *size)
{
	int out = openat(v->incoming, id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	bool ok;

	if (out < 0)
		return false;
	ok = message_fd >= 0 ? copy_file(out, message_fd) : write_all(out, message);
	ok = ok && fsync(out) == 0 && fstat(out, &st) == 0;
	if (ok)
		*size = (uint64_t)st.st_size;
	ok = close(out) == 0 && ok;
	if (!ok) {
		int why = errno;

		unlinkat(v->incoming, id, 0);
		errno = why;
	}
	return ok;
}

bool
vault_write(struct vault *v, const char *id, int message_fd, struct span message, uint64_t *size, const char **error)
{
	char name[FILE_NAME_SIZE];

	file_name(name, id);
	if (!write_incoming(v, id, message_fd, message, size))
		return fail(error, "the message cannot be written to the quarantine");
	if (!enter_day(v, id) || linkat(v->incoming, id, v->day, name, 0) != 0) {
		fail(error, "the message cannot be given its place in the quarantine");
		vault_settle(v, id); /* whatever has that place is not ours */
		return false;
	}
	if (fsync(v->day) != 0) {
		fail(error, "the folder of the message cannot be synced");
		vault_drop(v, id);
		return false;
	}
	return true;
}

void
vault_settle(struct vault *v, const char *id)
{
	if (unlinkat(v->incoming, id, 0) != 0)
		log_warning("quarantine", "incoming/%s cannot be removed: %s", id, strerror(errno));
}

/* The place first: while the link is there, the next start knows of it. */
void
vault_drop(struct vault *v, const char *id)
{
	char path[MESSAGE_PATH_SIZE];

	message_path(path, sizeof(path), id);
	if (unlinkat(v->messages, path, 0) != 0 && errno != ENOENT) {
		log_warning("quarantine", "messages/%s cannot be removed: %s", path, strerror(errno));
		return;
	}
	vault_settle(v, id);
}

static int
open_message(struct vault *v, const char *id)
{
	char path[MESSAGE_PATH_SIZE];

	message_path(path, sizeof(path), id);
	return openat(v->messages, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

int
vault_read(struct vault *v, const char *id, const char **error)
{
	int fd;

	if (!is_id(id)) {
		*error = "not the id of a message in quarantine";
		return -1;
	}
	fd = open_message(v, id);
	if (fd < 0 && errno == ENOENT)
		*error = "its file is not there, as when deleting it was interrupted; deleting it removes the rest";
	else if (fd < 0)
		fail(error, "the message cannot be opened");
	return fd;
}

/* Closes the descriptor where another has the lock. */
static void
lock_message(int *fd, const char **error)
{
	if (*fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return;
	*error = "the message is being released just now";
	close_if_open(fd);
}

int
vault_claim(struct vault *v, const char *id, const char **error)
{
	int fd = vault_read(v, id, error);

	lock_message(&fd, error);
	return fd;
}

/* ---- digests ---- */

static bool
digest_file(EVP_MD_CTX *md, int fd)
{
	char block[64 * 1024];
	ssize_t n;

	if (EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return false;
	while ((n = read(fd, block, sizeof(block))) > 0)
		if (EVP_DigestUpdate(md, block, (size_t)n) != 1)
			return false;
	return n == 0;
}

bool
vault_digest(struct vault *v, const char *id, char sha256[QUARANTINE_SHA256_SIZE], const char **error)
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int fd = vault_read(v, id, error);
	bool ok = fd >= 0;

	if (ok && (md == NULL || !digest_file(md, fd) || EVP_DigestFinal_ex(md, octets, NULL) != 1))
		ok = fail(error, "the message cannot be read back");
	for (size_t i = 0; ok && i < (QUARANTINE_SHA256_SIZE - 1) / 2; i++)
		snprintf(&sha256[2 * i], 3, "%02x", octets[i]);
	EVP_MD_CTX_free(md);
	close_if_open(&fd);
	return ok;
}

/* ---- removing ---- */

/* A folder that holds nothing any more; today's may be about to. */
static void
leave_day(struct vault *v, const char *id)
{
	char today[QUARANTINE_ID_SIZE], path[MESSAGE_PATH_SIZE];

	vault_new_id(today);
	if (strncmp(id, today, 8) >= 0 || (v->day >= 0 && strncmp(id, v->day_name, 8) == 0))
		return;
	message_path(path, sizeof(path), id);
	for (size_t len = strlen("26/11/21"); len > 0; len = len > 3 ? len - 3 : 0) {
		path[len] = '\0';
		if (unlinkat(v->messages, path, AT_REMOVEDIR) != 0)
			return;
	}
}

bool
vault_remove(struct vault *v, const char *id, const char **error)
{
	char path[MESSAGE_PATH_SIZE];
	int fd = open_message(v, id);
	bool gone;

	if (fd < 0 && errno != ENOENT)
		return fail(error, "the message cannot be removed");
	if (fd >= 0) {
		lock_message(&fd, error);
		if (fd < 0)
			return false;
	}
	message_path(path, sizeof(path), id);
	gone = fd < 0 || unlinkat(v->messages, path, 0) == 0 || fail(error, "the message cannot be removed");
	close_if_open(&fd);
	if (gone)
		leave_day(v, id);
	return gone;
}

static void
recover_one(struct vault *v, const char *name, enum vault_fate fate)
{
	switch (fate) {
	case VAULT_KEEP:
		vault_settle(v, name);
		break;
	case VAULT_DROP:
		log_info("quarantine", "%s was interrupted and is removed: nobody was told that it is kept", name);
		vault_drop(v, name);
		break;
	case VAULT_LEAVE:
		log_warning("quarantine", "incoming/%s is left alone", name);
		break;
	}
}

bool
vault_recover(struct vault *v, enum vault_fate (*decide)(void *context, const char *id), void *context,
    const char **error)
{
	int fd = openat(v->incoming, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (folder == NULL) {
		close_if_open(&fd);
		return fail(error, "the quarantine cannot be searched for interrupted messages");
	}
	while ((entry = readdir(folder)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] != '.')
			recover_one(v, name, is_id(name) ? decide(context, name) : VAULT_LEAVE);
	}
	closedir(folder);
	return true;
}
