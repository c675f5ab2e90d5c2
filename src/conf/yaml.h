/* YAML as a tree of nodes that know their place, read by libyaml. Anchors and
 * aliases are resolved (bounded), tags are ignored, duplicate keys are errors. */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include "base/arena.h"
#include "conf/report.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_pair;

struct yaml {
	enum yaml_kind kind;
	struct mark mark;
	struct span text;  /* scalar; NUL-terminated too */
	bool quoted;       /* scalar: "…" or '…', so never a number, boolean or null */
	struct yaml **items; /* sequence */
	struct yaml_pair *pairs; /* mapping, in the order written */
	size_t count;
};

struct yaml_pair {
	struct yaml *key; /* a scalar */
	struct yaml *value;
};

enum {
	YAML_FILE_MAX = 64 * 1024 * 1024, /* octets of a file: 100,000 signatures with room */
	YAML_DEPTH_MAX = 64,
	YAML_NODES_MAX = 4 * 1000 * 1000,
};

/* In the format of an error: a text of the file, cut to what a line bears. */
#define YAML_SHOWN "%.80s"

/* NULL with errors in the report; that the file cannot be read is told at the
 * place that named it, unless that is NULL. An empty document is an empty
 * mapping. */
struct yaml *yaml_read_file(struct arena *a, const char *file, const struct mark *named, struct report *r);
struct yaml *yaml_read(struct arena *a, const char *file, struct span text, struct report *r);

struct yaml *yaml_get(const struct yaml *mapping, const char *key);

/* Reports every key of the mapping that is not in `known` (ends with NULL),
 * with the nearest known one, and a node that is no mapping. */
bool yaml_check_keys(const struct yaml *mapping, const char *const *known, struct report *r);

/* Typed values. Each returns false and reports what was expected, with the
 * node's place, when the node is something else. */
bool yaml_string(const struct yaml *n, const char **out, struct report *r);
bool yaml_bool(const struct yaml *n, bool *out, struct report *r);
bool yaml_number(const struct yaml *n, uint64_t *out, struct report *r);
bool yaml_decimal(const struct yaml *n, double *out, struct report *r);
/* "50MiB", "10 kB", "1024"; KiB MiB GiB are powers of 1024, kB MB GB of 1000. */
bool yaml_size(const struct yaml *n, uint64_t *out, struct report *r);
/* "10s", "500ms", "5m", "1h"; a bare number is seconds. Milliseconds out. */
bool yaml_duration(const struct yaml *n, uint64_t *out, struct report *r);
/* The index of the scalar in `names` (ends with NULL), case-sensitive; a wrong
 * one is reported with the nearest. */
bool yaml_choice(const struct yaml *n, const char *const *names, int *out, struct report *r);
/* The items of a sequence, or a single node as a list of one. */
size_t yaml_list(struct yaml *const *node, struct yaml *const **items);

#endif
