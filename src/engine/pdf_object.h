/* The objects of a PDF, and what of them matters here. */
#ifndef ENGINE_PDF_OBJECT_H
#define ENGINE_PDF_OBJECT_H

#include "engine/document.h"
#include "engine/pdf_crypt.h"
#include "engine/pdf_token.h"

/* What an object is referred to as. */
enum pdf_role { PDF_SCRIPT, PDF_FILE, PDF_FILES, PDF_LINK, PDF_FORM };

enum { PDF_NAMES_MAX = 4 };

struct pdf_object {
	uint64_t number, generation;
	size_t order;            /* in which it was read */
	struct span dictionary;  /* or other value */
	struct span raw;         /* of a stream */
	bool is_stream, is_object_stream, is_file, is_read, told, has_encrypt;
	bool is_within; /* a stream of objects */
	enum pdf_kind value_kind; /* of an object that is a string alone */
	struct span value;
};

struct pdf_reference {
	uint64_t number;
	enum pdf_role role;
	struct span names[PDF_NAMES_MAX];
	size_t name_count;
};

struct pdf {
	struct document d;
	struct span data; /* the file */
	struct pdf_object *objects;
	size_t object_count, object_cap;
	size_t sorted; /* by number, of the objects */
	struct pdf_reference *references;
	size_t reference_count, reference_cap;
	bool opens, script, launch, encrypted; /* seen */
	const struct pdf_crypt *crypt; /* or NULL */
	bool is_within; /* what is read now: a stream of objects, which was decrypted as a whole */
	uint64_t work; /* octets that may still be looked at */
};

/* Reads the value that `in` begins with, and its stream; adds it to p, with
 * what it refers to, and tells scripts and links that stand in it. False when
 * the work is used up, which is told to d. */
bool pdf_read_object(struct pdf *p, uint64_t number, uint64_t generation, struct span in);
/* What a string of that object says. */
struct span pdf_object_text(struct pdf *p, const struct pdf_object *o, const struct pdf_token *t);
void pdf_tell_script(struct pdf *p, struct span script);

#endif
