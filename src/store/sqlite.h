/* What our files of SQLite have in common: each is written by one process, has
 * a number for its schema and keeps its statements prepared. True = done; the
 * reason for a failure is sqlite3_errmsg()'s. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes the file when it is missing, and runs the pragmas. Nothing is written
 * outside of its folder. sqlite_close() follows also a failure. */
bool sqlite_open(sqlite3 **db, const char *file, const char *pragmas);
/* Of a file that another process may be writing just now. */
bool sqlite_open_reading(sqlite3 **db, const char *file);
/* Also what is NULL may be given; clears all of it. */
void sqlite_close(sqlite3 **db, sqlite3_stmt **statements, size_t count);

/* Whether, by its last error, such a connection does no good any more and another one may:
 * locks that could not be undone stay with it, and so does what it has read of its file.
 * It gets over a disk that is full or fails, and may then do what another one cannot begin
 * with: remove what takes room. */
bool sqlite_is_spent(sqlite3 *db);
/* Whether the file has been moved, removed or replaced: what is written goes to the one that
 * was opened, wherever that is. Its log has then been written back, lest the next one that is
 * opened by this name takes it for its own. */
bool sqlite_has_moved(sqlite3 *db);

bool sqlite_run(sqlite3 *db, const char *sql);
/* The file's user_version: 0 when it is new, -1 when it cannot be read. */
int sqlite_schema_version(sqlite3 *db);
bool sqlite_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements, size_t count);
/* After a failure between BEGIN and COMMIT. False: it goes on, and nothing else can begin. */
bool sqlite_roll_back(sqlite3 *db);

/* Forgets the last use of the statement; its error was told by its step. */
void sqlite_reset(sqlite3_stmt *s);
/* Steps a statement that returns no row, when its values are bound. */
bool sqlite_finish(sqlite3_stmt *s, bool bound);

#endif
