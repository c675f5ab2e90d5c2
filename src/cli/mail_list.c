/* Finding messages. Folders are walked by fts(3) in the order of names, so
 * that the same folder gives the same output. Links inside of folders are not
 * followed, which keeps the walk finite. */
#include "config.h"

#include "cli/mail_list.h"

#include "cli/mbox.h"
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 64 * 1024 };

void
mail_list_init(struct mail_list *l, struct arena *a)
{
	*l = (struct mail_list){ .arena = a };
}

void
mail_list_free(struct mail_list *l)
{
	buf_free(&l->input);
}

static void
add_error(struct mail_list *l, const char *path, int error)
{
	complain("%s: %s", path, error == EINVAL ? "neither a file nor a folder; - is the standard input" : strerror(error));
	l->errors++;
}

static void
add_item(struct mail_list *l, struct mail_item item)
{
	l->items = arena_grow(l->arena, l->items, sizeof(*l->items), &l->cap, l->count + 1);
	l->items[l->count++] = item;
}

static void
add_bytes(struct mail_list *l, const char *path, struct span bytes)
{
	struct mail_item item = { .path = path, .length = bytes.len, .number = 1, .boxed = mbox_is(bytes) };
	struct span rest = bytes, message;

	if (!item.boxed) {
		add_item(l, item);
		return;
	}
	for (; mbox_next(&rest, &message); item.number++) {
		item.offset = (uint64_t)(message.data - bytes.data);
		item.length = message.len;
		add_item(l, item);
	}
}

static bool
map(const char *path, struct span *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct stat st;
	void *data = NULL;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		data = MAP_FAILED;
	} else if (st.st_size > 0) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	error = errno;
	close(fd);
	errno = error;
	*out = span_of(data, (size_t)st.st_size);
	return data != MAP_FAILED;
}

void
mail_file_close(struct mail_file *f)
{
	if (f->bytes.len > 0)
		munmap((void *)(uintptr_t)f->bytes.data, f->bytes.len);
	*f = (struct mail_file){ 0 };
}

/* Only what tells an mbox is read here; the rest is left to whoever scans. */
static void
add_file(struct mail_list *l, const char *path)
{
	struct mail_file f = { 0 };

	if (map(path, &f.bytes))
		add_bytes(l, arena_strdup(l->arena, path), f.bytes);
	else
		add_error(l, path, errno);
	mail_file_close(&f);
}

static void
add_input(struct mail_list *l)
{
	ssize_t n = 1;

	while (n > 0) {
		char *room = buf_reserve(&l->input, READ_STEP);

		n = room != NULL ? read(STDIN_FILENO, room, READ_STEP) : -1;
		if (n > 0)
			buf_commit(&l->input, (size_t)n);
	}
	if (n < 0)
		add_error(l, "-", l->input.failed ? ENOMEM : errno);
	else
		add_bytes(l, "-", buf_span(&l->input));
}

static bool
has_folder(const char *path, const char *name)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool has = folder >= 0 && fstatat(folder, name, &st, 0) == 0 && S_ISDIR(st.st_mode);

	if (folder >= 0)
		close(folder);
	return has;
}

/* fts_number of a folder: what it is. */
enum { PLAIN_FOLDER, MAILDIR, MAILDIR_MESSAGES };

/* A Maildir's tmp holds what is not there yet; beside cur, new and its own
 * folders (.Sent) a Maildir has only files of its server. */
static long
kind_of_folder(const FTSENT *e)
{
	long parent = e->fts_level > FTS_ROOTLEVEL ? e->fts_parent->fts_number : PLAIN_FOLDER;

	if (parent == MAILDIR && (strcmp(e->fts_name, "cur") == 0 || strcmp(e->fts_name, "new") == 0))
		return MAILDIR_MESSAGES;
	if (has_folder(e->fts_accpath, "cur") && has_folder(e->fts_accpath, "new"))
		return MAILDIR;
	return PLAIN_FOLDER;
}

static bool
is_left_out(const FTSENT *e)
{
	long parent = e->fts_level > FTS_ROOTLEVEL ? e->fts_parent->fts_number : PLAIN_FOLDER;

	if (e->fts_level == FTS_ROOTLEVEL)
		return false;
	if (parent == MAILDIR)
		return e->fts_info == FTS_F || strcmp(e->fts_name, "tmp") == 0;
	return e->fts_name[0] == '.';
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void
add_folder(struct mail_list *l, const char *path)
{
	char *const paths[] = { arena_strdup(l->arena, path), NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *e;

	while (walk != NULL && (e = fts_read(walk)) != NULL) {
		if (e->fts_info == FTS_D && is_left_out(e))
			fts_set(walk, e, FTS_SKIP);
		else if (e->fts_info == FTS_D)
			e->fts_number = kind_of_folder(e);
		else if (e->fts_info == FTS_F && !is_left_out(e))
			add_file(l, e->fts_path);
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			add_error(l, e->fts_path, e->fts_errno);
	}
	if (walk == NULL)
		add_error(l, path, errno);
	else
		fts_close(walk);
}

void
mail_list_add(struct mail_list *l, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		add_input(l);
	else if (stat(path, &st) != 0)
		add_error(l, path, errno);
	else if (S_ISDIR(st.st_mode))
		add_folder(l, path);
	else
		add_file(l, path);
}

bool
mail_item_open(struct mail_file *f, const struct mail_list *l, const struct mail_item *item, struct span *out)
{
	struct span bytes;

	if (strcmp(item->path, "-") == 0) {
		bytes = buf_span(&l->input);
	} else {
		if (f->path != item->path) {
			mail_file_close(f);
			if (!map(item->path, &f->bytes))
				return false;
			f->path = item->path;
		}
		bytes = f->bytes;
	}
	*out = span_first(span_from(bytes, item->offset), item->length);
	return true;
}
