/* Inside of src/rule: what a policy's rules are compiled to, and what is at
 * hand while they are. */
#ifndef RULE_COMPILE_H
#define RULE_COMPILE_H

#include "engine/archive.h"
#include "engine/signature.h"
#include "engine/textset.h"
#include "rule/condition.h"
#include "rule/ruleset.h"

/* A use of `rule: NAME`. */
struct reference {
	struct reference *next;
	const char *name;
	struct mark mark;
	size_t index; /* of the rule meant, once all rules are read */
	bool negated; /* under a `not` */
};

struct rule {
	const char *name, *about; /* about may be NULL */
	const char *reply;        /* with its enhanced code, or NULL */
	struct mark mark;
	double score;
	enum verdict then;
	bool enabled, has_then;
	bool locates;             /* a condition, or one referred to, tells parts */
	struct node when;
	struct reference *references;
	struct rule *next;        /* while they are read */
};

/* Expressions for one kind of text. */
struct regex_group {
	struct regex **items;
	size_t count, cap;
	struct textset *set; /* NULL when there are none */
};
/* A condition's expressions: a run in a group. */
struct regex_run {
	size_t first, count;
};

/* What of the texts of a message an expression is held against. */
enum text_view {
	VIEW_TEXT,    /* all, and where something is hidden what is shown as well */
	VIEW_VISIBLE, /* what is shown */
	VIEW_HIDDEN,  /* what is not */
	VIEW_FOLDED,  /* the first, folded (fold.h) */
	VIEWS
};
extern const char *const text_view_names[]; /* ends with NULL */

struct header_group {
	struct header_group *next;
	struct span name;
	size_t index;
	struct regex_group regexes;
};

/* All that is looked for in a message. */
struct search {
	struct regex_group views[VIEWS], raw_body, uri;
	struct header_group *headers;
	size_t header_count;
	struct signature_builder *builder;
	struct signatures *signatures; /* NULL when there are none */
	bool asks_clamd;
	size_t signature_slots;        /* conditions on signatures */
	struct database_use *databases; /* database.h */
	size_t database_count;
	bool hidden_text;              /* some condition asks how much is hidden, */
	bool links;                    /* … for links by their parts, */
	bool shown_links;              /* … and for what their text shows */
	bool bodies;                   /* some condition asks for decoded contents */
	bool archives;                 /* … for members of archives */
};

/* Worth telling, but no error. */
struct note {
	struct note *next;
	const char *text;
};

struct ruleset {
	struct rule *rules; /* those in force first, in the order of the files */
	size_t count;       /* in force */
	size_t total;       /* with the disabled ones */
	size_t *order;      /* indexes: a rule comes after those it refers to */
	struct search search;
	const struct threshold *thresholds;
	size_t threshold_count;
	enum failure_action on_failure;
	enum ambiguous_action ambiguous;
	struct archive_limits archive_limits;
	struct note *notes;
};

struct compiler {
	struct arena *arena;
	struct report *report;
	struct regex_limits regex_limits;
	struct search *search; /* where the rule being read puts what it looks for */
	struct rule *rule;     /* being read */
	struct database **databases; /* loaded by this policy or one before */
	struct note **last_note;     /* where the next goes */
	bool has_clamd;        /* the policy says where */
	unsigned negated;      /* how many `not` the condition being read is under */
};

extern const char *const rule_file_keys[], *const rule_keys[]; /* end with NULL */

/* rule_read.c: one rule of a file; NULL when it was reported. */
struct rule *rule_read(struct compiler *c, struct yaml *mapping);
/* rule_reply.c: checks a reply against the code class that `then` demands and
 * adds the enhanced code where it is missing; NULL when it was reported. */
const char *rule_reply_read(struct compiler *c, struct yaml *value, enum verdict then);
/* rule_order.c: resolves references, finds cycles, fills rs->order and
 * rule.locates. False when something was reported. */
bool rules_link(struct compiler *c, struct ruleset *rs);

/* ruleset.c. line 0: of the file; file NULL: of no file. */
void note_add(struct compiler *c, const char *file, size_t line, const char *message);

/* value.c: the items of a list, or one value as a list of one; 0 when it is
 * empty, which was reported. */
size_t values_of(struct compiler *c, struct yaml *const *value, struct yaml *const **items);
/* "unknown WHAT "word", did you mean …?"; known ends with NULL. */
void report_unknown(struct compiler *c, const struct yaml *n, const char *what, const char *const *known);
/* One expression or a list of them, added to the group. */
bool regexes_read(struct compiler *c, struct yaml *value, struct regex_group *group, struct regex_run *run);
struct regex *regex_read(struct compiler *c, struct yaml *value);
/* domain_file.c: adds the names in the file whose path is the value. */
struct domain_set;
bool domain_file_read(struct compiler *c, struct yaml *value, struct domain_set *set);

#endif
