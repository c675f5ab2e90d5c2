/* ClamAV's databases of text as they are published: .hdb .hsb .mdb .msb .ndb
 * .ldb .cdb .fp .sfp .ign2, and .hdu .hsu .ndu .ldu .mdu .msu where a file of
 * them is named. What is not understood is counted and said, never dropped in
 * silence. The documents are ClamAV's; where they leave something open, what
 * clamscan 1.4 does is what is done here. */
#ifndef ENGINE_CLAMAV_H
#define ENGINE_CLAMAV_H

#include "engine/signature.h"

/* --- Loading --- */

struct clam_db;

/* Who is told what could not be used, and what was loaded. line 0: of the
 * file, or of all. Strings live in the arena. */
struct clam_listener {
	void *context;
	void (*tell)(void *context, const char *file, size_t line, const char *message);
};

struct clam_loader;
struct clam_loader *clam_loader_new(struct arena *a, const struct clam_listener *listener);
/* A file, or a folder whose files of known kinds are taken, without those of
 * potentially unwanted programs (…u). NULL, or why it cannot be read. */
const char *clam_loader_add(struct clam_loader *l, const char *path);
/* The same as a file of this name with this text, which is not copied. */
void clam_loader_add_text(struct clam_loader *l, const char *name, struct span text);
/* Reads all and compiles; NULL, or why a file could not be read. Malformed
 * lines do not make it fail: the first of them and the counts are told. */
const char *clam_loader_finish(struct clam_loader *l, struct clam_db **db);

/* Signatures that can be found. */
size_t clam_count(const struct clam_db *db);

/* --- Scanning --- */

/* ClamAV's types of content, as far as signatures can ask for them. */
enum clam_type {
	CLAM_ANY, CLAM_7Z, CLAM_ARJ, CLAM_BINARY, CLAM_BZ, CLAM_CPIO_CRC, CLAM_CPIO_NEWC, CLAM_CPIO_ODC, CLAM_CPIO_OLD,
	CLAM_EGG, CLAM_ELF, CLAM_GIF, CLAM_GRAPHICS, CLAM_GZ, CLAM_HTML, CLAM_ISO9660, CLAM_JAVA, CLAM_JPEG, CLAM_LNK,
	CLAM_MACHO, CLAM_MACHO_UNIBIN, CLAM_MAIL, CLAM_MSCAB, CLAM_MSCHM, CLAM_MSEXE, CLAM_MSOLE2, CLAM_OLD_TAR,
	CLAM_ONENOTE, CLAM_PDF, CLAM_PNG, CLAM_POSIX_TAR, CLAM_PS, CLAM_RAR, CLAM_RIFF, CLAM_RTF, CLAM_SCRIPT, CLAM_SWF,
	CLAM_TEXT, CLAM_TIFF, CLAM_TNEF, CLAM_XAR, CLAM_XZ, CLAM_ZIP,
	CLAM_TYPES
};
/* By content alone, in ClamAV's way: by the first bytes, else text or not. */
enum clam_type clam_type_of(struct span data);

#define CLAM_SIZE_UNKNOWN UINT64_MAX

/* Content, and where it was found. Nothing is copied. */
struct clam_object {
	const struct clam_object *container; /* NULL: it is in none */
	struct span data;      /* empty with `unread` */
	enum clam_type type;
	bool unread;           /* only its name and sizes are known */
	const struct span *names; /* that it may have in its container */
	size_t name_count;
	uint64_t packed, size; /* as the container tells them, or CLAM_SIZE_UNKNOWN */
	bool encrypted;
	size_t position;       /* in its container from 1; 0 in mail */
};

struct clam_scratch;
/* Of one process, made before the cage; NULL when memory is out. */
struct clam_scratch *clam_scratch_new(const struct clam_db *db);
void clam_scratch_free(struct clam_scratch **s);

/* Calls found(name) for each signature that the object answers to and that no
 * list allows, not for what is inside of it; more than once for one that is in
 * several forms of a text. False when something could not be
 * decided (an expression reached its limit, memory ran out, no scratch). */
bool clam_scan(const struct clam_db *db, struct clam_scratch *s, const struct clam_object *o,
    void (*found)(void *context, const char *name), void *context);

#endif
