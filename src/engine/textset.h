/* Regular expressions over text: PCRE2 with JIT, guarded by limits. Each
 * expression's required literals (of which every match must hold one) are looked
 * for first, all of them in one pass; PCRE2 runs only where one was found. */
#ifndef ENGINE_TEXTSET_H
#define ENGINE_TEXTSET_H

#include "base/arena.h"

struct regex;
enum regex_result { REGEX_MATCH, REGEX_NO_MATCH, REGEX_LIMIT /* or any failure to decide */ };

struct regex_limits {
	uint32_t matches, depth; /* PCRE2's match and depth limits */
};

/* `text`: "/expression/flags" as in rules; the last slash ends the expression.
 * Flags are PCRE2's i, m, s and x, and u: \w, \d, \s and \b go by Unicode.
 * Subjects are UTF-8, and where they are not, nothing matches across. A line
 * ends with CR, LF or both. NULL and *error
 * (in the arena) and *error_offset (in `text`) when it is wrong. Compiled
 * with JIT, freed with the arena. */
struct regex *regex_compile(struct arena *a, struct span text, const struct regex_limits *limits, const char **error,
    size_t *error_offset);
enum regex_result regex_match(const struct regex *r, struct span subject);
/* The literals of which every match must contain one (lower case with
 * *nocase), at least three bytes each; their number, 0 when none could be
 * found. *folds: they say nothing of a text that holds U+017F or U+212A, the
 * cases beyond ASCII of s and k. For tests and the prefilter. */
size_t regex_required_literals(const struct regex *r, const struct span **items, bool *nocase, bool *folds);

/* A set of expressions matched against one text. A scratch is made before the
 * cage (its JIT stack with it), and is one process's own; NULL when memory is
 * out, and with a NULL scratch every result is raised to REGEX_LIMIT. */
struct textset;
struct textset *textset_compile(struct arena *a, struct regex *const *items, size_t count);
size_t textset_count(const struct textset *t);
struct textset_scratch;
struct textset_scratch *textset_scratch_new(const struct textset *t);
void textset_scratch_free(struct textset_scratch **s);
/* results[i] for expression i is raised to REGEX_MATCH or REGEX_LIMIT, never
 * lowered from REGEX_MATCH; so a text may come in pieces (parts). The caller
 * sets all to REGEX_NO_MATCH first. */
void textset_match(const struct textset *t, struct textset_scratch *s, struct span text, enum regex_result *results);

#endif
