/* Databases of signatures that other programs publish: ClamAV's and YARA's.
 * Inside of src/rule. A database is loaded once, however many rules and
 * policies name it. */
#ifndef RULE_DATABASE_H
#define RULE_DATABASE_H

#include "engine/clamav.h"
#include "engine/yara.h"
#include "rule/compile.h"

struct database {
	struct database *next;
	const char *key;       /* the kind and all paths */
	struct clam_db *clam;  /* one of them, the other NULL; both NULL when it could not be loaded */
	struct yara_set *yara;
};

/* A database that a policy's rules ask, and the slot of its sightings. */
struct database_use {
	struct database_use *next;
	const struct database *database;
	uint32_t slot;
	size_t index;          /* of its scratch */
};

/* Of one process. */
struct database_scratch;
struct database_scratch *database_scratch_new(const struct database_use *uses, size_t count);
void database_scratch_free(struct database_scratch **s);

/* The database of these paths, the values of `key`; the condition's slot is
 * *slot, another's with the same paths too. False when it was reported. */
bool database_read(struct compiler *c, struct yaml *paths, bool yara, uint32_t *slot);

typedef void database_found(void *context, uint32_t slot, const char *name);
/* Asks all databases; false when one could not decide. */
bool databases_scan(const struct database_use *uses, struct database_scratch *s, const struct clam_object *o,
    database_found *found, void *context);

#endif
