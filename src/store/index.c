/* The index, one SQLite file. Its journal is a write-ahead log, so that others
 * may read while the keeper writes, and each commit is synced. The number of
 * the schema is the file's user_version: an older file is brought up to date
 * by the steps that it has not seen, and a later number is refused, for an
 * older gatepost cannot know what it means.
 *
 * SQLite does not get over all that befalls a connection, as a lock that could not be
 * undone, and goes on writing a file that has been moved. So before each use the file is
 * opened anew where the one that is open does no good any more. */
#include "config.h"

#include "store/index.h"

#include "base/log.h"
#include "store/sqlite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* What makes each version out of the one before. */
static const char *const schema_steps[] = {
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
	"COMMIT;",
	"BEGIN IMMEDIATE;"
	"ALTER TABLE message ADD COLUMN author TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE message ADD COLUMN listener TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE message ADD COLUMN upstream TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE message ADD COLUMN parameters TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE message ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE message ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN note TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE recipient ADD COLUMN parameters TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE recipient ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX message_time ON message (time, size);" /* so that expiring reads no message */
	"PRAGMA user_version = 2;"
	"COMMIT;",
};
enum { SCHEMA_VERSION = sizeof(schema_steps) / sizeof(schema_steps[0]) };

/* The statements that are kept prepared, in the order of their texts: first
 * those of whoever only reads. */
enum statement {
	HAS, FIND, SEARCH, GET, RECIPIENTS, RULES,
	READING,
	ADD_MESSAGE = READING, ADD_RECIPIENT, ADD_RULE, MARK, MARK_RECIPIENT, REMOVE, OLDEST, TOTAL,
	STATEMENTS
};

#define TEXT_COLUMNS \
	"protocol, policy, client, helo, sender, user, subject, author, listener, upstream, parameters, verdict, reason"
#define MESSAGE_COLUMNS "id, size, time, sha256, state, changed, note, " TEXT_COLUMNS
#define HOLDS(column, value) "instr(lower(" column "), lower(" value ")) > 0"

static const char *const statement_texts[STATEMENTS] = {
	[HAS] = "SELECT 1 FROM message WHERE id = ?",
	[FIND] = "SELECT id FROM message WHERE id >= ?1 AND id < ?1 || '~' LIMIT 2",
	[SEARCH] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE time >= ?1 AND time <= ?2"
	           " AND (?3 IS NULL OR " HOLDS("user", "?3") ")"
	           " AND (?4 IS NULL OR " HOLDS("sender", "?4") " OR " HOLDS("author", "?4") ")"
	           " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND " HOLDS("value", "?5") "))"
	           " AND (?6 IS NULL OR " HOLDS("subject", "?6") ")"
	           " AND (?7 IS NULL OR EXISTS (SELECT 1 FROM rule WHERE message = id AND lower(value) = lower(?7)))"
	           " ORDER BY time DESC, id DESC LIMIT ?8",
	[GET] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE id = ?",
	[RECIPIENTS] = "SELECT value, parameters, delivered FROM recipient WHERE message = ? ORDER BY position",
	[RULES] = "SELECT value FROM rule WHERE message = ? ORDER BY position",
	[ADD_MESSAGE] = "INSERT INTO message (id, size, time, sha256, " TEXT_COLUMNS
	                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_RECIPIENT] = "INSERT INTO recipient (message, position, value, parameters) VALUES (?, ?, ?, ?)",
	[ADD_RULE] = "INSERT INTO rule (message, position, value) VALUES (?, ?, ?)",
	[MARK] = "UPDATE message SET state = ?2, changed = ?3, note = ?4 WHERE id = ?1",
	[MARK_RECIPIENT] = "UPDATE recipient SET delivered = 1 WHERE message = ? AND position = ?",
	[REMOVE] = "DELETE FROM message WHERE id = ?",
	[OLDEST] = "SELECT id, size, time FROM message ORDER BY time, id LIMIT ?",
	[TOTAL] = "SELECT coalesce(sum(size), 0) FROM message",
};

#define NO_SUCH_MESSAGE "no message in quarantine has this id"
#define UNREADABLE "the index of the quarantine cannot be read"

struct quarantine_index {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	char file[PATH_MAX];
	bool reading;
	bool spent; /* must be opened anew before it is used again */
};

static bool
fail(struct quarantine_index *x, const char **error, const char *what)
{
	log_error("quarantine", "%s: %s", what, sqlite3_errmsg(x->db));
	x->spent = x->spent || sqlite_is_spent(x->db);
	*error = what;
	return false;
}

/* -1: it cannot be read, or was written by a later gatepost. */
static int
known_version(struct quarantine_index *x, const char **error)
{
	int version = sqlite_schema_version(x->db);

	if (version < 0)
		fail(x, error, UNREADABLE);
	if (version <= SCHEMA_VERSION)
		return version;
	*error = "the index of the quarantine was written by a later gatepost";
	return -1;
}

static bool
prepare_schema(struct quarantine_index *x, const char **error)
{
	int version = known_version(x, error);

	if (version < 0)
		return false;
	for (; version < SCHEMA_VERSION; version++) {
		if (sqlite_run(x->db, schema_steps[version]))
			continue;
		fail(x, error, "the index of the quarantine cannot be made");
		sqlite_roll_back(x->db);
		return false;
	}
	return true;
}

static bool
open_for_writing(struct quarantine_index *x, const char **error)
{
	if (!sqlite_open(&x->db, x->file, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"))
		return fail(x, error, "the index of the quarantine cannot be opened");
	if (!prepare_schema(x, error))
		return false;
	if (!sqlite_prepare(x->db, statement_texts, x->statements, STATEMENTS))
		return fail(x, error, "the index of the quarantine is not what it should be");
	return true;
}

static bool
open_for_reading(struct quarantine_index *x, const char **error)
{
	int version;

	if (!sqlite_open_reading(&x->db, x->file))
		return fail(x, error, "the index of the quarantine cannot be opened");
	version = known_version(x, error);
	if (version < 0)
		return false;
	if (version < SCHEMA_VERSION) {
		*error = "the index of the quarantine is of an older gatepost: starting this one, "
		         "or \"gatepost quarantine expire\", brings it up to date";
		return false;
	}
	if (!sqlite_prepare(x->db, statement_texts, x->statements, READING))
		return fail(x, error, "the index of the quarantine is not what it should be");
	return true;
}

static bool
open_database(struct quarantine_index *x, const char **error)
{
	x->spent = !(x->reading ? open_for_reading : open_for_writing)(x, error);
	return !x->spent;
}

static void
close_database(struct quarantine_index *x)
{
	sqlite_close(&x->db, x->statements, STATEMENTS);
}

/* Whether the file can be used: without a restart also after what a restart would mend. */
static bool
ready(struct quarantine_index *x, const char **error)
{
	if (!x->spent && !sqlite_has_moved(x->db))
		return true;
	close_database(x);
	if (!open_database(x, error))
		return false;
	log_warning("quarantine", "the index had become useless and was opened anew");
	return true;
}

struct quarantine_index *
index_open(const char *file, bool reading, const char **error)
{
	struct quarantine_index *x = calloc(1, sizeof(*x));

	if (x == NULL) {
		*error = "out of memory";
		return NULL;
	}
	x->reading = reading;
	snprintf(x->file, sizeof(x->file), "%s", file);
	if (!open_database(x, error))
		index_close(&x);
	return x;
}

void
index_close(struct quarantine_index **index)
{
	struct quarantine_index *x = *index;

	if (x == NULL)
		return;
	close_database(x);
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
bind_number(sqlite3_stmt *s, int column, int64_t value)
{
	return sqlite3_bind_int64(s, column, value) == SQLITE_OK;
}

static bool
add_message(struct quarantine_index *x, const struct quarantine_record *r)
{
	const struct quarantine_item *item = &r->item;
	const struct span columns[] = { item->protocol, item->policy, item->client, item->helo, item->sender, item->user,
		item->subject, item->author, item->listener, item->upstream, item->parameters, item->verdict, item->reason };
	sqlite3_stmt *s = x->statements[ADD_MESSAGE];
	bool ok = bind_span(s, 1, span_str(r->id)) && bind_number(s, 2, (int64_t)r->size) &&
	    bind_number(s, 3, item->time) && bind_span(s, 4, span_str(r->sha256));

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		ok = ok && bind_span(s, 5 + (int)i, columns[i]);
	return sqlite_finish(s, ok);
}

static bool
add_recipients(struct quarantine_index *x, const char *id, const struct quarantine_item *item)
{
	sqlite3_stmt *s = x->statements[ADD_RECIPIENT];
	bool ok = true;

	for (size_t i = 0; ok && i < item->recipient_count; i++)
		ok = sqlite_finish(s, bind_span(s, 1, span_str(id)) && bind_number(s, 2, (int64_t)i) &&
		        bind_span(s, 3, item->recipients[i]) &&
		        bind_span(s, 4, item->recipient_parameters != NULL ? item->recipient_parameters[i] : SPAN_NONE));
	return ok;
}

static bool
add_rules(struct quarantine_index *x, const char *id, const struct quarantine_item *item)
{
	sqlite3_stmt *s = x->statements[ADD_RULE];
	bool ok = true;

	for (size_t i = 0; ok && i < item->rule_count; i++)
		ok = sqlite_finish(s, bind_span(s, 1, span_str(id)) && bind_number(s, 2, (int64_t)i) &&
		        bind_span(s, 3, item->rules[i]));
	return ok;
}

static bool
fail_writing(struct quarantine_index *x, const char **error)
{
	fail(x, error, "the index of the quarantine cannot be written");
	if (!sqlite_roll_back(x->db))
		x->spent = true;
	return false;
}

bool
index_add(struct quarantine_index *x, const struct quarantine_record *r, const char **error)
{
	if (!ready(x, error))
		return false;
	return (sqlite_run(x->db, "BEGIN IMMEDIATE") && add_message(x, r) && add_recipients(x, r->id, &r->item) &&
	           add_rules(x, r->id, &r->item) && sqlite_run(x->db, "COMMIT")) ||
	    fail_writing(x, error);
}

enum index_presence
index_has(struct quarantine_index *x, const char *id)
{
	sqlite3_stmt *s;
	const char *unknown;
	int status;

	if (!ready(x, &unknown))
		return INDEX_UNKNOWN;
	s = x->statements[HAS];
	status = bind_span(s, 1, span_str(id)) ? sqlite3_step(s) : SQLITE_ERROR;
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		fail(x, &unknown, UNREADABLE);
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
get_recipients(struct quarantine_index *x, struct arena *a, struct quarantine_record *r)
{
	sqlite3_stmt *s = x->statements[RECIPIENTS];
	struct span *values = NULL, *parameters = NULL;
	bool *delivered = NULL;
	size_t caps[3] = { 0 }, count = 0;
	int status = bind_span(s, 1, span_str(r->id)) ? sqlite3_step(s) : SQLITE_ERROR;

	for (; status == SQLITE_ROW; status = sqlite3_step(s), count++) {
		values = arena_grow(a, values, sizeof(*values), &caps[0], count + 1);
		parameters = arena_grow(a, parameters, sizeof(*parameters), &caps[1], count + 1);
		delivered = arena_grow(a, delivered, sizeof(*delivered), &caps[2], count + 1);
		values[count] = column(a, s, 0);
		parameters[count] = column(a, s, 1);
		delivered[count] = sqlite3_column_int(s, 2) != 0;
	}
	sqlite_reset(s);
	r->item.recipients = values;
	r->item.recipient_parameters = parameters;
	r->item.recipient_count = count;
	r->delivered = delivered;
	return status == SQLITE_DONE;
}

static bool
get_rules(struct quarantine_index *x, struct arena *a, struct quarantine_record *r)
{
	sqlite3_stmt *s = x->statements[RULES];
	struct span *rules = NULL;
	size_t cap = 0, count = 0;
	int status = bind_span(s, 1, span_str(r->id)) ? sqlite3_step(s) : SQLITE_ERROR;

	for (; status == SQLITE_ROW; status = sqlite3_step(s), count++) {
		rules = arena_grow(a, rules, sizeof(*rules), &cap, count + 1);
		rules[count] = column(a, s, 0);
	}
	sqlite_reset(s);
	r->item.rules = rules;
	r->item.rule_count = count;
	return status == SQLITE_DONE;
}

static enum quarantine_state
state_of(int number)
{
	return number == QUARANTINE_HELD || number == QUARANTINE_RELEASED ? (enum quarantine_state)number :
	    QUARANTINE_UNKNOWN;
}

static void
copy_text(char *out, size_t size, sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	snprintf(out, size, "%s", text != NULL ? text : "");
}

/* The row that the statement stands on, with what belongs to it. */
static bool
get_record(struct quarantine_index *x, sqlite3_stmt *s, struct arena *a, struct quarantine_record *r)
{
	struct quarantine_item *item = &r->item;
	struct span *columns[] = { &item->protocol, &item->policy, &item->client, &item->helo, &item->sender,
		&item->user, &item->subject, &item->author, &item->listener, &item->upstream, &item->parameters,
		&item->verdict, &item->reason };

	*r = (struct quarantine_record){ .size = (uint64_t)sqlite3_column_int64(s, 1) };
	copy_text(r->id, sizeof(r->id), s, 0);
	item->time = sqlite3_column_int64(s, 2);
	copy_text(r->sha256, sizeof(r->sha256), s, 3);
	r->state = state_of(sqlite3_column_int(s, 4));
	r->changed = sqlite3_column_int64(s, 5);
	r->note = column(a, s, 6);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		*columns[i] = column(a, s, 7 + (int)i);
	return get_recipients(x, a, r) && get_rules(x, a, r);
}

static bool
bind_query(sqlite3_stmt *s, const struct quarantine_query *q)
{
	const struct span words[] = { q->user, q->from, q->to, q->subject, q->rule };
	bool ok = bind_number(s, 1, q->since) && bind_number(s, 2, q->until);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].len > 0)
			ok = ok && bind_span(s, 3 + (int)i, words[i]);
	return ok && bind_number(s, 8, q->limit > 0 ? (int64_t)q->limit : -1);
}

bool
index_search(struct quarantine_index *x, const struct quarantine_query *query,
    bool (*row)(void *context, const struct quarantine_record *record), void *context, const char **error)
{
	sqlite3_stmt *s;
	struct arena *a;
	bool ok, more;
	int status = SQLITE_DONE;

	if (!ready(x, error))
		return false;
	a = arena_new(0);
	s = x->statements[SEARCH];
	ok = more = bind_query(s, query);
	while (more && (status = sqlite3_step(s)) == SQLITE_ROW) {
		struct quarantine_record record;

		arena_reset(a);
		ok = get_record(x, s, a, &record);
		more = ok && row(context, &record);
	}
	if (!ok || (status != SQLITE_ROW && status != SQLITE_DONE))
		ok = fail(x, error, UNREADABLE);
	sqlite_reset(s);
	arena_free(&a);
	return ok;
}

bool
index_get(struct quarantine_index *x, struct arena *a, const char *id, struct quarantine_record *out,
    const char **error)
{
	sqlite3_stmt *s;
	int status;
	bool ok = false;

	if (!ready(x, error))
		return false;
	s = x->statements[GET];
	status = bind_span(s, 1, span_str(id)) ? sqlite3_step(s) : SQLITE_ERROR;
	if (status == SQLITE_ROW && get_record(x, s, a, out))
		ok = true;
	else if (status == SQLITE_DONE)
		*error = NO_SUCH_MESSAGE;
	else
		fail(x, error, UNREADABLE);
	sqlite_reset(s);
	return ok;
}

bool
index_find(struct quarantine_index *x, const char *prefix, char id[QUARANTINE_ID_SIZE], const char **error)
{
	sqlite3_stmt *s;
	int status;
	bool found;

	if (!ready(x, error))
		return false;
	s = x->statements[FIND];
	status = bind_span(s, 1, span_str(prefix)) ? sqlite3_step(s) : SQLITE_ERROR;
	found = status == SQLITE_ROW;
	if (found) {
		copy_text(id, QUARANTINE_ID_SIZE, s, 0);
		status = sqlite3_step(s);
	}
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		fail(x, error, UNREADABLE);
	else if (status == SQLITE_ROW)
		*error = "the ids of several messages begin so";
	else if (!found)
		*error = NO_SUCH_MESSAGE;
	sqlite_reset(s);
	return found && status == SQLITE_DONE;
}

/* ---- changes ---- */

static bool
mark(struct quarantine_index *x, const char *id, const struct quarantine_change *c)
{
	sqlite3_stmt *s = x->statements[MARK], *r = x->statements[MARK_RECIPIENT];
	bool ok = sqlite_finish(s, bind_span(s, 1, span_str(id)) && bind_number(s, 2, c->state) &&
	        bind_number(s, 3, c->time) && bind_span(s, 4, c->note)) && sqlite3_changes(x->db) > 0;

	for (size_t i = 0; ok && i < c->delivered_count; i++)
		ok = sqlite_finish(r, bind_span(r, 1, span_str(id)) && bind_number(r, 2, c->delivered[i]));
	return ok;
}

bool
index_mark(struct quarantine_index *x, const char *id, const struct quarantine_change *c, const char **error)
{
	if (index_has(x, id) == INDEX_ABSENT) {
		*error = NO_SUCH_MESSAGE;
		return false;
	}
	if (!ready(x, error))
		return false;
	return (sqlite_run(x->db, "BEGIN IMMEDIATE") && mark(x, id, c) && sqlite_run(x->db, "COMMIT")) ||
	    fail_writing(x, error);
}

bool
index_remove(struct quarantine_index *x, const struct index_entry *entries, size_t count, const char **error)
{
	sqlite3_stmt *s;
	bool ok;

	if (!ready(x, error))
		return false;
	s = x->statements[REMOVE];
	ok = sqlite_run(x->db, "BEGIN IMMEDIATE");
	for (size_t i = 0; ok && i < count; i++)
		ok = sqlite_finish(s, bind_span(s, 1, span_str(entries[i].id)));
	return (ok && sqlite_run(x->db, "COMMIT")) || fail_writing(x, error);
}

bool
index_oldest(struct quarantine_index *x, struct index_entry *entries, size_t most, size_t *count, const char **error)
{
	sqlite3_stmt *s;
	int status;

	if (!ready(x, error))
		return false;
	s = x->statements[OLDEST];
	status = bind_number(s, 1, (int64_t)most) ? sqlite3_step(s) : SQLITE_ERROR;
	for (*count = 0; status == SQLITE_ROW && *count < most; status = sqlite3_step(s)) {
		struct index_entry *e = &entries[(*count)++];

		copy_text(e->id, sizeof(e->id), s, 0);
		e->size = (uint64_t)sqlite3_column_int64(s, 1);
		e->time = sqlite3_column_int64(s, 2);
	}
	sqlite_reset(s);
	return status == SQLITE_DONE || fail(x, error, UNREADABLE);
}

bool
index_total(struct quarantine_index *x, uint64_t *octets, const char **error)
{
	sqlite3_stmt *s;
	bool ok;

	if (!ready(x, error))
		return false;
	s = x->statements[TOTAL];
	ok = sqlite3_step(s) == SQLITE_ROW;
	*octets = ok ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite_reset(s);
	return ok || fail(x, error, UNREADABLE);
}
