/* A header as some program reads it: what is a field for any, and where the
 * body begins for any. */
#ifndef MIME_LOOSE_H
#define MIME_LOOSE_H

#include "base/arena.h"

/* The fields that say what a part is. */
enum content_field {
	CONTENT_TYPE,
	CONTENT_ENCODING,
	CONTENT_DISPOSITION,
	CONTENT_DESCRIPTION,
	CONTENT_LOCATION,
	CONTENT_FIELDS,
};

struct loose_field {
	enum content_field kind;
	struct span value; /* raw, trimmed, folds included */
	bool within;       /* it has a longer name, of which the field's is a part */
};

/* More of either is no accident, and what they could tell apart was told by
 * the first. */
enum { LOOSE_FIELDS_MAX = 32, LOOSE_BREAKS_MAX = 8 };

struct loose_head {
	struct loose_field fields[LOOSE_FIELDS_MAX];
	size_t field_count;
	const char *breaks[LOOSE_BREAKS_MAX]; /* where a body begins, ascending */
	size_t break_count;
	bool ended; /* the last of them is behind an empty line that all see */
	bool nearly; /* a line begins like a Content- field and is none */
	bool broken; /* a line that is no field stands between fields, or goes before a continuation */
};

/* Reads a header from the front of `text`. crlf: lines ought to end so. Each
 * byte is looked at a bounded number of times. */
void loose_head_read(struct arena *a, struct span text, bool crlf, struct loose_head *h);

/* For a header that nothing ends, up to the end of all text: its last line is a body
 * for some. False when it has but one. */
bool loose_head_end(struct span text, struct loose_head *h);

/* Of a strict field's name; CONTENT_FIELDS for others. */
enum content_field content_field_of(struct span name);

/* The field that the text begins with, whatever stands between its name and the
 * value, or as a part of which longer name it is; its length up to there, or 0. */
size_t loose_field_name(struct span text, enum content_field *kind);

/* LF, VT, FF, CR, or what ends a string in C: a line begins behind it for some. */
bool loose_breaks_line(char c);

/* Of a field whose name has its first dash at `dash`, in a text from `begin`: where its
 * line begins, or NULL. For each dash of a text in turn: each byte is looked at a bounded
 * number of times. */
const char *loose_field_around(const char *begin, const char *dash, const char *end, enum content_field *kind);

/* Could the line be a field, of any name? */
bool loose_is_field(struct span line);

/* Does the line at the front, after blanks, name such a field, and a value that
 * it may have? For lines that continue another field. */
bool loose_field_is_sane(struct span line);

#endif
