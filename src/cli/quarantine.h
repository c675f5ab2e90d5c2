/* What the verbs of gatepost quarantine have in common. */
#ifndef CLI_QUARANTINE_H
#define CLI_QUARANTINE_H

#include "daemon/keeper_order.h"

#include <stdio.h>

/* The verbs; argv[0] is "quarantine VERB". They return an exit status. */
int quarantine_list(int argc, char **argv);
int quarantine_show(int argc, char **argv);
int quarantine_release(int argc, char **argv);
int quarantine_delete(int argc, char **argv);
int quarantine_expire_now(int argc, char **argv);
extern const char quarantine_help[];

/* The quarantine as one command sees it. */
struct desk {
	struct arena *arena;
	const struct settings *settings;
	struct quarantine *q; /* open for reading; NULL after desk_open_blind() */
	int courier;          /* see daemon/keeper_order.h */
};

/* Reads the configuration, becomes the owner of the quarantine where the
 * command was given by root, and opens it. False: what is wrong was told.
 * desk_close() follows also a failure. */
bool desk_open(struct desk *d, const char *config);
/* The same without opening it. */
bool desk_open_blind(struct desk *d, const char *config);
/* The three steps for those who have something to do in between. */
bool desk_read_settings(struct desk *d, const char *config);
bool desk_become_owner(struct desk *d);
bool desk_open_quarantine(struct desk *d);
void desk_close(struct desk *d);

/* The message whose id begins so, or NULL after telling that there is none. */
const char *desk_find(struct desk *d, const char *prefix);
/* False after telling why it could not be carried out. */
bool desk_order(struct desk *d, const struct keeper_order *order, struct keeper_result *result);

/* One JSON object without a line end: gatepost(1) has the keys. */
void record_json(struct buf *out, const struct quarantine_record *r);
/* Lines for people, of which no octet of the message rules the terminal. */
void record_print(const struct quarantine_record *r, FILE *out);
/* "2026-11-21T08:05:12.123Z" */
enum { RECORD_TIME_SIZE = 32 };
void record_time(int64_t millis, char out[RECORD_TIME_SIZE]);

#endif
