/* The quarantine: first the file, then its row, then the word to the caller.
 * A put that fails, or is interrupted, before its row is committed is undone:
 * at once or at the next start. One that is interrupted after the commit is
 * kept, although the caller was told nothing: a duplicate, never a loss. */
#include "config.h"

#include "store/quarantine.h"

#include "store/index.h"
#include "store/vault.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct quarantine {
	struct vault vault;
	struct quarantine_index *index;
};

static enum vault_fate
decide(void *context, const char *id)
{
	struct quarantine *q = context;

	switch (index_has(q->index, id)) {
	case INDEX_PRESENT:
		return VAULT_KEEP;
	case INDEX_ABSENT:
		return VAULT_DROP;
	default:
		return VAULT_LEAVE;
	}
}

static bool
open_parts(struct quarantine *q, const char *path, const char **error)
{
	char file[PATH_MAX];
	int len = snprintf(file, sizeof(file), "%s/index.db", path);

	if (len < 0 || (size_t)len >= sizeof(file)) {
		*error = "the path of the quarantine is too long";
		return false;
	}
	if (!vault_open(&q->vault, path, error))
		return false;
	q->index = index_open(file, error);
	return q->index != NULL && vault_sync(&q->vault, error) && vault_recover(&q->vault, decide, q, error);
}

struct quarantine *
quarantine_open(const char *path, const char **error)
{
	struct quarantine *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		*error = "out of memory";
		return NULL;
	}
	q->vault = VAULT_CLOSED;
	if (!open_parts(q, path, error))
		quarantine_close(&q);
	return q;
}

void
quarantine_close(struct quarantine **q)
{
	if (*q == NULL)
		return;
	index_close(&(*q)->index);
	vault_close(&(*q)->vault);
	free(*q);
	*q = NULL;
}

bool
quarantine_put(struct quarantine *q, const struct quarantine_item *item, int message_fd, struct span message,
    char id[QUARANTINE_ID_SIZE], const char **error)
{
	struct quarantine_record record = { .item = *item };

	vault_new_id(record.id);
	if (!vault_write(&q->vault, record.id, message_fd, message, &record.size, error))
		return false;
	if (!index_add(q->index, &record, error)) {
		/* A commit that failed may still have reached the disk; then
		 * the next start decides. */
		if (index_has(q->index, record.id) == INDEX_ABSENT)
			vault_drop(&q->vault, record.id);
		return false;
	}
	vault_settle(&q->vault, record.id);
	memcpy(id, record.id, QUARANTINE_ID_SIZE);
	return true;
}

bool
quarantine_each(struct quarantine *q, bool (*row)(void *context, const struct quarantine_record *record),
    void *context, const char **error)
{
	return index_each(q->index, row, context, error);
}

bool
quarantine_get(struct quarantine *q, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error)
{
	return index_get(q->index, a, id, out, error);
}

int
quarantine_open_message(struct quarantine *q, const char *id, const char **error)
{
	return vault_read(&q->vault, id, error);
}
