/* The quarantine: first the file, then its row, then the word to the caller.
 * A put that fails, or is interrupted, before its row is committed is undone:
 * at once or at the next start. One that is interrupted after the commit is
 * kept, although the caller was told nothing: a duplicate, never a loss.
 *
 * Removing goes the other way, file before row: so it gives room on a disk that
 * is full before it needs some, and what is interrupted has a row without a
 * file, which is removed the next time. */
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
index_path(char file[PATH_MAX], const char *path, const char **error)
{
	int len = snprintf(file, PATH_MAX, "%s/index.db", path);

	if (len >= 0 && len < PATH_MAX)
		return true;
	*error = "the path of the quarantine is too long";
	return false;
}

static bool
open_parts(struct quarantine *q, const char *path, const char **error)
{
	char file[PATH_MAX];

	if (!index_path(file, path, error) || !vault_open(&q->vault, path, error))
		return false;
	q->index = index_open(file, false, error);
	return q->index != NULL && vault_sync(&q->vault, error) && vault_recover(&q->vault, decide, q, error);
}

static bool
open_parts_for_reading(struct quarantine *q, const char *path, const char **error)
{
	char file[PATH_MAX];

	if (!index_path(file, path, error) || !vault_open_reading(&q->vault, path, error))
		return false;
	q->index = index_open(file, true, error);
	return q->index != NULL;
}

static struct quarantine *
open_by(bool (*open)(struct quarantine *q, const char *path, const char **error), const char *path, const char **error)
{
	struct quarantine *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		*error = "out of memory";
		return NULL;
	}
	q->vault = VAULT_CLOSED;
	if (!open(q, path, error))
		quarantine_close(&q);
	return q;
}

struct quarantine *
quarantine_open(const char *path, const char **error)
{
	return open_by(open_parts, path, error);
}

struct quarantine *
quarantine_open_reading(const char *path, const char **error)
{
	return open_by(open_parts_for_reading, path, error);
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
	if (!vault_digest(&q->vault, record.id, record.sha256, error)) {
		vault_drop(&q->vault, record.id);
		return false;
	}
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

const char *
quarantine_state_name(enum quarantine_state state)
{
	static const char *const names[] = { [QUARANTINE_HELD] = "held", [QUARANTINE_UNKNOWN] = "unknown",
		[QUARANTINE_RELEASED] = "released" };

	return names[state];
}

bool
quarantine_search(struct quarantine *q, const struct quarantine_query *query,
    bool (*row)(void *context, const struct quarantine_record *record), void *context, const char **error)
{
	return index_search(q->index, query, row, context, error);
}

bool
quarantine_find(struct quarantine *q, const char *prefix, char id[QUARANTINE_ID_SIZE], const char **error)
{
	return index_find(q->index, prefix, id, error);
}

bool
quarantine_lacks(struct quarantine *q, const char *id)
{
	return index_has(q->index, id) == INDEX_ABSENT;
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

int
quarantine_claim(struct quarantine *q, const char *id, const char **error)
{
	return vault_claim(&q->vault, id, error);
}

bool
quarantine_is_intact(struct quarantine *q, const struct quarantine_record *record, const char **error)
{
	char sha256[QUARANTINE_SHA256_SIZE];

	if (record->sha256[0] == '\0')
		return true;
	if (!vault_digest(&q->vault, record->id, sha256, error))
		return false;
	if (strcmp(sha256, record->sha256) == 0)
		return true;
	*error = "the file is not what was put in quarantine";
	return false;
}

bool
quarantine_mark(struct quarantine *q, const char *id, const struct quarantine_change *change, const char **error)
{
	return index_mark(q->index, id, change, error);
}

bool
quarantine_remove(struct quarantine *q, const char *id, const char **error)
{
	struct index_entry entry = { .size = 0 };

	return index_find(q->index, id, entry.id, error) && vault_remove(&q->vault, entry.id, error) &&
	    index_remove(q->index, &entry, 1, error);
}

/* ---- retention ---- */

static bool
is_over(const struct quarantine_limits *l, const struct index_entry *e, int64_t now, uint64_t total)
{
	return (l->age > 0 && now - e->time > (int64_t)l->age) || (l->size > 0 && total > l->size);
}

/* Removes the files of those that are over the limits, and leaves in `entries`
 * those whose rows are to go. */
static size_t
remove_files(struct quarantine *q, const struct quarantine_limits *l, int64_t now, struct index_entry *entries,
    size_t count, struct quarantine_expired *out)
{
	uint64_t total = out->octets;
	size_t removed = 0, over = 0;
	const char *not_removed;

	out->octets = 0;
	for (size_t i = 0; i < count && is_over(l, &entries[i], now, total); i++) {
		over++;
		if (!vault_remove(&q->vault, entries[i].id, &not_removed))
			continue;
		total -= entries[i].size;
		out->octets += entries[i].size;
		entries[removed++] = entries[i];
	}
	out->messages = removed;
	out->more = removed > 0 && over == QUARANTINE_EXPIRE_MOST;
	return removed;
}

bool
quarantine_expire(struct quarantine *q, const struct quarantine_limits *limits, int64_t now,
    struct quarantine_expired *out, const char **error)
{
	struct index_entry *entries = calloc(QUARANTINE_EXPIRE_MOST, sizeof(*entries));
	size_t count;
	bool ok;

	*out = (struct quarantine_expired){ 0 };
	*error = "out of memory";
	ok = entries != NULL && index_total(q->index, &out->octets, error) &&
	    index_oldest(q->index, entries, QUARANTINE_EXPIRE_MOST, &count, error);
	if (ok)
		count = remove_files(q, limits, now, entries, count, out);
	ok = ok && (count == 0 || index_remove(q->index, entries, count, error));
	if (!ok)
		*out = (struct quarantine_expired){ 0 };
	free(entries);
	return ok;
}
