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

bool sqlite_run(sqlite3 *db, const char *sql);
/* The file's user_version: 0 when it is new, -1 when it cannot be read. */
int sqlite_schema_version(sqlite3 *db);
bool sqlite_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements, size_t count);
/* After a failure between BEGIN and COMMIT. */
void sqlite_roll_back(sqlite3 *db);

/* Forgets the last use of the statement; its error was told by its step. */
void sqlite_reset(sqlite3_stmt *s);
/* Steps a statement that returns no row, when its values are bound. */
bool sqlite_finish(sqlite3_stmt *s, bool bound);

#endif
