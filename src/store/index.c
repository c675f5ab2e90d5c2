/* The index, one SQLite file. Its journal is a write-ahead log, so that others
 * may read while the keeper writes, and each commit is synced. The number of
 * the schema is the file's user_version; a later number is refused, for an
 * older gatepost cannot know what it means. */
#include "config.h"

#include "store/index.h"

#include "base/log.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCHEMA_VERSION = 1 };

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE message (id TEXT PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL,"
	" protocol TEXT NOT NULL, policy TEXT NOT NULL, client TEXT NOT NULL, helo TEXT NOT NULL,"
	" sender TEXT NOT NULL, user TEXT NOT NULL, subject TEXT NOT NULL, verdict TEXT NOT NULL,"
	" reason TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE recipient (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE,"
	" position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;"
	"CREATE TABLE rule (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE,"
	" position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

/* The statements that are kept prepared, in the order of their texts. */
enum statement { ADD_MESSAGE, ADD_RECIPIENT, ADD_RULE, HAS, EACH, GET, RECIPIENTS, RULES, STATEMENTS };

#define MESSAGE_COLUMNS "id, size, time, protocol, policy, client, helo, sender, user, subject, verdict, reason"

static const char *const statement_texts[STATEMENTS] = {
	[ADD_MESSAGE] = "INSERT INTO message (" MESSAGE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_RECIPIENT] = "INSERT INTO recipient (message, position, value) VALUES (?, ?, ?)",
	[ADD_RULE] = "INSERT INTO rule (message, position, value) VALUES (?, ?, ?)",
	[HAS] = "SELECT 1 FROM message WHERE id = ?",
	[EACH] = "SELECT " MESSAGE_COLUMNS " FROM message ORDER BY id",
	[GET] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE id = ?",
	[RECIPIENTS] = "SELECT value FROM recipient WHERE message = ? ORDER BY position",
	[RULES] = "SELECT value FROM rule WHERE message = ? ORDER BY position",
};

struct quarantine_index {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
};

static bool
fail(const struct quarantine_index *x, const char **error, const char *what)
{
	log_error("quarantine", "%s: %s", what, sqlite3_errmsg(x->db));
	*error = what;
	return false;
}

static bool
prepare_schema(struct quarantine_index *x, const char **error)
{
	int version = sqlite_schema_version(x->db);

	if (version > SCHEMA_VERSION)
		return fail(x, error, "the index of the quarantine was written by a later gatepost");
	if (version < 0 || (version == 0 && !sqlite_run(x->db, schema)))
		return fail(x, error, "the index of the quarantine cannot be made");
	return true;
}

static bool
open_database(struct quarantine_index *x, const char *file, const char **error)
{
	if (!sqlite_open(&x->db, file, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"))
		return fail(x, error, "the index of the quarantine cannot be opened");
	if (!prepare_schema(x, error))
		return false;
	if (!sqlite_prepare(x->db, statement_texts, x->statements, STATEMENTS))
		return fail(x, error, "the index of the quarantine is not what it should be");
	return true;
}

struct quarantine_index *
index_open(const char *file, const char **error)
{
	struct quarantine_index *x = calloc(1, sizeof(*x));

	if (x == NULL) {
		*error = "out of memory";
		return NULL;
	}
	if (!open_database(x, file, error))
		index_close(&x);
	return x;
}

void
index_close(struct quarantine_index **index)
{
	struct quarantine_index *x = *index;

	if (x == NULL)
		return;
	sqlite_close(&x->db, x->statements, STATEMENTS);
	free(x);
	*index = NULL;
}

static bool
bind_span(sqlite3_stmt *s, int column, struct span value)
{
	return sqlite3_bind_text64(s, column, value.len > 0 ? value.data : "", value.len, SQLITE_STATIC,
	           SQLITE_UTF8) == SQLITE_OK;
}

static bool
add_message(struct quarantine_index *x, const struct quarantine_record *r)
{
	const struct quarantine_item *item = &r->item;
	const struct span columns[] = { item->protocol, item->policy, item->client, item->helo, item->sender, item->user,
		item->subject, item->verdict, item->reason };
	sqlite3_stmt *s = x->statements[ADD_MESSAGE];
	bool ok = bind_span(s, 1, span_str(r->id)) && sqlite3_bind_int64(s, 2, (int64_t)r->size) == SQLITE_OK &&
	    sqlite3_bind_int64(s, 3, item->time) == SQLITE_OK;

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		ok = ok && bind_span(s, 4 + (int)i, columns[i]);
	return sqlite_finish(s, ok);
}

static bool
add_values(struct quarantine_index *x, enum statement which, const char *id, const struct span *values, size_t count)
{
	sqlite3_stmt *s = x->statements[which];

	for (size_t i = 0; i < count; i++) {
		bool bound = bind_span(s, 1, span_str(id)) && sqlite3_bind_int64(s, 2, (int64_t)i) == SQLITE_OK &&
		    bind_span(s, 3, values[i]);

		if (!sqlite_finish(s, bound))
			return false;
	}
	return true;
}

bool
index_add(struct quarantine_index *x, const struct quarantine_record *r, const char **error)
{
	const struct quarantine_item *item = &r->item;

	if (sqlite_run(x->db, "BEGIN IMMEDIATE") && add_message(x, r) &&
	    add_values(x, ADD_RECIPIENT, r->id, item->recipients, item->recipient_count) &&
	    add_values(x, ADD_RULE, r->id, item->rules, item->rule_count) && sqlite_run(x->db, "COMMIT"))
		return true;
	fail(x, error, "the index of the quarantine cannot be written");
	sqlite_roll_back(x->db);
	return false;
}

enum index_presence
index_has(struct quarantine_index *x, const char *id)
{
	sqlite3_stmt *s = x->statements[HAS];
	int status = bind_span(s, 1, span_str(id)) ? sqlite3_step(s) : SQLITE_ERROR;

	sqlite_reset(s);
	return status == SQLITE_ROW ? INDEX_PRESENT : status == SQLITE_DONE ? INDEX_ABSENT : INDEX_UNKNOWN;
}

static struct span
column(struct arena *a, sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return arena_copy(a, span_of(text, text != NULL ? (size_t)sqlite3_column_bytes(s, i) : 0));
}

static bool
get_values(struct quarantine_index *x, enum statement which, struct arena *a, const char *id,
    const struct span **values, size_t *count)
{
	sqlite3_stmt *s = x->statements[which];
	struct span *list = NULL;
	size_t cap = 0;
	int status = bind_span(s, 1, span_str(id)) ? sqlite3_step(s) : SQLITE_ERROR;

	*count = 0;
	for (; status == SQLITE_ROW; status = sqlite3_step(s)) {
		list = arena_grow(a, list, sizeof(*list), &cap, *count + 1);
		list[(*count)++] = column(a, s, 0);
	}
	sqlite_reset(s);
	*values = list;
	return status == SQLITE_DONE;
}

/* The row that the statement stands on, with what belongs to it. */
static bool
get_record(struct quarantine_index *x, sqlite3_stmt *s, struct arena *a, struct quarantine_record *r)
{
	struct quarantine_item *item = &r->item;
	struct span *columns[] = { &item->protocol, &item->policy, &item->client, &item->helo, &item->sender,
		&item->user, &item->subject, &item->verdict, &item->reason };

	*r = (struct quarantine_record){ .size = (uint64_t)sqlite3_column_int64(s, 1) };
	snprintf(r->id, sizeof(r->id), "%s", (const char *)sqlite3_column_text(s, 0));
	item->time = sqlite3_column_int64(s, 2);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		*columns[i] = column(a, s, 3 + (int)i);
	return get_values(x, RECIPIENTS, a, r->id, &item->recipients, &item->recipient_count) &&
	    get_values(x, RULES, a, r->id, &item->rules, &item->rule_count);
}

bool
index_each(struct quarantine_index *x, bool (*row)(void *context, const struct quarantine_record *record),
    void *context, const char **error)
{
	sqlite3_stmt *s = x->statements[EACH];
	struct arena *a = arena_new(0);
	bool ok = true, more = true;
	int status = SQLITE_DONE;

	while (more && (status = sqlite3_step(s)) == SQLITE_ROW) {
		struct quarantine_record record;

		arena_reset(a);
		ok = get_record(x, s, a, &record);
		more = ok && row(context, &record);
	}
	if (!ok || (status != SQLITE_ROW && status != SQLITE_DONE))
		ok = fail(x, error, "the index of the quarantine cannot be read");
	sqlite_reset(s);
	arena_free(&a);
	return ok;
}

bool
index_get(struct quarantine_index *x, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error)
{
	sqlite3_stmt *s = x->statements[GET];
	int status = bind_span(s, 1, span_str(id)) ? sqlite3_step(s) : SQLITE_ERROR;
	bool ok = false;

	if (status == SQLITE_ROW && get_record(x, s, a, out))
		ok = true;
	else if (status == SQLITE_DONE)
		*error = "no message in quarantine has this id";
	else
		fail(x, error, "the index of the quarantine cannot be read");
	sqlite_reset(s);
	return ok;
}
