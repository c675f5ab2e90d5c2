/* The index of the quarantine: what is known of each message, in SQLite. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/quarantine.h"

struct quarantine_index;

/* Errors as in store/quarantine.h. reading: only index_has() to index_find()
 * may be called, and another process may write meanwhile. */
struct quarantine_index *index_open(const char *file, bool reading, const char **error);
void index_close(struct quarantine_index **index);

enum index_presence { INDEX_ABSENT, INDEX_PRESENT, INDEX_UNKNOWN };
enum index_presence index_has(struct quarantine_index *index, const char *id);

bool index_search(struct quarantine_index *index, const struct quarantine_query *query,
    bool (*row)(void *context, const struct quarantine_record *record), void *context, const char **error);
bool index_get(struct quarantine_index *index, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error);
bool index_find(struct quarantine_index *index, const char *prefix, char id[QUARANTINE_ID_SIZE], const char **error);

/* True = it is on the disk. */
bool index_add(struct quarantine_index *index, const struct quarantine_record *record, const char **error);
bool index_mark(struct quarantine_index *index, const char *id, const struct quarantine_change *change,
    const char **error);
/* All of them or none; what is not there is no error. */
struct index_entry {
	char id[QUARANTINE_ID_SIZE];
	uint64_t size;
	int64_t time;
};
bool index_remove(struct quarantine_index *index, const struct index_entry *entries, size_t count, const char **error);

/* The oldest ones, by their time; and the octets of all messages. */
bool index_oldest(struct quarantine_index *index, struct index_entry *entries, size_t most, size_t *count,
    const char **error);
bool index_total(struct quarantine_index *index, uint64_t *octets, const char **error);

#endif
