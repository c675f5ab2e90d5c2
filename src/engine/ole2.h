/* Compound files (MS-CFB): the file system in a file of older Office documents,
 * Outlook items and installer packages. This header is of the format; what the
 * streams mean is for ole2_read(), at the end. */
#ifndef ENGINE_OLE2_H
#define ENGINE_OLE2_H

#include "engine/document.h"

enum ole2_kind { OLE2_UNUSED = 0, OLE2_STORAGE = 1, OLE2_STREAM = 2, OLE2_ROOT = 5 };
enum { OLE2_NO_PARENT = UINT32_MAX };

struct ole2_entry {
	struct span name;    /* UTF-8 */
	enum ole2_kind kind;
	uint32_t parent;     /* index of the storage; orphans are of the root */
	uint32_t first_child, next_sibling; /* 0: none */
	uint32_t start;      /* first sector */
	uint64_t size;
	const char *clsid;   /* 16 octets */
};

struct ole2 {
	struct document *d;
	struct span data;
	unsigned sector_shift, mini_shift;
	uint32_t mini_cutoff; /* streams below it lie in the mini stream */
	uint32_t *fat, *mini_fat;
	size_t fat_count, mini_fat_count;
	struct ole2_entry *entries; /* the first is the root */
	size_t count;
	struct span mini;     /* the mini stream */
	uint64_t work;        /* octets that may still be gathered of chains */
};

/* False when it is no compound file. What is damaged is told to d and read as
 * far as it goes. */
bool ole2_open(struct ole2 *o, struct document *d, struct span data);
/* At most `most` octets of the stream: where it lies, or gathered into a room
 * of d. Valid until the arena is reset. */
struct span ole2_stream(struct ole2 *o, const struct ole2_entry *e, size_t most);
/* The stream of that name, without regard to case, in the storage; or NULL.
 * Looks at all that is in the storage. */
const struct ole2_entry *ole2_find(const struct ole2 *o, uint32_t parent, const char *name);

/* Tells what a document, an Outlook item or a package of that format holds:
 * files, objects, attachments, bodies, the source of macros; and what it can
 * do. ARCHIVE_NONE: no compound file. */
enum archive_result ole2_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
