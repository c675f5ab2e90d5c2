/* Views in one file of SQLite, an owner's beside each other, so that reading
 * them all is one walk. The journal is a write-ahead log that is synced when it
 * is written back, not at each commit: a loss of power may take the last views,
 * which are computed anew, and never breaks the file.
 *
 * Should the file be broken all the same, it is moved aside at once when that
 * shows at the start, and else before the next request; once a day at most, for
 * a disk that goes on breaking files must not be filled with them. Where only the
 * connection is of no more use, or the file was moved, it is opened anew.
 *
 * Known limit: room that was given back is used again, but the file does not
 * shrink. */
#include "config.h"

#include "store/views.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	SCHEMA_VERSION = 1,
	DAY_MILLIS = 24 * 60 * 60 * 1000,
	BROKEN_PATH_SIZE = PATH_MAX + sizeof(".broken-20261121T080512-wal"),
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE owner (id INTEGER PRIMARY KEY, upstream BLOB NOT NULL, user BLOB NOT NULL,"
	" mailbox BLOB NOT NULL, seen INTEGER NOT NULL, UNIQUE (upstream, user, mailbox));"
	"CREATE TABLE view (owner INTEGER NOT NULL REFERENCES owner(id) ON DELETE CASCADE,"
	" message BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (owner, message)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

/* The statements that are kept prepared, in the order of their texts. */
enum statement { FIND_OWNER, ADD_OWNER, NOTE_SEEN, EACH, FIND, PUT, DROP, EXPIRE, STATEMENTS };

static const char *const statement_texts[STATEMENTS] = {
	[FIND_OWNER] = "SELECT id, seen FROM owner WHERE upstream = ? AND user = ? AND mailbox = ?",
	[ADD_OWNER] = "INSERT INTO owner (upstream, user, mailbox, seen) VALUES (?, ?, ?, ?)",
	[NOTE_SEEN] = "UPDATE owner SET seen = ? WHERE id = ?",
	[EACH] = "SELECT message, state FROM view WHERE owner = ?",
	[FIND] = "SELECT message, state FROM view WHERE owner = ? AND message = ?",
	[PUT] = "INSERT OR REPLACE INTO view (owner, message, state) VALUES (?, ?, ?)",
	[DROP] = "DELETE FROM view WHERE owner = ? AND message = ?",
	[EXPIRE] = "DELETE FROM owner WHERE seen < ?",
};

struct views {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	char file[PATH_MAX];
	bool broken;     /* must be begun anew before it is used again */
	bool spent;      /* must be opened anew */
	int64_t renewed; /* the day when it was last */
};

/* An owner's row; id 0: there is none. */
struct owner_row {
	int64_t id, seen;
};

bool
view_owner_fits(const struct view_owner *o)
{
	return o->upstream.len <= VIEW_OWNER_MAX && o->user.len <= VIEW_OWNER_MAX && o->mailbox.len <= VIEW_OWNER_MAX;
}

bool
view_fits(const struct view *v)
{
	return v->message.len <= VIEW_MESSAGE_MAX && v->state.len <= VIEW_STATE_MAX;
}

int64_t
views_today(void)
{
	return clock_wall_millis() / DAY_MILLIS;
}

/* ---- the file ---- */

/* Whether such an error tells of the file and not of the disk, of memory or of
 * another process. Each statement is right for our schema and breaks none of
 * its constraints, as long as the tables and their indices are what we made. */
static bool
tells_of_file(int code)
{
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_CONSTRAINT;
}

static bool
fail(struct views *v, const char **error, const char *what)
{
	log_error("views", "%s: %s", what, sqlite3_errmsg(v->db));
	v->broken = v->broken || tells_of_file(sqlite3_errcode(v->db));
	v->spent = v->spent || sqlite_is_spent(v->db);
	*error = what;
	return false;
}

static bool
open_database(struct views *v, const char **error)
{
	int version;

	if (!sqlite_open(&v->db, v->file,
	        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"))
		return fail(v, error, "views.db cannot be opened");
	version = sqlite_schema_version(v->db);
	if (version > SCHEMA_VERSION) {
		*error = "views.db was written by a later gatepost";
		log_error("views", "%s", *error);
		return false;
	}
	if (version < 0 || (version == 0 && !sqlite_run(v->db, schema)))
		return fail(v, error, "views.db cannot be made");
	if (!sqlite_prepare(v->db, statement_texts, v->statements, STATEMENTS))
		return fail(v, error, "views.db is not what it should be");
	return true;
}

static void
close_database(struct views *v)
{
	sqlite_close(&v->db, v->statements, STATEMENTS);
}

static bool
rename_with(const struct views *v, const char *ending, const char *broken)
{
	char from[BROKEN_PATH_SIZE], to[BROKEN_PATH_SIZE];

	snprintf(from, sizeof(from), "%s%s", v->file, ending);
	snprintf(to, sizeof(to), "%s%s", broken, ending);
	return rename(from, to) == 0 || errno == ENOENT;
}

/* The log of changes first: beside a new file it would be taken for its own. */
static bool
move_aside(struct views *v, const char **error)
{
	char seconds[sizeof("20261121T080512")], broken[BROKEN_PATH_SIZE];
	time_t now = (time_t)(clock_wall_millis() / 1000);
	struct tm tm;

	close_database(v);
	gmtime_r(&now, &tm);
	strftime(seconds, sizeof(seconds), "%Y%m%dT%H%M%S", &tm);
	snprintf(broken, sizeof(broken), "%s.broken-%s", v->file, seconds);
	if (!rename_with(v, "-wal", broken) || !rename_with(v, "-shm", broken) || !rename_with(v, "", broken)) {
		*error = "the broken views.db cannot be moved aside";
		log_error("views", "%s: %s", *error, strerror(errno));
		return false;
	}
	log_error("views", "%s is broken and is now %s; what readers were shown is computed anew", v->file, broken);
	return true;
}

static bool
renew(struct views *v, const char **error)
{
	v->renewed = views_today();
	v->broken = v->spent = !move_aside(v, error) || !open_database(v, error);
	return !v->broken;
}

static bool
reopen(struct views *v, const char **error)
{
	close_database(v);
	v->spent = !open_database(v, error);
	if (!v->spent)
		log_warning("views", "views.db had become useless and was opened anew");
	return !v->spent;
}

/* Whether the file can be used; one that is broken is begun anew. */
static bool
ready(struct views *v, const char **error)
{
	if (!v->broken && !v->spent && !sqlite_has_moved(v->db))
		return true;
	if (!v->broken)
		return reopen(v, error);
	*error = "views.db is broken, and was begun anew today";
	return v->renewed != views_today() && renew(v, error);
}

struct views *
views_open(const char *folder, const char **error)
{
	struct views *v = calloc(1, sizeof(*v));
	int len;

	if (v == NULL) {
		*error = "out of memory";
		return NULL;
	}
	v->renewed = -1;
	len = snprintf(v->file, sizeof(v->file), "%s/views.db", folder);
	if (len < 0 || (size_t)len >= sizeof(v->file)) {
		*error = "the path of the views is too long";
		views_close(&v);
	} else if (!open_database(v, error) && (!v->broken || !renew(v, error))) {
		views_close(&v);
	}
	return v;
}

void
views_close(struct views **views)
{
	if (*views == NULL)
		return;
	close_database(*views);
	free(*views);
	*views = NULL;
}

/* ---- owners ---- */

static bool
bind_span(sqlite3_stmt *s, int column, struct span value)
{
	return sqlite3_bind_blob64(s, column, value.len > 0 ? value.data : "", value.len, SQLITE_STATIC) == SQLITE_OK;
}

static bool
bind_owner(sqlite3_stmt *s, const struct view_owner *o)
{
	return bind_span(s, 1, o->upstream) && bind_span(s, 2, o->user) && bind_span(s, 3, o->mailbox);
}

static bool
find_owner(struct views *v, const struct view_owner *o, struct owner_row *row)
{
	sqlite3_stmt *s = v->statements[FIND_OWNER];
	int status = bind_owner(s, o) ? sqlite3_step(s) : SQLITE_ERROR;

	*row = (struct owner_row){ 0 };
	if (status == SQLITE_ROW)
		*row = (struct owner_row){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1) };
	sqlite_reset(s);
	return status == SQLITE_ROW || status == SQLITE_DONE;
}

static bool
add_owner(struct views *v, const struct view_owner *o, struct owner_row *row)
{
	sqlite3_stmt *s = v->statements[ADD_OWNER];

	row->seen = views_today();
	if (!sqlite_finish(s, bind_owner(s, o) && sqlite3_bind_int64(s, 4, row->seen) == SQLITE_OK))
		return false;
	row->id = sqlite3_last_insert_rowid(v->db);
	return true;
}

/* Written once a day at most. */
static bool
note_seen(struct views *v, const struct owner_row *row)
{
	sqlite3_stmt *s = v->statements[NOTE_SEEN];
	int64_t today = views_today();

	return row->seen == today ||
	    sqlite_finish(s, sqlite3_bind_int64(s, 1, today) == SQLITE_OK &&
	            sqlite3_bind_int64(s, 2, row->id) == SQLITE_OK);
}

bool
views_expire(struct views *v, int64_t today, unsigned days, const char **error)
{
	sqlite3_stmt *s;

	if (!ready(v, error))
		return false;
	s = v->statements[EXPIRE];
	if (!sqlite_finish(s, sqlite3_bind_int64(s, 1, today - days) == SQLITE_OK))
		return fail(v, error, "views.db cannot be cleared of old owners");
	if (sqlite3_changes(v->db) > 0)
		log_info("views", "maildrops forgotten that nobody read for %u days: %d", days, sqlite3_changes(v->db));
	return true;
}

/* ---- views ---- */

static struct span
column(sqlite3_stmt *s, int i)
{
	const char *data = sqlite3_column_blob(s, i);

	return span_of(data, data != NULL ? (size_t)sqlite3_column_bytes(s, i) : 0);
}

/* What is told of each view. */
struct telling {
	bool (*row)(void *context, const struct view *view);
	void *context;
	bool over; /* it wants no more */
};

/* Of a statement that is bound. */
static bool
tell_rows(struct views *v, sqlite3_stmt *s, bool bound, struct telling *t, const char **error)
{
	int status = bound ? sqlite3_step(s) : SQLITE_ERROR;
	bool ok = true;

	while (status == SQLITE_ROW) {
		const struct view view = { column(s, 0), column(s, 1) };

		t->over = !t->row(t->context, &view);
		if (t->over)
			break;
		status = sqlite3_step(s);
	}
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		ok = fail(v, error, "views.db cannot be read");
	sqlite_reset(s);
	return ok;
}

/* owner->id == 0: nothing is kept of it. */
static bool
visit_owner(struct views *v, const struct view_owner *o, struct owner_row *owner, const char **error)
{
	const char *not_noted;

	if (!ready(v, error))
		return false;
	if (!find_owner(v, o, owner))
		return fail(v, error, "views.db cannot be read");
	if (owner->id != 0 && !note_seen(v, owner))
		fail(v, &not_noted, "views.db cannot be written"); /* it can still be read */
	return true;
}

bool
views_each(struct views *v, const struct view_owner *o, bool (*row)(void *context, const struct view *view),
    void *context, const char **error)
{
	struct telling t = { row, context, false };
	struct owner_row owner;
	sqlite3_stmt *s;

	if (!visit_owner(v, o, &owner, error))
		return false;
	s = v->statements[EACH];
	return owner.id == 0 || tell_rows(v, s, sqlite3_bind_int64(s, 1, owner.id) == SQLITE_OK, &t, error);
}

bool
views_find(struct views *v, const struct view_owner *o, const struct span *names, size_t count,
    bool (*row)(void *context, const struct view *view), void *context, const char **error)
{
	struct telling t = { row, context, false };
	struct owner_row owner;
	sqlite3_stmt *s;
	bool ok = true;

	if (!visit_owner(v, o, &owner, error))
		return false;
	s = v->statements[FIND];
	for (size_t i = 0; owner.id != 0 && ok && !t.over && i < count; i++)
		ok = tell_rows(v, s, sqlite3_bind_int64(s, 1, owner.id) == SQLITE_OK && bind_span(s, 2, names[i]), &t, error);
	return ok;
}

static bool
put_view(struct views *v, int64_t owner, const struct view *view)
{
	sqlite3_stmt *s = v->statements[PUT];

	return sqlite_finish(s, sqlite3_bind_int64(s, 1, owner) == SQLITE_OK && bind_span(s, 2, view->message) &&
	        bind_span(s, 3, view->state));
}

static bool
drop_view(struct views *v, int64_t owner, struct span message)
{
	sqlite3_stmt *s = v->statements[DROP];

	return sqlite_finish(s, sqlite3_bind_int64(s, 1, owner) == SQLITE_OK && bind_span(s, 2, message));
}

/* Inside of a transaction. An owner without views is not made. */
static bool
change(struct views *v, const struct view_owner *o, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count)
{
	struct owner_row owner;
	bool ok = find_owner(v, o, &owner);

	if (ok && owner.id == 0 && put_count == 0)
		return true;
	ok = ok && (owner.id != 0 ? note_seen(v, &owner) : add_owner(v, o, &owner));
	for (size_t i = 0; ok && i < put_count; i++)
		ok = put_view(v, owner.id, &puts[i]);
	for (size_t i = 0; ok && i < drop_count; i++)
		ok = drop_view(v, owner.id, drops[i]);
	return ok;
}

static bool
change_fits(const struct view_owner *o, const struct view *puts, size_t put_count)
{
	bool fits = view_owner_fits(o);

	for (size_t i = 0; fits && i < put_count; i++)
		fits = view_fits(&puts[i]);
	return fits;
}

bool
views_change(struct views *v, const struct view_owner *o, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count, const char **error)
{
	if (!change_fits(o, puts, put_count)) {
		*error = "a view or its owner is larger than it may be";
		return false;
	}
	if (!ready(v, error))
		return false;
	if (sqlite_run(v->db, "BEGIN IMMEDIATE") && change(v, o, puts, put_count, drops, drop_count) &&
	    sqlite_run(v->db, "COMMIT"))
		return true;
	fail(v, error, "views.db cannot be written");
	if (!sqlite_roll_back(v->db))
		v->spent = true;
	return false;
}
