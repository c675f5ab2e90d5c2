/* Parts and messages replaced by a notice in place: no octet moves. Headers,
 * delimiters and each CR and LF stay where they are, so that all that a server
 * says of the message stays true: its size, its structure, its lines, ranges.
 *
 * The notice, in ASCII, is written into the body in the body's own encoding:
 * - no encoding: words in the lines as they are, the rest spaces. A body in an
 *   unknown encoding, and one in uuencode, yEnc or BinHex likewise: what it
 *   decodes to is then nothing;
 * - base64: each character of the alphabet is replaced by another one, and all
 *   others stay or are replaced by others of their kind, so that whatever
 *   decodes it gets as many octets as before;
 * - quoted-printable: a character by a character and an escape by an escape, so
 *   that it decodes to as many octets too. But for escapes with lower-case
 *   digits in a body so long that it is filled, which only some count as one.
 * A body with no room for the notice has a shorter one, down to spaces. */
#ifndef REWRITE_PRESERVE_H
#define REWRITE_PRESERVE_H

#include "rewrite/compose.h"

/* The parts of outcome->strips. Of one that may not be changed inside, and of a
 * message, each leaf. What lies between the leaves in another reading cannot be
 * replaced so: then the whole content of the message is, as by
 * preserve_message(). */
void preserve_parts(struct edits *e, const struct compose_job *job);
/* Every leaf of the message, preambles and epilogues; of a message that is
 * doubtful every octet behind its header, or from where on some program has a
 * body in it. */
void preserve_message(struct edits *e, const struct compose_job *job, struct span text);

#endif
