/* How the mappings of gatepost.yaml are read: a table for each mapping, a line
 * for each key, which says the kind of its value and the field it goes to. */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "conf/settings.h"
#include "conf/yaml.h"

#include <stddef.h>

/* One reading of one file. */
struct conf {
	struct arena *arena;
	struct report *report;
	struct settings *settings; /* being filled */
	const char *folder;        /* of the file: where relative paths begin */
};

struct key;

/* A kind of value. read() puts it into its field of the object, or reports;
 * preset() puts key->preset there. */
struct kind {
	const char *name; /* in gatepost.yaml(5) */
	void (*read)(struct conf *c, const struct key *key, const struct yaml *value, void *object);
	void (*preset)(const struct key *key, void *object);
};

struct key {
	const char *name;
	const struct kind *kind;
	size_t offset; /* of the field in the object */
	bool required;
	uint64_t preset;             /* what holds without the key: a number, or an index in choices */
	uint64_t least, most;        /* of numbers, sizes, durations */
	const char *const *choices;  /* ends with NULL */
	/* Of mappings, and of lists of them. */
	const struct key *keys;
	void (*check)(struct conf *c, const struct yaml *node, void *object); /* after all its keys, good or bad */
	size_t count;     /* of lists: offset of the field that counts the items */
	size_t item_size;
};

/* KEY(struct limits, connections, number) begins the line of a key that is
 * called as its field. */
#define KEY_AS(key, type, field, kind_of) .name = (key), .kind = &kind_##kind_of, .offset = offsetof(type, field)
#define KEY(type, field, kind_of) KEY_AS(#field, type, field, kind_of)
/* For lists: the field that counts, and the items. */
#define COUNT(type, field) .count = offsetof(type, field)
#define ITEMS(type, table) .item_size = sizeof(type), .keys = (table)

extern const struct kind kind_number, kind_size, kind_duration, kind_count, kind_boolean, kind_choice;
extern const struct kind kind_text, kind_line, kind_word, kind_host, kind_path;
extern const struct kind kind_keywords, kind_paths, kind_fingerprints, kind_patterns;
extern const struct kind kind_addresses, kind_networks, kind_tls_version, kind_decimal;
/* A mapping inside the object; a list of mappings; a mapping of names to
 * mappings, whose items begin with `const char *name`. */
extern const struct kind kind_mapping, kind_list, kind_named;
/* The name of an upstream or a policy, as its index. */
extern const struct kind kind_upstream, kind_policy;

/* The tables; each ends with a key without a name. */
extern const struct key settings_keys[], listener_keys[], upstream_keys[], policy_keys[], user_keys[];
extern const struct key limits_keys[], timeouts_keys[], pop3_keys[], threshold_keys[];

/* What no line of a table can say. */
void listener_check(struct conf *c, const struct yaml *node, void *object);
void upstream_check(struct conf *c, const struct yaml *node, void *object);
/* What an upstream (an index, SIZE_MAX = none) cannot be that `node` has for POP3 or IMAP;
 * nothing in a user's file. */
void readers_upstream_check(struct conf *c, const struct yaml *node, size_t upstream);
void policy_check(struct conf *c, const struct yaml *node, void *object);
void user_check(struct conf *c, const struct yaml *node, void *object);
/* Those of user_keys from here on may stand in a user's file. */
enum { USER_FILE_KEYS = 3 };
/* Sorts what the mapping's key "thresholds" was read to; no score is there twice. */
void thresholds_check(struct conf *c, const struct yaml *node, struct threshold *thresholds, size_t count);
/* No two listeners have one name or one address. */
void listeners_check(struct conf *c, const struct yaml *list);

/* Fills the object: every key is preset, then read where the mapping has it.
 * Unknown and missing keys are reported. */
void keys_read(struct conf *c, const struct key *keys, const struct yaml *mapping, void *object);
void keys_preset(const struct key *keys, void *object);

/* A prefix that fills the line is no prefix: RFC 5322 2.1.1 wants 78. */
enum { SUBJECT_PREFIX_MAX = 64 };
extern const char *const spam_choices[]; /* in the order of enum spam_shown */

/* `key: ` with nothing behind it. */
bool node_is_empty(const struct yaml *n);
/* Where the mapping's key has its value, or else the mapping. */
struct mark mark_of_key(const struct yaml *mapping, const char *key);

static inline void *
key_field(const struct key *key, void *object)
{
	return (char *)object + key->offset;
}

#endif
