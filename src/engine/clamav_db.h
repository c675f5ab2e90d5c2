/* Inside of clamav*.c: a database as it is compiled, and what is at hand while
 * it is read. */
#ifndef ENGINE_CLAMAV_DB_H
#define ENGINE_CLAMAV_DB_H

#include "engine/clamav.h"
#include "engine/digest_set.h"
#include "engine/executable.h"
#include "engine/regex_run.h"

enum {
	/* Signatures say which releases of ClamAV they are for; this is 1.4. */
	CLAM_LEVEL = 216,
	CLAM_LEVEL_SIZE_ANY = 73, /* the least that a digest of any size must name */
	/* The longest line of a published database is under 64 KiB. */
	CLAM_LINE_MAX = 1024 * 1024,
	CLAM_FILE_MAX = 1024 * 1024 * 1024,
	CLAM_FIELDS_MAX = 128,
	CLAM_SUBS_MAX = 64,   /* sub-signatures of one */
	CLAM_MACROS_MAX = 32,
	CLAM_TARGETS = 14,
	CLAM_TARGET_MAIL = 4,
	CLAM_TARGET_TEXT = 7,
	CLAM_TARGET_HTML = 3,
	CLAM_INTERMEDIATES_MAX = 16,
};

/* --- Offsets: clamav_offset.c --- */

enum clam_origin {
	CLAM_AT_ANY, CLAM_AT_BEGIN, CLAM_AT_END, CLAM_AT_ENTRY, CLAM_AT_SECTION, CLAM_AT_LAST_SECTION, CLAM_IN_SECTION,
	CLAM_AT_MACRO, CLAM_AT_UNSUPPORTED,
};
struct clam_offset {
	enum clam_origin origin;
	uint32_t section;      /* or the number of a macro's group */
	int64_t distance;      /* from the origin */
	uint32_t shift;        /* and up to so many octets further on */
};
/* False when it is malformed. */
bool clam_offset_parse(struct span text, struct clam_offset *out);
/* Whether it can be told without looking at headers. */
bool clam_offset_is_plain(const struct clam_offset *o);
/* The offsets that are meant in this content; false when there are none. */
bool clam_offset_range(const struct clam_offset *o, const struct executable *e, size_t len, size_t *first, size_t *last);
/* The same for the matcher. */
struct signature_place clam_offset_place(const struct clam_offset *o);

/* --- Logical signatures --- */

struct clam_range {
	uint64_t least, most;
};

/* clamav_expression.c: A&B, A|B, (A)=n,m; operators are taken from the right
 * and none binds closer. */
struct clam_count {
	uint64_t matches;
	uint64_t which; /* bits: sub-signatures that matched */
};
struct clam_node {
	char kind;             /* '&', '|', or 's' a sub-signature */
	char comparison;       /* '=', '<', '>', or 0 */
	uint8_t sub;
	uint16_t left, right;  /* indexes of nodes */
	uint32_t matches, different; /* to compare with; different 0 = not asked */
};
struct clam_expression {
	const struct clam_node *nodes; /* the last is the root */
	uint16_t count;
	uint8_t subs;          /* the highest index and one */
};
bool clam_expression_parse(struct arena *a, struct span text, struct clam_expression *out);
/* counts: of each sub-signature. */
bool clam_expression_holds(const struct clam_expression *e, const uint32_t *counts);

/* clamav_regex.c: Perl's expressions over bytes. */
struct clam_regex {
	pcre2_code *code;
};
/* NULL, or what is wrong (in the arena). */
const char *clam_regex_compile(struct arena *a, struct span pattern, uint32_t options, struct clam_regex *out);
/* The next match from `start` on. */
enum regex_result clam_regex_find(const struct clam_regex *r, const struct regex_memory *m, struct span subject,
    size_t start, bool anchored, size_t *begin, size_t *end);

/* clamav_pcre.c: Trigger/expression/flags. */
struct clam_pcre {
	struct clam_expression trigger;
	struct clam_regex regex;
	struct clam_offset offset;
	bool global, rolling, encompass;
};
const char *clam_pcre_parse(struct arena *a, struct span text, struct clam_pcre *out);

/* clamav_compare.c: sub(>>offset#options#comparisons). */
struct clam_compare {
	uint8_t sub;
	int64_t distance;
	char kind;             /* 'h', 'd', 'a' digits, 'i' binary */
	bool ordered, little, exact; /* `ordered`: l or b is given */
	uint32_t size;
	uint8_t count;
	struct {
		char comparison;
		uint64_t value;
	} tests[2];
};
bool clam_compare_parse(struct span text, struct clam_compare *out);
bool clam_compare_holds(const struct clam_compare *c, struct span data, size_t at);

enum clam_sub_kind { CLAM_SUB_BODY, CLAM_SUB_PCRE, CLAM_SUB_COMPARE, CLAM_SUB_MACRO };
struct clam_sub {
	enum clam_sub_kind kind;
	bool recorded;          /* all places of its matches are needed, by a macro */
	uint8_t number;         /* in its signature */
	uint32_t logical;       /* its signature */
	struct clam_offset offset;
	struct clam_range macro; /* distance from the sub-signature before */
	uint32_t macro_group;
	const struct clam_pcre *pcre;
	const struct clam_compare *compare;
};

struct clam_logical {
	const char *name;
	struct clam_expression expression;
	uint32_t first_sub;
	uint8_t sub_count, target;
	bool places;           /* where the last match lies is needed, by comparisons */
	bool late;             /* has sub-signatures that wait for the others */
	uint32_t enough;       /* more matches of a sub-signature make no difference */
	struct clam_range size, entry, sections;
	bool asks_entry, asks_sections, asks_container;
	enum clam_type container; /* CLAM_ANY: in none */
	const enum clam_type *intermediates; /* from the outermost */
	uint8_t intermediate_count;
};

/* --- The others --- */

struct clam_body {
	const char *name;
	struct clam_offset offset;
	uint8_t target;
};

struct clam_member {
	const char *name;
	enum clam_type container;
	struct clam_range container_size, packed, size, position;
	bool has_regex;
	struct clam_regex regex;
	int8_t encrypted;      /* -1 = either */
};

/* Digests with names: of files, of a PE's sections, of what is allowed. */
struct clam_hashes {
	struct digest_set sets[DIGEST_KINDS]; /* numbers are indexes of names */
	const char **names;
	size_t count, cap;
};

/* What an id of the matcher is. */
struct clam_id {
	bool sub;              /* of a logical signature, else a body */
	uint32_t index;
};

struct clam_db {
	struct signatures *signatures; /* bodies; NULL = there are none */
	struct clam_id *ids;
	struct clam_body *bodies;
	struct clam_logical *logicals;
	struct clam_sub *subs;
	struct clam_member *members;
	struct clam_hashes files, sections, allowed;
	size_t id_count, body_count, logical_count, sub_count, member_count;
	uint32_t *idle;        /* logical signatures that hold with nothing found */
	size_t idle_count;
	bool targets[CLAM_TARGETS]; /* some signature asks for it */
	bool wants_layout;
};

/* --- While it is read --- */

struct clam_names {        /* sorted before they are searched */
	struct span *items;
	size_t count, cap;
};

struct clam_tally {
	const char *why;       /* a literal */
	size_t count;
};

struct clam_loader {
	struct arena *arena;
	const struct clam_listener *listener;
	struct clam_file *files;
	size_t file_count, file_cap;
	struct clam_names ignored;
	struct signature_builder *builder;
	struct clam_db *db;
	size_t id_cap, body_cap, logical_cap, sub_cap, member_cap, idle_cap;
	struct arena *work;    /* reset after each line */
	struct clam_tally *tallies; /* of what is not supported */
	size_t tally_count, tally_cap;
};

/* What became of a line. Malformed ones are told by their number. */
enum clam_line { CLAM_LINE_TAKEN, CLAM_LINE_SKIPPED, CLAM_LINE_MALFORMED };

/* One more signature that is not supported, and why (a literal). */
enum clam_line clam_unsupported(struct clam_loader *l, const char *why);
/* Splits into at most CLAM_FIELDS_MAX fields; 0 when there are more. */
size_t clam_fields(struct span line, char separator, struct span *out);
bool clam_levels_fit(struct span least, struct span most, bool *fit);
bool clam_range_parse(struct span text, struct clam_range *out);
bool clam_name_is_ignored(const struct clam_loader *l, struct span name);
/* The name for good. */
const char *clam_name(struct clam_loader *l, struct span name);
bool clam_target_parse(struct span text, uint8_t *out);
bool clam_type_parse(struct span text, enum clam_type *out);
/* The target that has content of this type; 0 = none of its own. */
uint8_t clam_target_of(enum clam_type type);
/* A pattern for the matcher. NULL, or what is wrong. */
const char *clam_pattern_add(struct clam_loader *l, struct span hex, const struct clam_offset *offset, bool nocase,
    struct clam_id id);

enum clam_line clam_hash_line(struct clam_loader *l, struct clam_hashes *set, struct span line, bool section);
enum clam_line clam_body_line(struct clam_loader *l, struct span line);
enum clam_line clam_logical_line(struct clam_loader *l, struct span line);
enum clam_line clam_member_line(struct clam_loader *l, struct span line);
enum clam_line clam_ignore_line(struct clam_loader *l, struct span line);
void clam_hashes_finish(struct arena *a, struct clam_hashes *h);
void clam_ignored_finish(struct clam_loader *l);

/* --- While it is searched --- */

/* clamav_text.c: what ClamAV makes of text before it looks for signatures.
 * Written to `out`, which has room for text.len octets. */
struct span clam_text_normal(struct span text, char *out);
/* clamav_html.c: the same of HTML, twice: in lower case without comments, and
 * without tags. `out` has room for clam_html_room(html.len) octets. */
struct clam_html {
	struct span clean, words;
};
size_t clam_html_room(size_t len);
struct clam_html clam_html_normal(struct span html, char *out);
/* Whether ClamAV takes text for HTML, and whether already by its beginning. */
bool clam_html_is(struct span text, bool *at_once);

/* clamav_hash.c: calls found for each digest that the data has. False when a
 * digest could not be computed. */
bool clam_hashes_find(const struct clam_hashes *h, struct span data, void (*found)(void *context, const char *name),
    void *context);
/* clamav_member.c */
bool clam_members_find(const struct clam_db *db, const struct regex_memory *m, const struct clam_object *o,
    void (*found)(void *context, const char *name), void *context);

#endif
