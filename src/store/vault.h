/* The files of the quarantine. A put goes through three steps: vault_write()
 * makes the file durable in its final place and keeps a second link to it in
 * incoming/; then the caller makes its row durable; then vault_settle() drops
 * the link. So whatever lies in incoming/ at the next start tells which put
 * was interrupted, without a search through all folders. */
#ifndef STORE_VAULT_H
#define STORE_VAULT_H

#include "base/span.h"
#include "store/quarantine.h"

struct vault {
	int root, messages, incoming;
	int day;                         /* the folder of day_name, or -1 */
	char day_name[sizeof("YYYYMMDD")];
};

#define VAULT_CLOSED ((struct vault){ .root = -1, .messages = -1, .incoming = -1, .day = -1 })

/* Makes and opens the folders, and locks them. vault_close() follows also a failure. */
bool vault_open(struct vault *v, const char *path, const char **error);
void vault_close(struct vault *v);
/* Opens what is there for reading and claiming, and locks nothing. */
bool vault_open_reading(struct vault *v, const char *path, const char **error);
/* Makes the names in the folder durable, and its own. */
bool vault_sync(struct vault *v, const char **error);

/* A new id for a message that is put now. */
void vault_new_id(char id[QUARANTINE_ID_SIZE]);

/* On failure nothing is left. *size: octets written. */
bool vault_write(struct vault *v, const char *id, int message_fd, struct span message, uint64_t *size,
    const char **error);
void vault_settle(struct vault *v, const char *id);
/* Undoes vault_write(). */
void vault_drop(struct vault *v, const char *id);

/* A descriptor to read the message, or -1. */
int vault_read(struct vault *v, const char *id, const char **error);
/* The same with a lock on it: -1 also when another descriptor has that. */
int vault_claim(struct vault *v, const char *id, const char **error);
bool vault_digest(struct vault *v, const char *id, char sha256[QUARANTINE_SHA256_SIZE], const char **error);
/* Removes a message that nobody has claimed; one that is not there is no error.
 * id: of the index. */
bool vault_remove(struct vault *v, const char *id, const char **error);

enum vault_fate { VAULT_KEEP, VAULT_DROP, VAULT_LEAVE };
/* After a start: settles, drops or leaves alone each interrupted put, as
 * decide() says. False when incoming/ cannot be read. */
bool vault_recover(struct vault *v, enum vault_fate (*decide)(void *context, const char *id), void *context,
    const char **error);

#endif
