/* What content is, by its bytes, whatever it is called. */
#ifndef ENGINE_MAGIC_H
#define ENGINE_MAGIC_H

#include "base/span.h"

/* All names, ends with NULL: for checking rules. Stable, lower-case. */
extern const char *const magic_names[];

/* One of them, "empty" for nothing and "data" for what is not known. Never
 * NULL; linear in at most 64 KiB at both ends. */
const char *magic_of(struct span data);

/* What some program could take it for. */
struct magic_kind {
	const char *name;
	size_t offset; /* where it begins as that */
};
enum { MAGIC_ALL_MAX = 8 };
/* Every kind, what magic_of() says first; how many. Linear. */
size_t magic_all(struct span data, struct magic_kind out[MAGIC_ALL_MAX]);
/* Of an archive whose members stand in it as they are, in which magic_all() does not look for others: archives that begin
 * behind its start, as some programs look for them there. They may be members. How many; of other content none. */
enum { MAGIC_BEHIND_MAX = 3 };
size_t magic_behind(struct span data, struct magic_kind out[MAGIC_BEHIND_MAX]);

/* True when a declared type ("image/png"; NULL for none) or an extension
 * (".pdf"; empty for none) says something else than the content is, in a way
 * that no honest mail does: general types, those that programs use for each
 * other's content, and what is not known never contradict. */
bool magic_contradicts(const char *magic, const char *type, struct span extension);

#endif
