/* The messages that `gatepost scan` was asked to scan. */
#ifndef CLI_MAIL_LIST_H
#define CLI_MAIL_LIST_H

#include "base/arena.h"
#include "base/buf.h"

struct mail_item {
	const char *path;        /* as it was found; "-" is the standard input */
	uint64_t offset, length; /* in the file */
	uint64_t number;         /* in the file, from 1 */
	bool boxed;              /* in an mbox */
};

struct mail_list {
	struct arena *arena;
	struct mail_item *items;
	size_t count, cap;
	struct buf input; /* what was read from the standard input */
	size_t errors;    /* paths that could not be read; each was told */
};

void mail_list_init(struct mail_list *l, struct arena *a);
void mail_list_free(struct mail_list *l);
/* A message, an mbox, a Maildir (cur and new, of its folders too), a folder
 * with any of these (hidden ones left out), or "-". */
void mail_list_add(struct mail_list *l, const char *path);

/* One file at a time, mapped. */
struct mail_file {
	const char *path;
	struct span bytes;
};
/* The item's message as it stands in its file, valid until the next call or
 * mail_file_close(). False with errno set. */
bool mail_item_open(struct mail_file *f, const struct mail_list *l, const struct mail_item *item, struct span *out);
void mail_file_close(struct mail_file *f);

#endif
