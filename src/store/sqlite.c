/* SQLite, as our files use it. */
#include "config.h"

#include "store/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

enum { BUSY_PATIENCE = 5000 }; /* a reader may hold the file this long, in milliseconds */

/* SQLite's own may be read by everybody; what is made beside it is as the file is. Only one
 * that is new is opened here, for closing a file takes the locks of all who have it open. */
static void
make_private(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

bool
sqlite_open(sqlite3 **db, const char *file, const char *pragmas)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	make_private(file);
	return sqlite3_open_v2(file, db, flags, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(*db, BUSY_PATIENCE) == SQLITE_OK && sqlite_run(*db, "PRAGMA temp_store = MEMORY") &&
	    sqlite_run(*db, pragmas);
}

bool
sqlite_open_reading(sqlite3 **db, const char *file)
{
	return sqlite3_open_v2(file, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(*db, BUSY_PATIENCE) == SQLITE_OK;
}

void
sqlite_close(sqlite3 **db, sqlite3_stmt **statements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sqlite3_finalize(statements[i]);
		statements[i] = NULL;
	}
	sqlite3_close(*db);
	*db = NULL;
}

bool
sqlite_is_spent(sqlite3 *db)
{
	switch (sqlite3_extended_errcode(db)) {
	case SQLITE_IOERR_LOCK:
	case SQLITE_IOERR_RDLOCK:
	case SQLITE_IOERR_SHMLOCK:
	case SQLITE_IOERR_UNLOCK:
		return true;
	default:
		break;
	}
	switch (sqlite3_errcode(db)) {
	case SQLITE_PROTOCOL:
	case SQLITE_BUSY: /* of our files nobody else is a writer */
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return true;
	default:
		return false;
	}
}

bool
sqlite_has_moved(sqlite3 *db)
{
	int moved = 0;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved == 0)
		return false;
	sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return true;
}

bool
sqlite_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int
sqlite_schema_version(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version;
}

bool
sqlite_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

bool
sqlite_roll_back(sqlite3 *db)
{
	return sqlite3_get_autocommit(db) || sqlite_run(db, "ROLLBACK"); /* some errors have rolled back already */
}

void
sqlite_reset(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

bool
sqlite_finish(sqlite3_stmt *s, bool bound)
{
	bool ok = bound && sqlite3_step(s) == SQLITE_DONE;

	sqlite_reset(s);
	return ok;
}
