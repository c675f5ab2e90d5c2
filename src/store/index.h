/* The index of the quarantine: what is known of each message, in SQLite. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/quarantine.h"

struct quarantine_index;

/* Errors as in store/quarantine.h. */
struct quarantine_index *index_open(const char *file, const char **error);
void index_close(struct quarantine_index **index);

/* True = the record is on the disk. */
bool index_add(struct quarantine_index *index, const struct quarantine_record *record, const char **error);
enum index_presence { INDEX_ABSENT, INDEX_PRESENT, INDEX_UNKNOWN };
enum index_presence index_has(struct quarantine_index *index, const char *id);

bool index_each(struct quarantine_index *index, bool (*row)(void *context, const struct quarantine_record *record),
    void *context, const char **error);
bool index_get(struct quarantine_index *index, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error);

#endif
