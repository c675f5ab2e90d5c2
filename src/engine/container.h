/* Everything that holds other content: archives, documents, packages of mail
 * programs. One call reads one container and tells what is in it; whoever is
 * told may call it again for what he was given. Nothing is ever written to a
 * file or run. Adding a kind is a row in container.c and a file of its own. */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include "engine/archive.h"

/* What content can do to who opens it, or what it is besides its kind. */
enum trait {
	TRAIT_MACROS,            /* VBA, XLM or script code that the program can run */
	TRAIT_AUTO_RUN,          /* a macro whose name makes it run without being asked for */
	TRAIT_EXTERNAL_TEMPLATE, /* a document fetches its template or an object from elsewhere */
	TRAIT_DDE,               /* fields that start a program */
	TRAIT_EMBEDDED_OBJECT,   /* OLE objects, packages, files in a PDF */
	TRAIT_JAVASCRIPT,        /* in a PDF */
	TRAIT_LAUNCH,            /* an action of a PDF or a presentation that starts a program */
	TRAIT_BUILDS_FILE,       /* HTML whose script puts a file together and saves it */
	TRAIT_SIGNED,            /* S/MIME, unwrapped */
	TRAIT_ENCRYPTED,         /* it cannot be looked into, or in part */
	TRAIT_TWO_KINDS,         /* a file that two programs take for two kinds */
	TRAIT_INCONSISTENT,      /* a container that programs may unpack in two ways */
	TRAIT_MULTI_VOLUME,      /* a piece of an archive that is split */
	TRAIT_COUNT
};
/* "macros", "auto-run", …; ends with NULL. Stable: rules and logs use them. */
extern const char *const trait_names[];

/* Who is told. Functions are never NULL. */
struct container_sink {
	void *context;
	/* As archive_read()'s. False stops. */
	bool (*member)(void *context, const struct archive_member *m);
	/* Of the container; may be told more than once. */
	void (*trait)(void *context, enum trait trait);
	/* A link in it, as written, decoded. */
	void (*uri)(void *context, struct span uri);
};

/* Whether content that begins so may be a container, so that calling
 * container_read() is worth it. Cheap: bounded by a look at both ends. */
bool container_may_be(const char *magic, struct span data);

/* Reads the content as every kind of container that a program could take it
 * for. ARCHIVE_NONE when it is none; of several readings the worst result. */
enum archive_result container_read(struct arena *a, const char *magic, struct span data,
    struct archive_budget *budget, const struct container_sink *sink);

#endif
