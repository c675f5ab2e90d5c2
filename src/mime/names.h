/* Names that a part could be saved under. */
#ifndef MIME_NAMES_H
#define MIME_NAMES_H

#include "mime/message.h"

/* What the parameter `param` of the fields says; names that differ are told of. */
void names_add(struct mime_message *m, struct mime_part *part, const struct mime_type *fields, const char *param);
/* The same of one field, as some program may read it: in silence. */
void names_guess(struct mime_message *m, struct mime_part *part, const struct mime_type *field, const char *param);
/* The same of one name. */
void names_guess_one(struct mime_message *m, struct mime_part *part, struct span name);
/* name_guess.c: the same of each "name" in the text of fields, a line each. */
void names_from_text(struct mime_message *m, struct mime_part *part, struct span text);
/* name_guess.c: a Content-Location, by its last element; in silence, since honest
 * mail has it. A host is no name, nor is what names a part (RFC 2392). */
void names_from_location(struct mime_message *m, struct mime_part *part, struct span unfolded);
/* A Content-Description, where it looks like the name of a file. */
void names_from_description(struct mime_message *m, struct mime_part *part, struct span unfolded);

#endif
