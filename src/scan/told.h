/* What IMAP tells of a message that was rewritten, computed once, when it is
 * scanned, and kept with its verdict: so every later answer agrees. */
#ifndef SCAN_TOLD_H
#define SCAN_TOLD_H

#include "mime/decode.h"
#include "scan/request.h"

/* Fills told and the sections of an answer that has edits, of m with them. False:
 * it passes SCAN_TOLD_MAX, SCAN_REPLACED_MAX, SCAN_SECTIONS_MAX or
 * SCAN_HEADER_MAX, or lists lie deeper in each other than clients are told. */
bool scan_tell(struct scan_answer *r, struct mime_message *m, struct scratch *scratch);

#endif
